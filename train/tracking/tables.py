"""Runs and comparisons as lines of text, at most 100 characters wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from depeche.model.champion import Promotion
from depeche.train.evaluation.comparison import Difference
from depeche.train.tracking.comparing import Comparison
from depeche.train.tracking.store import Run

_WIDTH = 100
_NAMES = {
    "f1": "F1",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "mean_average_precision": "mean AP",
    "accuracy": "accuracy",
}


def _cells(mark: str, run: str, name: str, date: str, state: str, n: str, data: str) -> str:
    return f"{mark} {run:<8}  {_cut(name, 20):<20}  {date:<16}  {state:<9}  {n:>6}  {data:<8}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


_HEADING = _cells(" ", "run", "name", "date", "backend", "n", "data")


def run_lines(runs: Sequence[Run], champion: str | None) -> list[str]:
    """Return a heading, one line per run, and what the columns mean."""
    dimensions = list(dict.fromkeys(d for run in runs for d in run.scores))
    widths = _columns(dimensions)
    names = "".join(f"  {_cut(d, width):>{width}}" for d, width in widths.items())
    lines = [_HEADING + names, *(_run_line(run, champion, widths) for run in runs), ""]
    lines.append(
        "* champion; scores: micro F1 where a paragraph has any number of labels, else macro F1"
    )
    n_hidden = len(dimensions) - len(widths)
    if n_hidden:
        lines.append(f"{n_hidden} more dimensions: classify runs --json")
    return lines


def _columns(dimensions: Sequence[str]) -> dict[str, int]:
    """Return the dimensions whose scores fit in a line, each with the width of its column."""
    widths: dict[str, int] = {}
    left = _WIDTH - len(_HEADING)
    for dimension in dimensions:
        width = max(5, min(len(dimension), 12))
        if 2 + width <= left:
            widths[dimension] = width
            left -= 2 + width
    return widths


def comparison_lines(comparison: Comparison) -> list[str]:
    """Return the two runs, a table of differences and the verdict."""
    lines = [
        f"{name}  {run.id[:8]}  {_cut(run.name, 32):<32}  {run.date[:16].replace('T', ' ')}"
        for name, run in (("A", comparison.a), ("B", comparison.b))
    ]
    lines.append(
        f"{comparison.n_paragraphs} paragraphs of {comparison.n_articles} articles, held out; "
        f"{comparison.n_resamples} resamples of articles"
    )
    dimension = None
    for d in comparison.differences:
        if d.dimension != dimension:
            dimension = d.dimension
            head = f"{_cut(dimension, 24):<24}{'':10}{'A':>8}{'B':>8}{'B - A':>8}"
            lines += ["", f"{head}   95 % interval"]
        lines.append(_difference_line(d))
    return [*lines, "", *comparison.verdict()]


def promotion_lines(promotion: Promotion, folder: str) -> list[str]:
    """Return the run and the model that are in use from now on."""
    return [
        f"champion  run {promotion.run_id}, version {promotion.version} in MLflow's registry",
        f"model     {promotion.model_sha256[:12]} in {folder}/{promotion.folder}",
    ]


def _run_line(run: Run, champion: str | None, widths: Mapping[str, int]) -> str:
    state = run.backend if run.status == "FINISHED" else run.status.lower()
    line = _cells(
        "*" if run.id == champion else " ",
        run.id[:8],
        run.name,
        run.date[:16].replace("T", " "),
        state,
        "–" if run.n_paragraphs is None else str(run.n_paragraphs),
        run.data[:8],
    )
    scores = {d: f"{run.scores[d]:.3f}" if d in run.scores else "–" for d in widths}
    return line + "".join(f"  {scores[d]:>{width}}" for d, width in widths.items())


def _difference_line(d: Difference) -> str:
    what = _cut(d.label or "all", 22)
    interval = f"{100 * d.low:+.1f} to {100 * d.high:+.1f}"
    return (
        f"  {what:<22}{_NAMES[d.metric]:<10}{100 * d.a:>8.1f}{100 * d.b:>8.1f}"
        f"{100 * d.value:>+8.1f}   {interval}{'  *' if d.real else ''}"
    )
