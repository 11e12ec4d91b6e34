"""Tells the language of a text: French, or one of those that surround French news.

The share of each language's commonest words tells it, which needs no model and no start-up; the
script does where it is not Latin. Eight words are enough to tell French.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

WORD = re.compile(r"[^\W\d_]+")
# Accents are folded, so that text without accents is read alike.
_FOLD = str.maketrans(
    "àâäáãåçéèêëíìîïñóòôöõúùûüýÿşğı’", "aaaaaaceeeeiiiinooooouuuuyysgi'", "\u00ad"
)

COMMON = {
    "fr": """
        a ai au aussi aux avait avec c ce ces cette comme d dans de des dit du elle elles en
        est et etait ete eux fait il ils j je l la le les leur leurs lui mais meme n ne nous
        on ont ou par pas plus pour qu que qui s sa sans se ses son sont sous sur tout un une
        vous y
        """,
    "en": """
        a about after all an and are as at be been but by can for from had has have he her his
        i in is it its more not of on or our said she that the their they this to was we were
        what which who will with you your
        """,
    "es": """
        a al como con de del el ella en entre era es esta este ha han hasta la las lo los mas
        no o para pero por que se ser si sin sobre son su sus un una y ya
        """,
    "pt": """
        a ao aos as com como da das de do dos e ela em entre era essa este foi ha mais mas na
        nas nao no nos o os ou para pela pelo por que se sem seu sua um uma
        """,
    "it": """
        a ai al alla anche che chi con da dal dalla degli dei del della di e ed era gli ha
        hanno i il in la le lo ma nel nella non o per piu quale questo se si sono su sul un
        una
        """,
    "de": """
        als am an auch auf aus bei das dass dem den der des die ein eine einem einen er es fur
        hat ich im in ist mit nach nicht noch sich sie sind so uber um und von war werden wie
        wir zu zum zur
        """,
    "nl": """
        aan als bij dat de den der die dit door een en er had heeft het hij hun ik in is maar
        met naar niet nog of om ook op over te tot uit van voor was wat wij ze zijn
        """,
    "tr": """
        ama bir bu cok da daha de degil diye en gibi hem icin ile ise kadar ki mi ne o olan
        olarak oldu sonra tarafindan tum uzerine ve veya ya yeni yorum
        """,
}
_LANGUAGES_OF: dict[str, list[str]] = {}  # by common word
for _code, _words in COMMON.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_code)
_NOT_LATIN = re.compile("[\u0370-\ud7af]")
_SCRIPTS = (
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
)
# Of 5,741 French paragraphs none has less than a fifth of common French words.
LEAST_SHARE = 0.15
LEAST_WORDS = 8
MOST = 4000  # characters of a text that tell its language
UNDETERMINED = "und"  # ISO 639-2


def fold(text: str) -> str:
    """Return the text in small letters without accents."""
    return text.lower().translate(_FOLD)


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return WORD.findall(fold(text))


def language_shares(words: Sequence[str]) -> dict[str, float]:
    """Return the share of each language's commonest words among folded words, in [0, 1]."""
    counts = dict.fromkeys(COMMON, 0)
    for word in words:
        for code in _LANGUAGES_OF.get(word, ()):
            counts[code] += 1
    n = max(len(words), 1)
    return {code: count / n for code, count in counts.items()}


def tells_language(character: str) -> bool:
    """Return whether a character is of a script that tells a language."""
    return any(script.match(character) for _, script in _SCRIPTS)


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language of a text's first `MOST` characters.

    It is `und` where they do not tell it.
    """
    text = text[:MOST]
    words = words_of(text)
    if _NOT_LATIN.search(text):
        for code, script in _SCRIPTS:
            if len(script.findall(text)) > sum(map(len, words)) / 2:
                return code
    if len(words) < LEAST_WORDS:
        return UNDETERMINED
    shares = language_shares(words)
    best = max(shares, key=lambda code: shares[code])
    return best if shares[best] >= LEAST_SHARE else UNDETERMINED
