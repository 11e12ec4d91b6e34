"""Parses JSON and TOML from anyone: plain values, or a `ValueError` of one short line.

The values can be written as JSON again and shown in a message: they hold no half of a character and
no NaN, and are not nested so deep that a walk through them would end in a RecursionError.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

MOST_LEVELS = 100  # of lists and objects within one another
_MOST_PARTS = 200  # of a dotted key: the time of tomllib grows with their square or faster
_HALVES = re.compile(r"\\u[dD][89a-fA-F]")  # of characters; two of them may make one character


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        When it is not JSON, has a key twice in one object, is nested too deep, or holds NaN, a
        number that is too large, or half of a character.
    """
    text = text if isinstance(text, str) else text.decode()
    try:
        value = json.loads(
            text,
            parse_constant=refuse_constant,
            parse_float=_parse_float,
            object_pairs_hook=unique_object,
        )
    except RecursionError as err:
        raise _too_deep() from err
    if text.count("[") + text.count("{") > MOST_LEVELS:
        check_levels(value)
    if "\\u" in text and _HALVES.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as err:
            raise ValueError("not text: half of a character, \\ud800 to \\udfff") from err
    return value


def parse_toml(text: str) -> dict[str, Any]:
    """Return the table of a TOML text.

    Raises
    ------
    ValueError
        When it is not TOML, or is nested too deep.
    """
    import tomllib  # imported only by commands that read a schema file: artifacts hold JSON

    if any(part.count(".") > _MOST_PARTS for part in re.split(r"[=\n]", text)):
        raise ValueError(f"a key of more than {_MOST_PARTS} parts")
    try:
        table = tomllib.loads(text)
    except RecursionError as err:
        raise _too_deep() from err
    check_levels(table)
    return table


def check_levels(value: object) -> None:
    """Raise `ValueError` when lists and objects are nested too deep."""
    level = [value]
    for _ in range(MOST_LEVELS):
        inside: list[object] = []
        for outer in level:
            if isinstance(outer, dict):
                inside.extend(outer.values())
            elif isinstance(outer, list):
                inside.extend(outer)
        level = [inner for inner in inside if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"more than {MOST_LEVELS} lists and objects within one another")


def unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; raise `ValueError` when a name stands in it twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, n in counts.items() if n > 1)
        raise ValueError(f"{twice!r:.60} stands twice in one object")
    return value


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.20} is too large a number")
    return number


def refuse_constant(name: str) -> float:
    """Raise `ValueError` for NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is no number")
