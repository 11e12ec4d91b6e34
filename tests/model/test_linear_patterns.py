"""No pattern over a text takes more than its share: ten times the text, ten times the time."""

import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import FrameType, ModuleType
from typing import Any

import pytest

import depeche.labels as labels
import depeche.model as model
from depeche.labels.labelling.keywords import keyword_pattern
from depeche.labels.schema import read_schema

SIZE, TENTH = 20_000, 2_000  # characters
MOST_GROWTH = 14
FLOOR_S = 0.02  # of CPU; what takes less is linear at this size, whatever the clock's grain
LIMIT_S = 5  # of CPU, for one text: what takes more never ends
SEPARATORS = (" ", "\n", "\t", "a", "A", "1", ".", ",", "-", "<", ">", "\u00e9")
TRIED = "".join(map(chr, (*range(32, 127), 10, 9, 0xE9, 0x2028)))
MOST_PIECES = 10
# Looked for at the start of a cell or a line alone; and what takes apart a pattern as it is typed.
TYPED = ("depeche.model.inputs.patterns._PART",)


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Yield all modules of a package."""
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if "._kernel" not in module.name:  # what C is compiled to
            yield importlib.import_module(module.name)


def patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    """Yield the compiled patterns that a value is or holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from (p for pair in value.items() for part in pair for p in patterns_in(part))
    elif isinstance(value, (tuple, list, set, frozenset)):
        yield from (p for part in value for p in patterns_in(part))


def all_patterns() -> dict[str, re.Pattern[Any]]:
    """Return every pattern of the modules that read text, by module and name."""
    patterns: dict[str, re.Pattern[Any]] = {}
    for module in (m for package in (labels, model) for m in modules(package)):
        for name, value in vars(module).items():
            for i, pattern in enumerate(patterns_in(value)):
                if pattern not in patterns.values():
                    patterns[f"{module.__name__}.{name}" + (f"[{i}]" if i else "")] = pattern
    patterns = {name: pattern for name, pattern in patterns.items() if name not in TYPED}
    keywords = keyword_pattern(read_schema())
    assert keywords is not None
    return patterns | {"keywords of the schema": keywords}


PATTERNS = all_patterns()


def samples(item: tuple[Any, Any], flags: int) -> list[str]:
    """Return some strings that an item of a parsed pattern takes, the longest first."""
    code, value = item
    if code is codes.LITERAL:
        return [chr(value)]
    if code in (codes.NOT_LITERAL, codes.ANY, codes.IN):
        return class_samples(item, flags)
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        least, _, inner = value
        return [text * max(least, 1) for text in sequence_samples(inner, flags)]
    if code is codes.BRANCH:
        return [text for part in value[1] for text in sequence_samples(part, flags)[:1]]
    if code in (codes.SUBPATTERN, codes.ATOMIC_GROUP):
        return sequence_samples(value[-1] if code is codes.SUBPATTERN else value, flags)
    return []  # anchors and what is looked at only


def class_samples(item: tuple[Any, Any], flags: int) -> list[str]:
    """Return some characters of a class, those that it names first."""
    code, value = item
    single = re.compile(spelled(item), flags & ~re.VERBOSE)
    wanted = [chr(v) for c, v in value if c is codes.LITERAL] if code is codes.IN else []
    return [c for c in (*wanted, *TRIED) if single.fullmatch(c)][:3]


def sequence_samples(items: Any, flags: int) -> list[str]:
    """Return some strings that a parsed sequence takes."""
    first = "".join((samples(item, flags) or [""])[0] for item in items)
    last = "".join((samples(item, flags) or [""])[-1] for item in items)
    return [text for text in dict.fromkeys((first, last)) if text]


def spelled(item: tuple[Any, Any]) -> str:
    """Return a class of characters as it is written."""
    code, value = item
    if code is codes.ANY:
        return "."
    if code is codes.NOT_LITERAL:
        return f"[^{re.escape(chr(value))}]"
    names = {
        codes.CATEGORY_DIGIT: r"\d",
        codes.CATEGORY_NOT_DIGIT: r"\D",
        codes.CATEGORY_SPACE: r"\s",
        codes.CATEGORY_NOT_SPACE: r"\S",
        codes.CATEGORY_WORD: r"\w",
        codes.CATEGORY_NOT_WORD: r"\W",
    }
    parts = []
    for inner, what in value:
        if inner is codes.NEGATE:
            parts.append("^")
        elif inner is codes.LITERAL:
            parts.append(re.escape(chr(what)))
        elif inner is codes.RANGE:
            parts.append("-".join(re.escape(chr(end)) for end in what))
        else:
            parts.append(names[what])
    return f"[{''.join(parts)}]"


def pieces(items: Any, flags: int) -> Iterator[str]:
    """Yield what every item of a parsed pattern takes, from the whole to the innermost."""
    yield from sequence_samples(items, flags)
    for item in items:
        yield from samples(item, flags)
        code, value = item
        taken: dict[Any, Callable[[Any], list[Any]]] = {
            codes.MAX_REPEAT: lambda v: [v[2]],
            codes.MIN_REPEAT: lambda v: [v[2]],
            codes.POSSESSIVE_REPEAT: lambda v: [v[2]],
            codes.SUBPATTERN: lambda v: [v[-1]],
            codes.ATOMIC_GROUP: lambda v: [v],
            codes.BRANCH: lambda v: v[1],
            codes.ASSERT: lambda v: [v[1]],
            codes.ASSERT_NOT: lambda v: [v[1]],
        }
        for part in taken.get(code, lambda _: [])(value):
            yield from pieces(part, flags)


def hostile(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what to begin with, what to repeat and what to end with."""
    source = pattern.pattern
    source = source if isinstance(source, str) else source.decode("latin-1")
    parsed = parser.parse(source, pattern.flags)
    flags = pattern.flags & ~re.DEBUG & (~re.UNICODE if isinstance(pattern.pattern, bytes) else ~0)
    taken = list(dict.fromkeys(pieces(parsed, flags)))
    some = taken[:: max(1, len(taken) // MOST_PIECES)]
    starts = [""] + [
        "".join((sequence_samples(parsed[:i], flags) or [""])[:1]) for i in range(1, len(parsed))
    ]
    yield from product(dict.fromkeys(starts), (*taken, *SEPARATORS), ("", "\0", "x!"))
    for first, second in product(dict.fromkeys((*some, *SEPARATORS)), repeat=2):
        if first != second:
            yield "", first + second, "\0"
            yield starts[-1], first + second, "\0"


def grown(parts: tuple[str, str, str], size: int) -> str:
    start, pump, end = parts
    return start + pump * (size // len(pump)) + end


def cpu(used: Callable[[Any], object], text: str | bytes) -> float:
    start = time.process_time()
    used(text)
    return time.process_time() - start


def uses(name: str) -> Sequence[Callable[[Any], object]]:
    """Return how a pattern can be used: what `search`, `sub` and `split` do, and at one place."""
    pattern = PATTERNS[name]
    return lambda text: sum(1 for _ in pattern.finditer(text)), pattern.match, pattern.fullmatch


def never_ends(_: int, __: FrameType | None) -> None:
    raise TimeoutError


@pytest.mark.slow
@pytest.mark.parametrize("name", PATTERNS)
def test_pattern_takes_ten_times_as_long_for_ten_times_the_text(name: str) -> None:
    pattern = PATTERNS[name]
    encoded = isinstance(pattern.pattern, bytes)
    signal.signal(signal.SIGPROF, never_ends)
    try:
        for parts in hostile(pattern):
            text: Any = grown(parts, SIZE)
            tenth: Any = grown(parts, TENTH)
            if encoded:
                text, tenth = text.encode("utf-8", "replace"), tenth.encode("utf-8", "replace")
            for used in uses(name):
                signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
                try:
                    long = cpu(used, text)
                    if long > FLOOR_S:
                        long = min(long, cpu(used, text))
                        short = min(cpu(used, tenth) for _ in range(5))
                        assert long <= MOST_GROWTH * max(short, FLOOR_S / 10), (pattern, parts)
                except TimeoutError:
                    pytest.fail(f"{pattern} does not end on {parts}")
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
