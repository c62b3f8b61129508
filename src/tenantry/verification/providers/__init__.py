"""Whoever sends codes as text messages for us, behind one small interface.

twilio      Twilio Verify v2
duo         Duo's verification push; not a text message, so it stands beside the interface

A provider makes the code, sends it, and says whether what the caller read out is right; we never see the code. To
add one: a module with a class that has the four methods of `TextProvider`, its place in `texting.provider_with`, and a
stand-in in the tests that refuses what the real one refuses.
"""

from tenantry.verification.providers.base import Check, NoAnswer, NotSent, TextProvider

__all__ = ["Check", "NoAnswer", "NotSent", "TextProvider"]
