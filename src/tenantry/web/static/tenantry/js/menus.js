// Menus are <details data-menu>: they open without scripts. Here they close as menus do, and open where there is room.
const openOnes = () => document.querySelectorAll("details[data-menu][open]");

const place = (menu) => {
  const list = menu.querySelector(".menu-list");
  if (!list) return;
  menu.classList.remove("up", "start");
  const box = list.getBoundingClientRect();
  const summary = menu.querySelector("summary").getBoundingClientRect();
  if (box.bottom > window.innerHeight && summary.top > box.height + 8) menu.classList.add("up");
  if (box.left < 0) menu.classList.add("start");
};

const closeAllBut = (kept) => {
  for (const menu of openOnes()) if (menu !== kept) menu.open = false;
};

export const listenForMenus = () => {
  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target;
      if (!(menu instanceof HTMLDetailsElement) || !menu.matches("[data-menu]") || !menu.open) return;
      closeAllBut(menu);
      place(menu);
    },
    true,
  );
  document.addEventListener("click", (event) => closeAllBut(event.target.closest("details[data-menu]")));
  document.addEventListener("keydown", (event) => {
    const menu = event.target instanceof Element ? event.target.closest("details[data-menu][open]") : null;
    if (event.key === "Escape") {
      const inner = menu || openOnes()[0];
      if (!inner) return;
      inner.open = false;
      inner.querySelector("summary").focus();
      return;
    }
    if (!menu || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    const items = [...menu.querySelectorAll(".menu-list a, .menu-list button:not(:disabled)")];
    if (!items.length) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = items.indexOf(document.activeElement);
    items[at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length].focus();
  });
  document.addEventListener("focusout", (event) => {
    const menu = event.target instanceof Element ? event.target.closest("details[data-menu][open]") : null;
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
};
