// Says a sentence to screen readers without moving the focus.
export const announce = (words) => {
  const place = document.querySelector("[data-announcer]");
  if (!place) return;
  place.textContent = "";
  requestAnimationFrame(() => {
    place.textContent = words;
  });
};
