"""One way to spell names for sorting and searching, in PostgreSQL and here.

`fold` and the SQL function `directory_fold` do the same: lower case, accents of Latin, Greek and Cyrillic letters
removed ("Zoë" is found by "zoe"), letters that only look accented replaced; other scripts keep their marks, which are
letters there. `directory_words` lists every word a search may begin with: display name, user principal name and mail
address, cut at blanks and at `SEPARATORS`.
"""

import re
import unicodedata
from typing import Final

SEPARATORS: Final = "@._-'\u2019+#(),/"  # with the apostrophe that keyboards do not have
_MARKS = re.compile("[\u0300-\u036f]")
_SPECIAL = "łøđħı\u03c2"  # no decomposition exists for these; a final sigma is a sigma
_PLAIN = "lodhi\u03c3"
_LETTERS = str.maketrans(_SPECIAL, _PLAIN)
_CUT = re.compile(f"[\\s{re.escape(SEPARATORS)}]+")
WORTH_LOOKING_UP: Final = 3
MOST_WORDS: Final = 8
"""Words of a search that count; nobody types more, and each costs a look-up."""


def fold(text: str) -> str:
    """Spell `text` for comparing."""
    if text.isascii():
        return text.lower()
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", bare).lower().translate(_LETTERS)


def typed_words(text: str) -> list[str]:
    """The words somebody typed, folded, each as typed (an address stays whole)."""
    return fold(text.replace("\0", " ")).split()[:MOST_WORDS]


def prefix_queries(text: str) -> tuple[str, str]:
    """Two tsqueries: one to look up in the index, one to check what was found; empty when nothing was typed.

    A user matches when for each typed word one of the user's words begins with it. Very short words, and the domain
    of an address, are shared by so many users that looking them up costs more than checking what the others found.
    """
    words = [word.partition("@") for word in typed_words(text)]
    own = [piece for local, _, _ in words for piece in _CUT.split(local) if piece]
    shared = [piece for _, _, domain in words for piece in _CUT.split(domain) if piece]
    if not own and not shared:
        return "", ""
    looked_up = [piece for piece in own if len(piece) >= WORTH_LOOKING_UP] or [max(own or shared, key=len)]
    checked = [piece for piece in own + shared if piece not in looked_up]
    return _prefixes(looked_up), _prefixes(checked)


def _prefixes(pieces: list[str]) -> str:
    return " & ".join(f"{_quoted(piece)}:*" for piece in pieces)


def _quoted(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _nested_replaces(expression: str) -> str:
    for character in SEPARATORS:
        doubled = character.replace("'", "''")
        expression = f"replace({expression}, '{doubled}', ' ')"
    return expression


_NAMES = "directory_fold(display_name) || ' ' || directory_fold(user_principal_name)"
_MAIL = "CASE WHEN mail = user_principal_name THEN '' ELSE ' ' || directory_fold(mail) END"
# This runs for every user that is read. So: plain replacements of single characters (translate() and regular
# expressions take several times as long), each name folded by itself (most are ASCII and skip the normalisation), and
# no STRICT, which would keep PostgreSQL from inlining the functions into the columns' expressions. A lexeme holds
# 2,046 bytes, so what folding could blow up is cut at 500 characters.
CREATE_FUNCTIONS: Final = rf"""
CREATE FUNCTION directory_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(value) = char_length(value) THEN lower(value)
  ELSE translate(lower(normalize(regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g'), NFKC)),
                 '{_SPECIAL}', '{_PLAIN}') END;
CREATE FUNCTION directory_words(display_name text, user_principal_name text, mail text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(array_remove(
  string_to_array({_nested_replaces(f"left({_NAMES} || {_MAIL}, 500)")}, ' '), ''));
"""
DROP_FUNCTIONS: Final = "DROP FUNCTION directory_words(text, text, text); DROP FUNCTION directory_fold(text);"
