"""Agreement as lines of text: one table per dimension, confusions, and disputed paragraphs."""

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
_OVERALL = "as a whole"  # the line of an entire dimension
_FEWEST = 8  # characters of a label's name that are always shown
_MOST_CONFUSIONS = 15  # lines of the list that stands for a table too wide


def report_lines(agreement: Agreement, *, n_shown: int, width: int) -> list[str]:
    """Return the tables of an agreement, and its first disputes where some are to be shown."""
    lines = agreement_lines(agreement, width=width)
    if n_shown:
        votes = agreement.votes
        lines += ["", *dispute_lines(votes.disputes, votes.schema, n_shown=n_shown, width=width)]
    return lines


def agreement_lines(agreement: Agreement, *, width: int) -> list[str]:
    """Return who labelled how much, one table per dimension, and how to read them."""
    votes = agreement.votes
    several = len(votes.annotators) > 2
    lines = [
        f"{len(votes.paragraphs)} paragraphs of {len(set(votes.articles))} articles labelled by "
        + (f"two or more of {len(votes.annotators)} annotators" if several else "both annotators"),
        *_wrapped("  ", (f"{name} {n}" for name, n in votes.n_labelled.items()), width),
    ]
    if votes.n_alone:
        lines.append(f"  {votes.n_alone} labelled by one alone, not counted")
    if votes.n_kind_disputed:
        n = votes.n_kind_disputed
        lines.append(f"  {n} are body for some, heading or boilerplate for others")
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
    """Return the first disputed paragraphs: who gives which labels, and the start of the text."""
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


def _dimension_lines(agreement: DimensionAgreement, *, several: bool, width: int) -> list[str]:
    dimension = agreement.dimension
    kind = "exactly one label" if dimension.kind == "single" else "any number of labels"
    lines = [f"{dimension.id}: {kind}", *_measure_lines(agreement, several=several, width=width)]
    if dimension.kind == "single":
        for pair in agreement.pairs:
            lines += ["", *_confusion_lines(pair, dimension.label_ids, width)]
    return lines


def _measure_lines(agreement: DimensionAgreement, *, several: bool, width: int) -> list[str]:
    """Return the table of measures: a line per label, one for all of them, one per pair."""
    labels = sorted(agreement.labels.items(), key=lambda item: _worst_first(item[1].measures))
    measures = {name: label.measures for name, label in labels} | {_OVERALL: agreement.measures}
    pairs = agreement.pairs if several else ()
    every = [*measures.values(), *(pair.measures for pair in pairs)]
    cells = [max(len(m), *(len(_cell(x.get(m))) for x in every)) for m in _MEASURES]
    longest = max([*map(len, measures), *map(_pair_room, pairs)])
    names = max(min(longest, width - 14 - sum(cells) - 2 * len(cells)), _FEWEST)
    head = "".join(f"  {m:<{w}}" for m, w in zip(_MEASURES, cells, strict=True)).rstrip()
    lines = [f"  {'':{names}}{'share':>5}{'differ':>7}{head}"]
    rows = [(name, _share(label.share), label.n_disputed) for name, label in labels]
    for name, share, n_disputed in [*rows, (_OVERALL, "", agreement.n_disputed)]:
        start = f"  {_cut(name, names):<{names}}{share:>5}{n_disputed:>7}"
        lines.append(start + _cells(measures[name], cells))
    for note, where in _notes(measures).items():
        lines += _wrapped(f"  {note}: ", where, width)
    return [*lines, "", *_pair_lines(pairs, cells, names=names)] if several else lines


def _pair_room(pair: PairAgreement) -> int:
    """Return the width that the column of labels needs for the names of a pair."""
    return sum(map(len, pair.annotators)) + len(" / ") - 5


def _pair_lines(pairs: Iterable[PairAgreement], cells: Sequence[int], *, names: int) -> list[str]:
    """Return one line per pair of annotators, the lowest alpha first."""
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
    """Return a table of counts, or a list of the disagreements where a table is too wide."""
    names = max(map(len, labels))
    columns = [max(len(label), 5) + 2 for label in labels]
    if 2 + names + sum(columns) > width:
        return _disagreement_lines(pair, labels, width)
    row, column = pair.annotators
    head = "".join(f"{x:>{w}}" for x, w in zip(labels, columns, strict=True))
    lines = [_cut(f"  {row} (rows) and {column} (columns)", width), f"  {'':{names}}{head}"]
    for label, counts in zip(labels, pair.confusion or [], strict=True):
        cells = "".join(f"{n:>{w}}" for n, w in zip(counts, columns, strict=True))
        lines.append(f"  {label:<{names}}{cells}")
    return lines


def _disagreement_lines(pair: PairAgreement, labels: Sequence[str], width: int) -> list[str]:
    """Return a line per pair of labels that stand for each other, the most frequent first."""
    differing = sorted(
        (-n, i, j)
        for i, row in enumerate(pair.confusion or [])
        for j, n in enumerate(row)
        if n and i != j
    )
    lines = [_cut(f"  {' / '.join(pair.annotators)}, where they differ", width)]
    lines += [
        _cut(f"  {-n:>5}  {labels[i]} / {labels[j]}", width)
        for n, i, j in differing[:_MOST_CONFUSIONS]
    ]
    if len(differing) > _MOST_CONFUSIONS:
        lines.append(f"  {len(differing) - _MOST_CONFUSIONS} more with --json")
    return lines


def _notes(measures: Mapping[str, Measures]) -> dict[str, list[str]]:
    """Return each note with the names of the lines that it is about."""
    notes: dict[str, dict[str, list[str]]] = {}
    for name, estimates in measures.items():
        for measure, estimate in estimates.items():
            for note in (estimate.note or "").split("; "):
                if note:
                    notes.setdefault(note, {}).setdefault(name, []).append(measure)
    return {
        note: [
            name if len(noted) == len(measures[name]) else f"{name} ({', '.join(noted)})"
            for name, noted in where.items()
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
    """Return a number with two decimals, without the 0 before them, and 1 only for exactly 1."""
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
