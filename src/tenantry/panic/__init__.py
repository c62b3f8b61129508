"""The emergency stop: no change leaves this console, and everybody is signed out, until two owners lift it."""
