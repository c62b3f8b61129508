// Passkeys and security keys: `<form data-passkey="create | confirm | sign-in">` asks the browser for a credential when
// its button is pressed, puts it into the hidden field and sends the form. `data-options` carries the server's request;
// "sign-in" fetches it when it is pressed, because a page may stand open for long. Needs allauth's webauthn-json.js.
const WORDS = {
  AbortError: "That was stopped. Press the button to try again.",
  InvalidStateError: "This key is registered here already.",
  NotAllowedError: "No key was confirmed: it was cancelled, or it took too long. Press the button to try again.",
  NotSupportedError: "This key cannot do what is asked of it. Try another one.",
  SecurityError: "Passkeys work only under the address this deployment was set up with, and only over https (or on localhost).",
};

const say = (form, text) => {
  const box = form.querySelector("[data-passkey-error]");
  box.querySelector("p").textContent = text;
  box.hidden = !text;
};

const optionsOf = async (form) => {
  if (form.dataset.passkey !== "sign-in") return JSON.parse(form.dataset.options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("The server did not answer as expected. Reload the page and try again.");
  return (await answer.json()).request_options;
};

const ask = async (form) => {
  const options = await optionsOf(form);
  if (form.dataset.passkey !== "create") return window.webauthnJSON.get(options);
  const selection = options.publicKey.authenticatorSelection;
  const isAlone = form.querySelector("[name=passwordless]")?.checked ?? false;
  selection.residentKey = isAlone ? "required" : "discouraged";
  selection.requireResidentKey = isAlone;
  if (isAlone) selection.userVerification = "required";
  return window.webauthnJSON.create(options);
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[data-passkey-button]");
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    say(form, "This browser cannot use passkeys here: they need a recent browser and https (or localhost).");
    continue;
  }
  const start = async (event) => {
    event.preventDefault();
    event.stopPropagation();
    say(form, "");
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      form.querySelector("[name=credential]").value = JSON.stringify(await ask(form));
      form.submit();
    } catch (error) {
      say(form, WORDS[error.name] ?? error.message);
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  };
  button.addEventListener("click", start);
  // Enter in the name field means the same as the button.
  form.addEventListener("submit", start);
}
