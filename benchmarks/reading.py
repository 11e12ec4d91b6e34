"""Measures how well the reader reads pages and lines, on texts that it was not made with.

    python benchmarks/reading.py            # the scores
    python benchmarks/reading.py --write    # also fits what ships, line_kinds/classifier.npz
    python benchmarks/reading.py --floors   # also sets the floors of tests/gold/sites; --lower too

Pages: tests/gold/sites, ours beside other readers, with how long each takes. Lines: the marked
lines of the seeds, the composed articles and labels/lines.jsonl are scored in eight folds that keep
articles together. tests/gold/lines.jsonl is never trained on: the model fitted on all the others
scores it. CHANGELOG.md states each change of these scores.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import page_scores

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


def show_pages() -> None:
    """Print the scores of each reader on the pages; write the floors if asked."""
    warnings.simplefilter("ignore")  # of peers
    pages = page_scores.pages()
    ours = page_scores.score_pages(page_scores.read_ours, pages)
    print(f"{len(pages)} pages {'':18}", *(f"{name:>14}" for name in ours), f"{'CPU ms/page':>12}")
    for name, read in [("depeche", page_scores.read_ours), *page_scores.iter_peers()]:
        read(pages[0])  # imports what it needs
        began = time.process_time()
        scores = page_scores.score_pages(read, pages)
        used = (time.process_time() - began) / len(pages) * 1000
        print(f"{name:27}", *(f"{score:14.3f}" for score in scores.values()), f"{used:12.1f}")
    if "--floors" in sys.argv:
        page_scores.write_floors(ours, lower="--lower" in sys.argv)


def main() -> None:
    """Score, and write the model if asked."""
    show_pages()
    print()
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
