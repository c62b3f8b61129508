"""Staff of the MSP: accounts, sign-in, the first owner."""
