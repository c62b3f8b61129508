"""Writes of caller verification."""

from tenantry.verification.actions.answering import answer_code, decline, expire_due, stop, was_denied
from tenantry.verification.actions.changing import remove_sender, set_sender, test_sender
from tenantry.verification.actions.passes import CallerPass, usable_pass, use_up
from tenantry.verification.actions.pushing import ask_about_pushes, remove_duo, set_duo, test_duo
from tenantry.verification.actions.signing_in import come_back, leave, redirect_uri
from tenantry.verification.actions.starting import start
from tenantry.verification.actions.texting import close_ended_codes
from tenantry.verification.actions.vouching import is_number

__all__ = [
    "CallerPass",
    "answer_code",
    "ask_about_pushes",
    "close_ended_codes",
    "come_back",
    "decline",
    "expire_due",
    "is_number",
    "leave",
    "redirect_uri",
    "remove_duo",
    "remove_sender",
    "set_duo",
    "set_sender",
    "start",
    "stop",
    "test_duo",
    "test_sender",
    "usable_pass",
    "use_up",
    "was_denied",
]
