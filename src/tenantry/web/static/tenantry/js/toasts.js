// Messages of the server in the corner. Good news leaves by itself, unless it is being read; the rest waits.
const LEAVES_MS = 10_000;

const leaveLater = (toast) => {
  if (!toast.matches(".good, .info")) return;
  let timer;
  const start = () => {
    timer = setTimeout(() => toast.remove(), LEAVES_MS);
  };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
};

// An answer to htmx may carry `HX-Trigger: {"toast": {"kind": "good", "text": "Saved."}}`.
const show = ({ kind, text }) => {
  const place = document.querySelector("[data-toasts]");
  if (!place || !text) return;
  const toast = document.createElement("div");
  toast.className = `toast ${["good", "wait", "bad", "info"].includes(kind) ? kind : "info"}`;
  toast.dataset.toast = "";
  const mark = document.createElement("span");
  const words = document.createElement("p");
  words.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn quiet small";
  button.dataset.dismiss = "";
  button.textContent = "Dismiss";
  toast.append(mark, words, button);
  place.append(toast);
  leaveLater(toast);
};

export const listenForToasts = () => {
  document.querySelectorAll("[data-toast]").forEach(leaveLater);
  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
  });
  document.addEventListener("toast", (event) => show(event.detail ?? {}));
};
