"""Features of how units are written: case, marks, numbers, dates, addresses; for many at once.

Each feature is what a regular expression finds. Where that would be slow, the characters' classes
tell which units it may find anything in, and only these are searched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.model.reading.counts.characters import Characters

_START = 200  # characters in which dates, symbols and capitals tell boilerplate
_END = 12

_ENDED = re.compile(r"[.!?…][\s»”\"')\]]*$")
_SEPARATOR = re.compile(r"\s[|·•›>/→»~–—-]\s|\s{2,}|[|›→]")
_DATE = re.compile(
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d\d-\d\d"
    r"|\d{1,2}(?:er)?\s(?:jan|f[ée]v|mar|avr|mai|jui|ao|sep|oct|nov|d[ée]c)\w*\.?\s\d{4}"
)
_CLOCK = re.compile(r"\b\d{1,2}\s?[h:]\s?\d{2}\b")
_ADDRESS = re.compile(r"https?:|www\.|\w\.(?:example|com|fr|org|net|info)\b|@\w|\w@")
_BULLET = re.compile(r"[-–—•·*▪►→]\s|\d{1,2}[.)]\s")
_SPEAKER = re.compile(r"[A-ZÀ-Ý][\w .'’-]{1,40}\s?:\s")
_SYMBOL = re.compile(r"[©★☆●▶►⬇←→↑📷👍💬🔁✉☎✔✓№#*_=<>\[\]{}]|:\w+:")

Features = dict[str, NDArray[Any]]  # by name; numbers or booleans
_Search = Callable[[str], re.Match[str] | None]


def matches(pattern: _Search, texts: Sequence[str], may: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether each text matches a pattern, which may be where `may` is true."""
    is_match = may.copy()
    for i in np.flatnonzero(may).tolist():
        is_match[i] = pattern(texts[i]) is not None
    return is_match


def written_features(texts: Sequence[str], characters: Characters) -> Features:
    """Return the features of how texts are written, by name, (n_texts,) each.

    `characters` are those of the texts, and may be of other texts after them.
    """
    n = len(texts)
    first, last = characters.starts[:n], characters.ends[:n] - 1
    digit = characters.are("digit", first)
    # A colon that ends the text is of another kind than one inside it.
    colons = characters.count(characters.where_is(":"))[:n]
    colon = colons - characters.is_one(":", last) > 0
    stop, blank = characters.are("stop", last), characters.are("blank", last)
    closed = blank | characters.is_one("»”\"')]", last)
    ends = [text[-_END:] for text in texts]
    return {
        "ended": stop | matches(_ENDED.search, ends, closed & ~stop),
        "ended_half": characters.is_one(":;,", last),
        "ended_quoted": characters.is_one('»”"', last),
        "question": characters.is_one("?", last),
        "sentences": np.minimum(_count_sentences(characters)[:n], 4) / 2,
        "lower_start": characters.are("lower", first),
        "bullet": matches(_BULLET.match, texts, digit | characters.are("bullet", first)),
        "quote": characters.is_one('«“"—–', first),
        "colon_inside": colon,
        "speaker": matches(_SPEAKER.match, texts, colons * characters.are("name", first) > 0),
    } | _start_features([text[:_START] for text in texts])


def _start_features(starts: Sequence[str]) -> Features:
    """Return the features that are looked for at the start of texts."""
    characters = Characters(starts)
    word, _ = characters.runs(characters.which("letter"))
    n_words = np.maximum(characters.count(word), 1)
    n_letters, digit = np.maximum(characters.count_class("letter"), 1), characters.where("digit")
    return {
        "upper_share": characters.count_class("capital") / n_letters,
        "title_share": characters.count(word[characters.are("upper", word)]) / n_words,
        "digit_share": characters.count_class("digit") / (characters.ends - characters.starts),
        "not_latin": characters.count_class("not_latin") / n_letters,
        "separators": np.minimum(_count_separators(starts, characters), 6) / 3,
        "date": matches(_DATE.search, starts, _may_have_date(characters, digit)),
        "clock": matches(_CLOCK.search, starts, _may_have_clock(characters, digit)),
        "address": matches(_ADDRESS.search, starts, _may_have_address(characters)),
        "symbol": _have_symbol(starts, characters),
    }


def _count_sentences(characters: Characters) -> NDArray[np.int64]:
    r"""Return how often a stop ends a sentence that is followed by another.

    That is how often there is `[.!?…][»”"]?\s+[«“"A-ZÀ-ÝŒ]`.
    """
    stop = characters.where("stop")
    after = stop + 1
    after += characters.are("closing", after)
    blank = characters.are("blank", after)
    stop, after = stop[blank], after[blank]
    inside = np.arange(len(after))
    while len(inside):
        after[inside] += 1
        inside = inside[characters.are("blank", after[inside])]
    return characters.count(stop[characters.are("opening", after)])


def _count_separators(starts: Sequence[str], characters: Characters) -> NDArray[np.int64]:
    """Return how many separators there are."""
    mark = characters.where("parting")
    apart = mark[characters.are("blank", mark - 1) & characters.are("blank", mark + 1)]
    blank = characters.which("blank")
    # One blank is of one separator only; and there are other kinds of separators.
    shared = apart[1:][apart[1:] - apart[:-1] == 2]
    double = np.flatnonzero(blank[1:] & blank[:-1])
    other = characters.count(shared) + characters.count(double) + characters.count_class("bar")
    counts = characters.count(apart)
    for i in np.flatnonzero(other).tolist():
        counts[i] = len(_SEPARATOR.findall(starts[i]))
    return counts


def _may_have_date(characters: Characters, digit: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether two marks stand between digits, or there may be a month and a year."""
    after = digit + 1
    marks = digit[characters.is_one("/.-", after) & characters.are("digit", after + 1)]
    year = digit[characters.are("blank", digit - 1)]
    for i in (1, 2, 3):
        year = year[characters.are("digit", year + i)]
    after += 2 * characters.is_one("e", after)  # 1er
    month = digit[characters.are("blank", after) & characters.is_one("jfmasond", after + 1)]
    written = characters.count(month) * characters.count(year)
    return (characters.count(marks) > 1) | (written > 0)


def _may_have_clock(characters: Characters, digit: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether a digit comes before an h or a colon, with one blank between or without."""
    after = digit + 1
    after += characters.are("blank", after)
    return characters.count(digit[characters.is_one("h:", after)]) > 0


def _may_have_address(characters: Characters) -> NDArray[np.bool_]:
    """Return whether there is an at sign, a dot inside a word, or what ends `www.` or `http:`."""
    at_sign, dot, colon = (characters.where_is(mark) for mark in "@.:")
    inside = characters.are("letter", dot + 1) | characters.is_one("w", dot - 1)
    scheme = characters.is_one("ps", colon - 1)
    places = (at_sign, dot[inside], colon[scheme])
    return np.asarray(sum(characters.count(part) for part in places) > 0)


def _have_symbol(starts: Sequence[str], characters: Characters) -> NDArray[np.bool_]:
    symbol = characters.count_class("symbol") > 0
    colons = characters.count(characters.where_is(":")) > 1
    return symbol | matches(_SYMBOL.search, starts, colons & ~symbol)
