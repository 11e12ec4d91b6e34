"""Measures `classify tag` on many articles: speed beside scikit-learn and fastText, memory, scores.

    python benchmarks/batch.py            # all 26,422 articles of ../shared/corpus: half an hour
    python benchmarks/batch.py --quick    # 2,000 of them, in a minute: see below

Commands to compare run in turn, and the least time of each counts: others may use the machine.
Entire processes are held to one core; the table has the ratio of CPU time (user and system) and of
the clock. Memory is compared with that for the same articles ten times over, under other ids. With
--quick everything runs once on less, and the peers are fitted only on the labels that ship with
their texts: this shows that the benchmark works. With --check a missed bar is an error.

Bars: 10 times the speed of scikit-learn by CPU time; scoring 4 times as fast as fastText; 1.6 times
as fast on two cores; at most 250 MB, and at most 1.1 times as much for ten times the articles;
scores exactly those of the plain reference.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from corpus import CORPUS, Corpus, take
from peers import ANALYZERS
from running import ROOT, Report, Run, in_turn, one_core, run

_HERE = Path(__file__).parent
_MODEL = ROOT / "model" / "default"
_FASTER_THAN_SKLEARN = 10
_FASTER_THAN_FASTTEXT = 4
_FASTER_ON_TWO_CORES = 1.6
_MOST_MEGABYTES = 250
_MOST_GROWTH = 1.1
_NAMED = {"char": "characters 3-5", "char_wb": "characters 3-5 within words"}
PARTS = ("processes", "scoring", "jobs", "memory", "exact")
_SPEED = ("wall s", "CPU s", "articles/s", "paragraphs/s", "times wall", "times CPU")


def tagging(corpus: Corpus, folder: Path, n_jobs: int = 1) -> list[str | Path]:
    """Return the command that tags a corpus."""
    output = folder / f"tagged-{n_jobs}.jsonl"
    command = [sys.executable, "-m", "depeche.classify", "tag", corpus.path, "--jobs", str(n_jobs)]
    return [*command, "--output", output, "--fresh", "--model", _MODEL]


def speed_cells(took: Run, corpus: Corpus, against: Run | None = None) -> list[str]:
    """Return the cells of `_SPEED`, with ratios to `against`, the run of the first row."""
    cells = [f"{took.wall:.1f}", f"{took.cpu:.1f}", f"{corpus.n_articles / took.cpu:.0f}"]
    cells.append(f"{corpus.n_paragraphs / took.cpu:.0f}")
    if against is not None:
        cells += [f"{took.wall / against.wall:.1f}", f"{took.cpu / against.cpu:.1f}"]
    return cells + [""] * (len(_SPEED) - len(cells))


def processes(report: Report, corpus: Corpus, folder: Path, rounds: int, texts: str) -> None:
    """Compare entire processes with scikit-learn's on one core; `texts` as in `peers.labelled`."""
    n_examples = int(run([sys.executable, _HERE / "peers.py", "fit", folder, texts]).output)
    commands = {"classify tag --jobs 1": tagging(corpus, folder)}
    for name in ANALYZERS:
        pipeline, output = folder / f"{name}.joblib", folder / f"{name}.jsonl"
        tag = [sys.executable, _HERE / "peers.py", "tag", pipeline, corpus.path, output]
        commands[f"scikit-learn, {_NAMED[name]}"] = tag
    with one_core():
        took = in_turn(commands, rounds)
    report.part(
        f"Whole processes, one core, {corpus.n_articles} articles, {corpus.n_paragraphs} "
        f"paragraphs, peers fitted on {n_examples}",
        _SPEED,
    )
    (ours, first), *peers = took.items()
    report.row(ours, speed_cells(first, corpus))
    for name, peer in peers:
        held = peer.cpu / first.cpu >= _FASTER_THAN_SKLEARN
        cells = speed_cells(peer, corpus, first)
        report.row(name, cells, f"{_FASTER_THAN_SKLEARN} CPU", held)


def scoring(report: Report, corpus: Corpus, rounds: int, texts: str) -> None:
    """Compare only the scoring with fastText's; `texts` as in `peers.labelled`."""
    with one_core():
        command = [sys.executable, _HERE / "scoring.py", "speed", corpus.path, str(rounds), texts]
        took: dict[str, float] = json.loads(run(command).output)
    report.part(
        f"Scoring alone, one thread, {corpus.n_paragraphs} paragraphs",
        ("CPU s", "µs/paragraph", "paragraphs/s", "times cold", "times warm"),
    )
    for name, seconds in took.items():
        ours = name in ("cold", "warm")
        cells = [f"{seconds:.2f}", f"{1e6 * seconds / corpus.n_paragraphs:.1f}"]
        cells.append(f"{corpus.n_paragraphs / seconds:.0f}")
        cells += [f"{seconds / took[mine]:.1f}" for mine in ("cold", "warm")]
        held = seconds / took["warm"] >= _FASTER_THAN_FASTTEXT
        if ours or "dim 100" not in name:  # the bar is against its default
            report.row(f"depeche, {name}" if ours else name, cells)
        else:
            report.row(name, cells, f"{_FASTER_THAN_FASTTEXT} warm", held)
    if len(took) == 2:
        print("fastText is not installed: pip install -e '.[bench]'")


def two_jobs(report: Report, corpus: Corpus, folder: Path, rounds: int) -> None:
    """Compare two processes with one by the clock."""
    commands = {f"classify tag --jobs {n}": tagging(corpus, folder, n) for n in (1, 2)}
    one, two = (took := in_turn(commands, rounds)).values()
    report.part(f"Two processes against one, {corpus.n_articles} articles", _SPEED)
    ratio = one.wall / two.wall
    held = ratio >= _FASTER_ON_TWO_CORES if (os.cpu_count() or 1) > 1 else None
    for name, run_ in took.items():
        cells = [f"{run_.wall:.1f}", f"{run_.cpu:.1f}"]
        cells += [f"{n / run_.wall:.0f}" for n in (corpus.n_articles, corpus.n_paragraphs)]
        if run_ is two:
            cells += [f"{ratio:.2f}", ""]
            report.row(name, cells, f"{_FASTER_ON_TWO_CORES} wall", held)
        else:
            report.row(name, [*cells, "", ""])


def memory(report: Report, corpus: Corpus, folder: Path) -> None:
    """Compare the peak of one process on a corpus and on ten times as much."""
    large = take(corpus.path, folder / "ten-times.jsonl.gz", None, times=10)
    report.part("Peak memory of --jobs 1", ("MB", "times"))
    first = run(tagging(corpus, folder)).peak
    held, bar = first <= _MOST_MEGABYTES, f"{_MOST_MEGABYTES} MB"
    report.row(f"{corpus.n_articles} articles", [f"{first:.0f}", ""], bar, held)
    peak = run(tagging(large, folder)).peak
    held = peak <= _MOST_MEGABYTES and peak / first <= _MOST_GROWTH
    cells = [f"{peak:.0f}", f"{peak / first:.2f}"]
    report.row(f"{large.n_articles} articles", cells, f"{bar}, {_MOST_GROWTH}", held)


def exactness(report: Report, corpus: Corpus) -> None:
    """Compare the scores of the fast way with those of the plain ways."""
    counts = json.loads(run([sys.executable, _HERE / "scoring.py", "exact", corpus.path]).output)
    report.part("Paragraphs with any score that is not exactly that", ("compared", "differ"))
    for name, n, differing in (
        ("of the features counted one by one", counts["n"], counts["counted"]),
        ("of the tests' reference in pure Python", counts["n_plain"], counts["plain"]),
    ):
        report.row(name, [str(n), str(differing)], "0", differing == 0)


def main() -> None:
    """Measure and print; end with 1 where a bar is missed and --check is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, help="the first so many; default all")
    parser.add_argument("--peer-articles", type=int, help="of these, for the peers; default all")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help=".jsonl.gz with texts")
    parser.add_argument("--rounds", type=int, default=3, help="times that each command runs")
    parser.add_argument("--quick", action="store_true", help="2,000 articles, once: a minute")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--check", action="store_true", help="end with 1 where a bar is missed")
    options = parser.parse_args()
    texts = "all"
    if options.quick:
        options.articles, options.peer_articles, options.rounds, texts = 2000, 250, 1, "shipped"
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = take(options.corpus, folder / "corpus.jsonl.gz", options.articles)
        wanted = {options.only} if options.only else PARTS
        if "processes" in wanted:
            part = take(corpus.path, folder / "part.jsonl.gz", options.peer_articles)
            processes(report, part, folder, options.rounds, texts)
        if "scoring" in wanted:
            scoring(report, corpus, options.rounds, texts)
        if "jobs" in wanted:
            two_jobs(report, corpus, folder, options.rounds)
        if "memory" in wanted:
            memory(report, corpus, folder)
        if "exact" in wanted:
            exactness(report, corpus)
    if options.check and report.missed:
        raise SystemExit("\n".join(["", "missed:", *report.missed]))


if __name__ == "__main__":
    main()
