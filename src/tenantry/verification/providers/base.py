"""What a provider of codes by text message has to do."""

from enum import StrEnum
from typing import Protocol


class Check(StrEnum):
    """What a provider says about a code."""

    RIGHT = "right"
    WRONG = "wrong"
    GONE = "gone"  # it knows the attempt no longer: used, expired or cancelled. Begin again
    TOO_MANY = "too_many"  # it takes no further tries for this attempt


class NotSent(Exception):
    """No code went out, or nobody knows whether one did; `words` say why, without secrets."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class NoAnswer(Exception):
    """The provider did not say whether the code is right; `words` say why, without secrets."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class TextProvider(Protocol):
    """Sends and checks codes."""

    def test(self) -> str:
        """Prove that the credentials work without sending anything; returns what was found, in words.

        Raises:
            NotSent: they do not.
        """

    def send(self, *, number: str) -> str:
        """Send a code to a number in E.164; returns the provider's reference of the attempt.

        Raises:
            NotSent: refused, or no answer.
        """

    def check(self, *, reference: str, code: str) -> Check:
        """Ask whether this is the code.

        Raises:
            NoAnswer: refused for another reason, or no answer.
        """

    def cancel(self, *, reference: str) -> None:
        """Make the code worthless. What is over already is as good as cancelled.

        Raises:
            NoAnswer: refused, or no answer.
        """
