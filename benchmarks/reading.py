"""Measures how well the reader tells body, headings and boilerplate apart, out of sample.

    python benchmarks/reading.py            # the scores
    python benchmarks/reading.py --write    # also fits what ships, line_kinds/classifier.npz

The marked lines of the seeds, the composed articles and labels/lines.jsonl are scored in eight
folds that keep articles together. tests/gold/lines.jsonl is never trained on: the model fitted on
all the others scores it. There is no bar here: CHANGELOG.md states each change of these scores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from depeche.labels.paragraphs import Kind
from depeche.model.reading.line_kinds.classifier import WEIGHTS
from depeche.model.reading.line_kinds.features import unit_features
from depeche.train.line_kinds import (
    LINES,
    MarkedText,
    fit_kind_model,
    predict_out_of_fold,
    read_marked_articles,
    read_marked_lines,
    save_kind_model,
    score_kinds,
)

HELD_OUT = Path(__file__).parent.parent / "tests" / "gold" / "lines.jsonl"


def show(name: str, texts: Sequence[MarkedText], kinds: Sequence[Sequence[Kind]]) -> None:
    """Print the scores of some texts."""
    s = score_kinds(texts, kinds)
    print(
        f"{name:28} body kept {s['body_kept']:.4f} of {s['n_body']:4}   "
        f"boilerplate removed {s['boilerplate_removed']:.4f} of {s['n_boilerplate']:4}"
    )


def main() -> None:
    """Score, and write the model if asked."""
    texts = [*read_marked_articles(), *read_marked_lines(LINES)]
    out_of_fold = predict_out_of_fold(texts)
    show("all, out of fold", texts, out_of_fold)
    for name, chosen in (("seeds", {"seeds"}), ("composed", {"composed"}), ("lines", None)):
        kept = [
            i
            for i, text in enumerate(texts)
            if (text.site in chosen if chosen else text.site not in ("seeds", "composed"))
        ]
        show(f"  {name}", [texts[i] for i in kept], [out_of_fold[i] for i in kept])
    model = fit_kind_model(texts)
    held_out = read_marked_lines(HELD_OUT)
    predicted = [model.kinds(unit_features(t.units, t.gaps)) for t in held_out]
    show("held out", held_out, predicted)
    show("together, out of sample", [*texts, *held_out], [*out_of_fold, *predicted])
    if "--write" in sys.argv:
        save_kind_model(model, WEIGHTS)
        print(f"wrote {WEIGHTS.name}, {WEIGHTS.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
