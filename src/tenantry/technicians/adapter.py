"""How allauth behaves here."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Nobody signs up by themselves."""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # as above
    """Second factors."""
