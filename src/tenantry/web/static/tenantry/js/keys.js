// `/` and Ctrl-K (or Cmd-K) go to the search field.
const isTyping = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export const listenForKeys = () => {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey) return;
    const isCommand = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k";
    const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !isTyping(event.target);
    if (!isCommand && !isSlash) return;
    const field = document.querySelector("[data-global-search]");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
};
