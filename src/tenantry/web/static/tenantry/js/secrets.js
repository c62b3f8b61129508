// `[data-secret]` is emptied when the page is left, so that going back never shows a password again.
const wipe = () => {
  for (const place of document.querySelectorAll("[data-secret]")) {
    const note = document.createElement("p");
    note.textContent = "It was shown once and is gone from this page.";
    place.replaceChildren(note);
  }
};

export const wipeSecrets = () => {
  window.addEventListener("pagehide", wipe);
};
