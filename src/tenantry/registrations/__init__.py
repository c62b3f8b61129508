"""The provider's own two app registrations: made, checked, mended, and their certificates renewed."""
