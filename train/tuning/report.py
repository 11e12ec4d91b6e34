"""A tuning as lines to read: the best trials, the scores on the outer fold, the next command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from depeche.train.tuning.nested import INNER_FOLDS, Verdict, mean_score
from depeche.train.tuning.tuning import SPACE, Tuning

_SHOWN = 5  # trials

_SAYS = {
    "better": "the tuned settings are better beyond chance",
    "worse": "the tuned settings are worse beyond chance: keep the defaults",
    "no difference": "no difference beyond chance: the defaults do as well",
}


def tuning_lines(tuning: Tuning, *, path: Path, label_options: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a tuning.

    Parameters
    ----------
    path
        Where the best settings were written.
    label_options
        The options that name the labels, which the next command needs as well.
    """
    rows = [["trial", "mean", *tuning.verdict.tuned, *SPACE]]
    for trial in tuning.trials[:_SHOWN]:
        scores = [f"{value:.4f}" for value in (trial.score, *trial.scores.values())]
        name = f"{trial.number} (default)" if trial.number == 1 else f"{trial.number}"
        rows.append([name, *scores, *(f"{value:g}" for value in trial.params.values())])
    yield from _table(rows)
    yield (
        f"{len(tuning.trials)} trials, scored by {INNER_FOLDS} inner folds; the best is flattered "
        "by having been chosen"
    )
    yield ""
    yield from _verdict_lines(tuning.verdict, is_default=tuning.trials[0].number == 1)
    yield ""
    command = ["classify", "train", *label_options]
    if tuning.verdict.outcome == "better":
        command += ["--settings", str(path)]
    yield f"settings in {path}; next: {shlex.join(command)}"


def _verdict_lines(verdict: Verdict, *, is_default: bool) -> Iterator[str]:
    yield (
        f"outer fold, which the search never saw: {verdict.n_paragraphs} paragraphs of "
        f"{verdict.n_articles} articles"
    )
    rows = [["", "mean", *verdict.tuned]]
    for name, scores in (("default", verdict.default), ("tuned", verdict.tuned)):
        values = [mean_score(scores), *scores.values()]
        rows.append([name, *(f"{value:.4f}" for value in values)])
    yield from _table(rows)
    low, high = verdict.interval
    if is_default:
        yield "the default settings are the best that were tried: nothing to change"
    else:
        yield (
            f"tuned - default {verdict.difference:+.4f}, 95 % interval [{low:+.4f}, {high:+.4f}], "
            f"by article, in pairs: {_SAYS[verdict.outcome]}"
        )
    yield verdict.signature


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield one line per row: the first cell is left-aligned, the others right-aligned."""
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        yield f"{first:<{widths[0]}}" + "".join(cells)
