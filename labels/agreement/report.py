"""Agreement as lines of text: a table a dimension, confusions, and the paragraphs in dispute."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from depeche.labels.agreement.agreement import (
    Agreement,
    DimensionAgreement,
    Measures,
    PairAgreement,
)
from depeche.labels.agreement.answers import Measure
from depeche.labels.agreement.votes import disputed_dimensions
from depeche.labels.bootstrap import LEVEL, Estimate
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Schema
from depeche.labels.system.terminal import plain

_MEASURES: tuple[Measure, ...] = ("kappa", "alpha", "positive", "observed")
_FEWEST = 8  # characters of a label's name that are shown at least
_MOST_CONFUSIONS = 15  # listed, where their table is too wide


def agreement_lines(agreement: Agreement, *, width: int) -> list[str]:
    """Return who labelled what, a table a dimension, and how to read them."""
    votes = agreement.votes
    several = len(votes.annotators) > 2
    lines = [
        f"{len(votes.paragraphs)} paragraphs of {len(set(votes.articles))} articles labelled by "
        + (f"two or more of {len(votes.annotators)} annotators" if several else "both annotators"),
        *_wrapped("  ", (f"{name} {n}" for name, n in votes.n_labelled.items()), width),
    ]
    if votes.n_alone:
        lines.append(f"  {votes.n_alone} labelled by one alone, not counted")
    if votes.n_furniture:
        lines.append(f"  {votes.n_furniture} are body for some, heading or boilerplate for others")
    for dimension in agreement.dimensions:
        lines += ["", *_dimension_lines(dimension, several=several, width=width)]
    how = [
        f"Behind each value its {100 * LEVEL:.0f} % interval, from resampled articles.",
        "Positive: agreement on giving the label, the F1 between annotators.",
        "As a whole, alpha of sets of labels has MASI distances.",
    ]
    if several:
        how.append("Alpha is of all annotators; the others are means over their pairs.")
    how.append("Krippendorff (2004) relies on alpha from .80, tentatively from .67.")
    lines += ["", *textwrap.wrap(" ".join(how), width), agreement.signature]
    return lines


def dispute_lines(
    disputes: Sequence[LabelledParagraph], schema: Schema, *, n_shown: int, width: int
) -> list[str]:
    """Return the first paragraphs in dispute, with who gives what, and their texts cut short."""
    if not disputes:
        return ["no paragraph in dispute"]
    lines = [f"{len(disputes)} paragraphs in dispute, those first on which votes differ most"]
    for paragraph in disputes[:n_shown]:
        lines += ["", f"{paragraph.id}  (article {paragraph.article})"]
        for dimension in disputed_dimensions(paragraph, schema):
            voters: dict[str, list[str]] = {}
            for annotator, vote in paragraph.votes.items():
                voters.setdefault(", ".join(vote[dimension.id]) or "none", []).append(annotator)
            given = [f"{', '.join(names)}: {answer}" for answer, names in voters.items()]
            lines += _wrapped(f"  {dimension.id}  ", given, width, between=" | ")
        text = paragraph.text or "(its text is OrangeSum's: give --orangesum)"
        shown = textwrap.wrap(plain(text), width - 2)
        lines += [f"  {line}" for line in shown[:2]]
        if len(shown) > 2:
            lines[-1] = _cut(f"{lines[-1]} …", width)
    if len(disputes) > n_shown:
        lines += ["", f"{len(disputes) - n_shown} more: --show N, or --disputes FILE for all"]
    return lines


def _dimension_lines(found: DimensionAgreement, *, several: bool, width: int) -> list[str]:
    dimension = found.dimension
    kind = "exactly one label" if dimension.kind == "single" else "any number of labels"
    labels = sorted(found.labels.items(), key=lambda item: _worst_first(item[1].measures))
    pairs = found.pairs if several else ()
    every = [found.measures, *(label.measures for _, label in labels), *(x.measures for x in pairs)]
    cells = [max(len(m), *(len(_cell(x.get(m))) for x in every)) for m in _MEASURES]
    longest = max(len("as a whole"), *map(len, found.labels), *(_pair_room(x) for x in pairs))
    names = max(min(longest, width - 14 - sum(x + 2 for x in cells)), _FEWEST)
    head = "".join(f"  {m:<{w}}" for m, w in zip(_MEASURES, cells, strict=True)).rstrip()
    lines = [f"{dimension.id}: {kind}", f"  {'':{names}}{'share':>5}{'differ':>7}{head}"]
    for name, label in labels:
        start = f"  {_cut(name, names):<{names}}{_share(label.share):>5}{label.n_disputed:>7}"
        lines.append(start + _cells(label.measures, cells))
    start = f"  {_cut('as a whole', names):<{names}}{'':>5}{found.n_disputed:>7}"
    lines.append(start + _cells(found.measures, cells))
    notes = _notes(
        {name: label.measures for name, label in labels} | {"as a whole": found.measures}
    )
    for note, where in notes.items():
        lines += _wrapped(f"  {note}: ", where, width)
    if several:
        lines += ["", *_pair_lines(pairs, cells, names=names)]
    for pair in found.pairs if dimension.kind == "single" else ():
        lines += ["", *_confusion_lines(pair, dimension.label_ids, width)]
    return lines


def _pair_room(pair: PairAgreement) -> int:
    """Return how wide the column of labels has to be for the names of a pair."""
    return sum(map(len, pair.annotators)) + len(" / ") - 5


def _pair_lines(pairs: Iterable[PairAgreement], cells: Sequence[int], *, names: int) -> list[str]:
    """Return a line a pair of annotators, the worst first."""
    lines = [f"  {'pair':<{names + 5}}{'common':>7}"]
    room = (names + 2) // 2
    for pair in sorted(pairs, key=lambda pair: _worst_first(pair.measures)):
        first, second = sorted(pair.annotators, key=len)
        cut = {first: _cut(first, room)}
        cut[second] = _cut(second, names + 2 - len(cut[first]))
        name = " / ".join(cut[x] for x in pair.annotators)
        lines.append(f"  {name:<{names + 5}}{pair.n:>7}{_cells(pair.measures, cells)}")
    return lines


def _confusion_lines(pair: PairAgreement, labels: Sequence[str], width: int) -> list[str]:
    """Return a table of counts, or a list of the differing ones where a table is too wide."""
    counts = pair.confusion or []
    row, column = pair.annotators
    names = max(map(len, labels))
    columns = [max(len(label), 5) + 2 for label in labels]
    if 2 + names + sum(columns) <= width:
        head = "".join(f"{x:>{w}}" for x, w in zip(labels, columns, strict=True))
        who = _cut(f"  {row} (rows) and {column} (columns)", width)
        lines = [who, f"  {'':{names}}{head}"]
        for label, line in zip(labels, counts, strict=True):
            cells = "".join(f"{n:>{w}}" for n, w in zip(line, columns, strict=True))
            lines.append(f"  {label:<{names}}{cells}")
        return lines
    differing = sorted(
        (-n, i, j) for i, line in enumerate(counts) for j, n in enumerate(line) if n and i != j
    )
    lines = [_cut(f"  {row} / {column}, where they differ", width)]
    lines += [
        _cut(f"  {-n:>5}  {labels[i]} / {labels[j]}", width)
        for n, i, j in differing[:_MOST_CONFUSIONS]
    ]
    if len(differing) > _MOST_CONFUSIONS:
        lines.append(f"  {len(differing) - _MOST_CONFUSIONS} more with --json")
    return lines


def _notes(measures: Mapping[str, Measures]) -> dict[str, list[str]]:
    """Return each note with what it is said of."""
    notes: dict[str, dict[str, list[str]]] = {}
    for name, found in measures.items():
        for measure, estimate in found.items():
            for note in (estimate.note or "").split("; "):
                if note:
                    notes.setdefault(note, {}).setdefault(name, []).append(measure)
    return {
        note: [
            name if len(found) == len(measures[name]) else f"{name} ({', '.join(found)})"
            for name, found in where.items()
        ]
        for note, where in notes.items()
    }


def _cells(measures: Measures, widths: Sequence[int]) -> str:
    columns = zip(_MEASURES, widths, strict=True)
    return "".join(f"  {_cell(measures.get(m)):<{w}}" for m, w in columns).rstrip()


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    if estimate.value is None:
        return "none"
    if estimate.low is None or estimate.high is None or estimate.low == estimate.high:
        return _number(estimate.value)
    return f"{_number(estimate.value)} {_number(estimate.low)}–{_number(estimate.high)}"


def _number(value: float) -> str:
    """Return two decimals without the 0 before them, and 1 only for 1."""
    if value == 1:
        return "1"
    text = f"{value:.2f}".replace("0.", ".", 1)
    return {"1.00": ">.99", "-.00": ".00"}.get(text, text)


def _share(share: float) -> str:
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def _worst_first(measures: Measures) -> tuple[bool, float]:
    alpha = measures["alpha"].value
    return alpha is None, alpha or 0.0


def _wrapped(start: str, parts: Iterable[str], width: int, *, between: str = ", ") -> list[str]:
    return textwrap.wrap(
        start.lstrip() + between.join(parts),
        width,
        initial_indent=" " * (len(start) - len(start.lstrip())),
        subsequent_indent="    ",
        break_on_hyphens=False,
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
