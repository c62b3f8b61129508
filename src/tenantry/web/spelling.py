"""A password in groups for the eye and in words for the telephone."""

import itertools

_GROUP = 4
_WORD_LETTERS = 3

_ALPHABET = (
    "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo "
    "sierra tango uniform victor whiskey x-ray yankee zulu"
)
_COUNT = "zero one two three four five six seven eight nine"
_LETTERS = {word[0]: word for word in _ALPHABET.split(" ")}
_DIGITS = {str(value): word for value, word in enumerate(_COUNT.split(" "))}
_SIGNS = {
    " ": "space",
    "!": "exclamation mark",
    '"': "double quote",
    "#": "hash",
    "$": "dollar",
    "%": "percent",
    "&": "ampersand",
    "'": "apostrophe",
    "(": "open bracket",
    ")": "close bracket",
    "*": "star",
    "+": "plus",
    ",": "comma",
    "-": "dash",
    ".": "full stop",
    "/": "slash",
    ":": "colon",
    ";": "semicolon",
    "<": "less than",
    "=": "equals",
    ">": "greater than",
    "?": "question mark",
    "@": "at sign",
    "[": "open square bracket",
    "\\": "backslash",
    "]": "close square bracket",
    "^": "caret",
    "_": "underscore",
    "`": "backtick",
    "{": "open brace",
    "|": "bar",
    "}": "close brace",
    "~": "tilde",
}


def groups(secret: str) -> list[str]:
    """The secret cut where the eye wants to rest; joined again it is the secret.

    Words joined by dashes are cut before each dash, anything else every four characters.
    """
    if "-" in secret.strip("-"):
        parts = secret.split("-")
        return [part for part in (parts[0], *(f"-{part}" for part in parts[1:])) if part]
    return [secret[start : start + _GROUP] for start in range(0, len(secret), _GROUP)]


def spell(secret: str) -> str:
    """The secret as it is said: whole words stay words, single characters get their names.

    `maple-orbit-7` is said "maple, dash, orbit, dash, seven"; `aB7` "alfa, capital bravo, seven".
    """
    said: list[str] = []
    for is_letters, run in itertools.groupby(secret, key=lambda sign: sign.isascii() and sign.isalpha()):
        text = "".join(run)
        rest = text[1:]
        if is_letters and len(text) >= _WORD_LETTERS and rest.islower() and _stands_alone(secret, text):
            said.append(f"capital {text.lower()}" if text[0].isupper() else text)
        else:
            said.extend(_name(sign) for sign in text)
    return ", ".join(said)


def _stands_alone(secret: str, text: str) -> bool:
    """Whether `text` is one of the dash-separated words: letters inside a random string are said one by one."""
    return text in secret.split("-")


def _name(sign: str) -> str:
    if sign in _DIGITS:
        return _DIGITS[sign]
    if sign.lower() in _LETTERS:
        return f"capital {_LETTERS[sign.lower()]}" if sign.isupper() else _LETTERS[sign]
    return _SIGNS.get(sign, sign)
