"""What the record says about callers."""

from enum import StrEnum


class VerificationEvent(StrEnum):
    """Tags of the record."""

    CANCELLED_THERE = "verification.code_cancelled"
    DENIED = "verification.denied_by_the_caller"
    DUO_REMOVED = "verification.duo_removed"
    DUO_SET = "verification.duo_set"
    DUO_TESTED = "verification.duo_tested"
    FAILED = "verification.failed"
    LAPSED = "verification.pass_lapsed"
    NOT_SENT = "verification.not_sent"
    PASSED = "verification.passed"
    SENDER_REMOVED = "verification.text_sender_removed"
    SENDER_SET = "verification.text_sender_set"
    SENDER_TESTED = "verification.text_sender_tested"
    STARTED = "verification.started"
    STOPPED = "verification.stopped"
    TIMED_OUT = "verification.timed_out"
    USED = "verification.pass_used"
    WRONG_ANSWER = "verification.wrong_answer"
