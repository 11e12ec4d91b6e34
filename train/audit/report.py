"""The audit as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from depeche.labels.system.terminal import plain
from depeche.train.audit.drift import FEWEST, Annotator, Shift
from depeche.train.audit.findings import Audit, Finding, Reason

_INDENT = 6  # cells before the text of a finding
_MOST_LABEL = 24  # cells of a label's name

_HEADS: dict[Reason, str] = {
    "model": "labels that look wrong",
    "duplicate": "labels that differ from a near-duplicate's",
    "keyword": "labels that contradict a keyword",
}


def audit_lines(audit: Audit, *, width: int) -> list[str]:
    """Return an audit as lines: findings by dimension, counts by label, annotators, signature."""
    lines: list[str] = []
    for dimension, n_found in audit.n_found.items():
        for reason, n in n_found.items():
            if n or reason == "model":
                findings = audit.select(dimension, reason)
                lines += [*_table(dimension, reason, n, findings, width), ""]
    lines += [*_counts(audit), ""]
    if audit.annotators:
        lines += [*_annotators(audit.annotators), ""]
    return [*lines, audit.signature]


def _table(
    dimension: str, reason: Reason, n: int, findings: Sequence[Finding], width: int
) -> Iterator[str]:
    """Yield a head, then two lines per finding: the label with the reason for doubt, and the text.

    The text has a line of its own, so that a narrow terminal shows some of it.
    """
    some = f", the first {len(findings)}" if len(findings) < n else ""
    yield f"{dimension}, {_HEADS[reason]}: {n}{some}"
    wide = min(max((len(f.label) for f in findings), default=0), _MOST_LABEL)
    yield f"{'rank':>4}  {'label':<{max(wide, 5)}}  given  score  why"
    for f in findings:
        given = "yes" if f.given else "no"
        label = _cut(f.label, max(wide, 5))
        head = f"{f.rank:>4}  {label:<{max(wide, 5)}}  {given:<5}  {f.proba:.3f}  {_why(f)}"
        text = f"{plain(f.paragraph.id)}: {plain(' '.join(f.paragraph.text.split()))}"
        yield _cut(head, width)
        yield " " * _INDENT + _cut(text, width - _INDENT)


def _why(f: Finding) -> str:
    """Return the reason why a label is doubtful."""
    if f.twin is not None:
        has = f.instead or ("lacks it" if f.given else "has it")
        return f"near-duplicate {plain(f.twin.id)}: {has}"
    if f.rule is not None:
        rule = f"{f.rule.keyword!r}: {f.rule.n_labelled} of {f.rule.n_others} others"
        return f"{rule} are {f.instead}" if f.instead else f"{rule} have it"
    verdict = "looks wrong" if f.looks_wrong else "in doubt"
    return verdict if f.instead is None else f"{verdict}: {f.instead} {f.instead_proba:.2f}"


def _counts(audit: Audit) -> Iterator[str]:
    """Yield one line per label: how many of its answers look wrong."""
    wide = min(max(len(v.label) for v in audit.verdicts), _MOST_LABEL)
    yield f"{audit.n_paragraphs} paragraphs of {audit.n_articles} articles; labels that look wrong:"
    yield f"  {'label':<{wide}}{'given':>8}{'to add':>8}{'to remove':>11}"
    for v in audit.verdicts:
        label = _cut(v.label, wide)
        yield f"  {label:<{wide}}{v.n_given:>8}{v.n_missing:>8}{v.n_unfounded:>11}"


def _annotators(annotators: Sequence[Annotator]) -> Iterator[str]:
    """Yield one line per annotator, and one for each shift beyond noise."""
    wide = max(9, min(max(len(a.name) for a in annotators), _MOST_LABEL))
    yield f"{'annotator':<{wide}}{'paragraphs':>12}{'look wrong':>12}   first half, last, change"
    for a in annotators:
        name = _cut(plain(a.name), wide)
        looks_wrong = 100 * a.looks_wrong
        yield f"{name:<{wide}}{a.n_paragraphs:>12}{looks_wrong:>10.1f} %   {_overall(a)}"
        for shift in a.shifts:
            if shift.label is not None and shift.real:
                more = "more" if shift.difference > 0 else "less"
                yield f"  gives {shift.label} {more} than the texts call for: {_rates(shift)}"
    if not any(shift.real for a in annotators for shift in a.shifts):
        yield "No annotator drifts beyond noise."


def _overall(annotator: Annotator) -> str:
    """Return how the share of labels that look wrong changes, or why that is not known."""
    for shift in annotator.shifts:
        if shift.label is None:
            return _rates(shift)
    if annotator.n_paragraphs < FEWEST:
        return f"– (fewer than {FEWEST})"
    return "– (no source in both halves)"


def _rates(shift: Shift) -> str:
    """Return a rate's two halves and its change, in hundredths."""
    change = f"{100 * shift.difference:+.1f} ({100 * shift.low:+.1f} to {100 * shift.high:+.1f})"
    real = " *" if shift.real else ""
    return f"{100 * shift.first:.1f}, {100 * shift.last:.1f}, {change}{real}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
