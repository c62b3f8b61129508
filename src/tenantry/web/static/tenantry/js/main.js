// The console's few behaviours. Every page works without them; they only make it quicker.
import { autosubmit } from "./autosubmit.js";
import { listenForCopies } from "./copy.js";
import { listenForKeys } from "./keys.js";
import { leaveQuietly } from "./leave.js";
import { listenForMenus } from "./menus.js";
import { checkPasswords, revealPasswords } from "./password.js";
import { wipeSecrets } from "./secrets.js";
import { countSelections, listenForSelections } from "./select.js";
import { guardSubmits } from "./submit.js";
import { keepTime, sayTimes } from "./time.js";
import { listenForToasts } from "./toasts.js";

const prepare = (root) => {
  sayTimes(root);
  revealPasswords(root);
  checkPasswords(root);
  countSelections(root);
};

prepare(document);
keepTime();
listenForCopies();
leaveQuietly();
listenForKeys();
listenForMenus();
listenForSelections();
listenForToasts();
guardSubmits();
wipeSecrets();
autosubmit();
// htmx says so after each part it has put into the page.
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
