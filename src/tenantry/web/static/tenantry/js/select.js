// `.selectable` holds rows with `.pick` ticks, one `[data-pick-all]`, and a `.bulk` bar that says how many are picked.
const picks = (box) => [...box.querySelectorAll("tbody .pick input[type=checkbox]")];

const count = (box) => {
  const all = picks(box);
  const chosen = all.filter((pick) => pick.checked).length;
  const head = box.querySelector("[data-pick-all]");
  if (head) {
    head.checked = chosen > 0 && chosen === all.length;
    head.indeterminate = chosen > 0 && chosen < all.length;
  }
  const words = box.querySelector("[data-bulk-words]");
  if (words) {
    words.dataset.none ??= words.textContent;
    words.textContent = chosen ? `${chosen} selected` : words.dataset.none;
  }
  for (const button of box.querySelectorAll(".bulk button, .bulk .btn")) {
    if (button instanceof HTMLButtonElement) button.disabled = chosen === 0;
  }
};

export const countSelections = (root) => {
  const around = root instanceof Element ? root.closest(".selectable") : null;
  for (const box of around ? [around] : root.querySelectorAll(".selectable")) count(box);
};

let last = null;

export const listenForSelections = () => {
  document.addEventListener("click", (event) => {
    const pick = event.target instanceof Element ? event.target.closest("tbody .pick input[type=checkbox]") : null;
    if (!pick) return;
    const box = pick.closest(".selectable");
    if (event.shiftKey && last && last !== pick && box?.contains(last)) {
      const all = picks(box);
      const [from, to] = [all.indexOf(last), all.indexOf(pick)].sort((one, other) => one - other);
      for (const between of all.slice(from, to + 1)) between.checked = pick.checked;
    }
    last = pick;
    if (box) count(box);
  });
  document.addEventListener("change", (event) => {
    const box = event.target.closest(".selectable");
    if (!box) return;
    if (event.target.matches("[data-pick-all]")) {
      for (const pick of picks(box)) pick.checked = event.target.checked;
    }
    count(box);
  });
  // Coming back with the Back button restores ticks without an event.
  window.addEventListener("pageshow", () => countSelections(document));
};
