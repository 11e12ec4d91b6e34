"""The form under which a word of French is counted.

Elided articles and pronouns (l', d', s'…) are dropped, n' and qu' become ne and que, and case,
accents, ligatures and the kinds of apostrophe and quotation mark make no difference.
"""

from __future__ import annotations

import re
import unicodedata

from depeche.model.scoring.tokens import APOSTROPHES, INVISIBLE, iter_tokens

_QUOTES = frozenset('«»“”„"')
_NOT_SPELLED = re.compile(f"[_{INVISIBLE}]")
_LIGATURES = {"œ": "oe", "æ": "ae"}
# Elided forms that say nothing about a text: le, de, je, me, te, se, ce.
_DROPPED = frozenset(("l", "d", "j", "m", "t", "s", "c"))
_ELIDED = {"n": "ne", "qu": "que", "jusqu": "jusque", "lorsqu": "lorsque", "puisqu": "puisque"}


class _Spelled(dict[int, str]):
    """How each character is spelled in a word, by its code point; filled as characters are met.

    Decomposition and case folding go character by character but for the order of combining marks,
    and these are left out.
    """

    def __missing__(self, code_point: int) -> str:
        character = _NOT_SPELLED.sub("", chr(code_point))
        letters = unicodedata.normalize("NFKD", character)
        spelled = "".join(c for c in letters if not unicodedata.combining(c)).casefold()
        for ligature, letters in _LIGATURES.items():
            spelled = spelled.replace(ligature, letters)
        self[code_point] = spelled
        return spelled


_SPELLED = _Spelled()


def words(text: str) -> list[str]:
    """Return the words and marks of a text in the form under which they are counted."""
    tokens = (text[start:end] for start, end in iter_tokens(text))
    return [word for word in map(normalise, tokens) if word]


def normalise(token: str) -> str:
    """Return the form under which a token is counted; empty when it is not.

    >>> normalise("L’"), normalise("n'"), normalise("Cœur"), normalise("ÉTATS"), normalise("»")
    ('', 'ne', 'coeur', 'etats', '"')
    """
    if token.isascii() and token.isalnum():  # most are; the rest does the same to them
        return token.lower()
    if token in _QUOTES:
        return '"'
    word = token.translate(_SPELLED)
    if word and word[-1] in APOSTROPHES:
        word = word.rstrip(APOSTROPHES)
        return "" if word in _DROPPED else _ELIDED.get(word, word)
    return word
