// Leaving a page cancels the requests it polls with. That is no error, and nobody is left to read about it.
export const leaveQuietly = () => {
  const underWay = new Set();
  document.addEventListener("htmx:beforeSend", (event) => underWay.add(event.detail.xhr));
  document.addEventListener("htmx:afterRequest", (event) => underWay.delete(event.detail.xhr));
  window.addEventListener("beforeunload", () => {
    for (const request of underWay) {
      request.onabort = null;
      request.onerror = null;
    }
  });
};
