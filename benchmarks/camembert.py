"""Compares an encoder in 8 bits with transformers' pipeline on the same weights in full precision.

    python benchmarks/camembert.py BASE [--rounds 3]

BASE is the folder of an encoder (config.json, model.safetensors, tokenizer). It gets a new head but
no training, since speed does not depend on it, and is saved by transformers and as an artifact. The
two then take turns in separate processes, each with the number of threads that it chooses.
Bars: 500 paragraphs 3 times as fast; `classify ARTICLE`, a new process, in a third of the time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from running import ROOT, Report

N_PARAGRAPHS = 500
ARTICLE = ROOT / "seeds" / "004_f09b997ef4421a0e.txt"
BARS = {"500 paragraphs": 3.0, "one article, started anew": 3.0}

_PIPELINE = """
import json, sys, time
from transformers import pipeline
texts = json.load(open(sys.argv[2]))
tagger = pipeline("text-classification", sys.argv[1], top_k=None, function_to_apply="sigmoid")
tagger(texts[:4], truncation=True, max_length=256)
start = time.perf_counter()
tagger(texts, truncation=True, max_length=256)
print(time.perf_counter() - start)
"""
_OURS = """
import json, sys, time
from depeche import load_model
texts = json.load(open(sys.argv[2]))
model = load_model(sys.argv[1])
model.predict_proba(texts[:4])
start = time.perf_counter()
model.predict_proba(texts)
print(time.perf_counter() - start)
"""


def make(base: Path, folder: Path) -> None:
    """Write the same encoder in both forms, and the paragraphs."""
    from transformers import AutoTokenizer

    from depeche.model.artifact import load_artifact, save_artifact
    from depeche.model.scoring.encoder import EncoderScorer
    from depeche.model.scoring.windows import Windower
    from depeche.model.tagging import SHIPPED
    from depeche.train.encoder.base import find_base, load_encoder, load_tokenizer
    from depeche.train.encoder.exporting import export_encoder, quantize

    encoder = find_base(str(base))
    shipped = load_artifact(SHIPPED)
    model = load_encoder(encoder, shipped.schema.n_labels, seed=0)
    model.save_pretrained(folder / "full")
    AutoTokenizer.from_pretrained(base).save_pretrained(folder / "full")
    tokenizer, _ = load_tokenizer(encoder)
    rows = map(json.loads, (ROOT / "labels" / "composed.jsonl").read_text().splitlines())
    texts = [row["text"] for row in rows if row["kind"] == "body"][:N_PARAGRAPHS]
    windows = [w for text in Windower(tokenizer, 256, 0.25).windows(texts) for w in text]
    small = quantize(export_encoder(model, 256), windows)
    scorer = EncoderScorer(small, tokenizer, 256, 0.25, shipped.schema)
    settings = shipped.settings | {"max_length": 256, "overlap": 0.25}
    artifact = replace(shipped, backend="camembert", scorer=scorer, settings=settings)
    save_artifact(artifact, folder / "small", card="")
    (folder / "texts.json").write_text(json.dumps(texts))


def seconds(*command: object) -> tuple[float, str]:
    """Return the seconds that a command took, and its output."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *map(str, command)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return time.perf_counter() - start, done.stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    times: dict[str, dict[str, list[float]]] = {name: {"pipeline": [], "ours": []} for name in BARS}
    many, one = times.values()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(options.base, folder)
        full, small, texts = folder / "full", folder / "small", folder / "texts.json"
        size = sum(path.stat().st_size for path in small.iterdir()) / 1e6
        (folder / "one.json").write_text(json.dumps([ARTICLE.read_text()]))
        for _ in range(options.rounds):
            many["pipeline"].append(float(seconds("-c", _PIPELINE, full, texts)[1]))
            many["ours"].append(float(seconds("-c", _OURS, small, texts)[1]))
            one["pipeline"].append(seconds("-c", _PIPELINE, full, folder / "one.json")[0])
            one["ours"].append(seconds("-m", "depeche.classify", ARTICLE, "--model", small)[0])
    report = Report()
    report.part(f"{options.base.name}, {size:.0f} MB in 8 bits", ("pipeline", "ours", "ratio"))
    for what, seconds_by_name in times.items():
        theirs, ours = (min(seconds_by_name[name]) for name in ("pipeline", "ours"))
        ratio = theirs / ours
        cells = (f"{theirs:.2f} s", f"{ours:.2f} s", f"{ratio:.1f}")
        report.row(what, cells, f"{BARS[what]:g}", ratio >= BARS[what])
    if report.missed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
