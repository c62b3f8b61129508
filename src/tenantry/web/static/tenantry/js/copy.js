// `data-copy="text"` on a button copies the text.
import { announce } from "./announce.js";

const SHOWN_MS = 1600;

const byHand = (text) => {
  // Without a secure context there is no clipboard object; the old command still works.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr";
  area.readOnly = true;
  document.body.append(area);
  area.select();
  const worked = document.execCommand("copy");
  area.remove();
  return worked;
};

const copy = async (text) => {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return byHand(text); // refused by a policy of the browser
    }
  }
  return byHand(text);
};

export const listenForCopies = () => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    const worked = await copy(button.dataset.copy);
    button.focus();
    announce(worked ? "Copied." : "The browser did not allow copying; select the text and copy it yourself.");
    if (!worked) return;
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, SHOWN_MS);
  });
};
