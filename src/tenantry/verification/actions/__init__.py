"""Writes of caller verification."""

from tenantry.verification.actions.answering import answer_code, decline, expire_due, stop
from tenantry.verification.actions.passes import CallerPass, usable_pass, use_up
from tenantry.verification.actions.signing_in import come_back, leave, redirect_uri
from tenantry.verification.actions.starting import start

__all__ = [
    "CallerPass",
    "answer_code",
    "come_back",
    "decline",
    "expire_due",
    "leave",
    "redirect_uri",
    "start",
    "stop",
    "usable_pass",
    "use_up",
]
