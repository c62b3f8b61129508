"""HTML for the pages that a person sees: sign-in, consent and the portal. No template engine, no JavaScript."""
