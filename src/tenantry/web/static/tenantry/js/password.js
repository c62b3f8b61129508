// `ul[data-password-policy="<id of the field>"]` ticks off what Microsoft asks of a password while it is typed.
// The server decides; this only saves a round trip.
const SHORTEST = 8;
const LONGEST = 256;
const KINDS_NEEDED = 3;
const KINDS = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/];

export const judge = (password, username) => {
  const name = username.toLowerCase().split("@")[0];
  return {
    length: password.length >= SHORTEST && password.length <= LONGEST,
    kinds: KINDS.filter((kind) => kind.test(password)).length >= KINDS_NEEDED,
    ascii: password.length > 0 && /^[\x20-\x7e]*$/.test(password),
    username: password.length > 0 && (!name || !password.toLowerCase().includes(name)),
  };
};

const check = (list, field) => {
  const verdict = judge(field.value, list.dataset.username || "");
  for (const item of list.querySelectorAll("[data-rule]")) {
    const isMet = verdict[item.dataset.rule];
    item.dataset.met = isMet ? "yes" : "no";
    const word = item.querySelector("[data-met-word]");
    if (word) word.textContent = isMet ? " (met)" : " (not yet)";
  }
};

const within = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];

export const checkPasswords = (root) => {
  for (const list of within(root, "[data-password-policy]")) {
    const field = document.getElementById(list.dataset.passwordPolicy);
    if (!field || list.dataset.ready) continue;
    list.dataset.ready = "yes";
    field.addEventListener("input", () => check(list, field));
    check(list, field);
  }
};

export const revealPasswords = (root) => {
  for (const box of within(root, "[data-reveal]")) {
    const field = box.querySelector("input");
    if (!field || box.querySelector("button")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Show";
    button.setAttribute("aria-label", "Show the password");
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const isShown = field.type === "text";
      field.type = isShown ? "password" : "text";
      button.textContent = isShown ? "Show" : "Hide";
      button.setAttribute("aria-pressed", String(!isShown));
    });
    // A password must not stay readable in a form the browser remembers.
    field.form?.addEventListener("submit", () => {
      field.type = "password";
    });
    box.append(button);
  }
};
