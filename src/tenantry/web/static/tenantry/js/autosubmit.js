// `<form data-autosubmit>`: pages whose one button only a robot should not press (a one-time sign-in link).
export const autosubmit = () => {
  const form = document.querySelector("form[data-autosubmit]");
  if (form) form.requestSubmit();
};
