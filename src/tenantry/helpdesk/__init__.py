"""Procedures on end users: reset a password, block and unblock sign-in, revoke sessions. Done means read back."""
