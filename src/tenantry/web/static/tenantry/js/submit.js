// A form is sent once: its button rests until the answer. `data-many` on a form opts out (downloads).
const BUSY = "aria-busy";

const rest = (button) => {
  button.setAttribute(BUSY, "true");
  button.disabled = true;
  button.dataset.rests = "yes";
};

const wake = (button) => {
  button.removeAttribute(BUSY);
  button.disabled = false;
  delete button.dataset.rests;
};

export const guardSubmits = () => {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    // A form that answers a GET is safe to send again, and htmx has its own way (hx-disabled-elt).
    if (!(form instanceof HTMLFormElement) || form.method === "get" || form.hasAttribute("data-many")) return;
    if (form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    // Wait until every other listener had its say, and the button's own value is in the form data.
    setTimeout(() => {
      if (event.defaultPrevented) return;
      form.dataset.sent = "yes";
      if (button instanceof HTMLButtonElement) rest(button);
    });
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[data-rests]")) wake(button);
  });
};
