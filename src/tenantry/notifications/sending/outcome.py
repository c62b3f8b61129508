"""How sending can end badly."""


class NotDelivered(Exception):
    """The message may not have arrived; `words` say why, without secrets."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words
