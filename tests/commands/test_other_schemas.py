"""A codebook of one's own: everything works with another schema."""

import json
import random
from pathlib import Path

import pytest
from conftest import Classify, put_store, write_rows, write_schema

from depeche.labels.dataset import FOLDER


@pytest.mark.parametrize(
    "dimensions",
    [
        {"rubrique": ("single", ["sport", "culture", "monde", "santé", "climat", "autre"])},
        pytest.param({"thèmes": ("multi", [f"t{i}" for i in range(20)])}, marks=pytest.mark.slow),
    ],
    ids=["one single dimension of six labels", "twenty topics and no stance"],
)
def test_another_schema_trains_evaluates_and_tags_without_a_change_of_code(
    dimensions: dict[str, tuple[str, list[str]]],
    classify: Classify,
    tmp_path: Path,
    empty_store: Path,
) -> None:
    put_store(empty_store, tmp_path)
    (name, (kind, ids)), *_ = dimensions.items()
    schema = write_schema(tmp_path / "schema.toml", dimensions)
    rng = random.Random(1)
    rows: list[dict[str, object]] = []
    for i in range(160):
        label = ids[i % len(ids)]
        words = [f"mot{label}{rng.randrange(3)}" for _ in range(4)] + ["le", "de", "la"]
        text = " ".join(rng.sample(words, len(words))) + "."
        value = label if kind == "single" else [label]
        rows.append({"id": f"p{i}", "article": f"a{i // 2}", "text": text, name: value})
    labels = write_rows(tmp_path / "labels.jsonl", rows)
    done = classify("train", "--labels", labels, "--schema", schema, "--output", "mine", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[name]["macro_f1"] > 0.9
    done = classify("evaluate", "--labels", labels, "--model", "mine", "--schema", schema, "--json")
    assert json.loads(done.stdout)[name]["macro_f1"] > 0.9
    done = classify("-", "--model", "mine", "--explain", stdin=str(rows[0]["text"]))
    record = json.loads(done.stdout)
    (paragraph,) = record["paragraphs"]
    assert paragraph[name] == rows[0][name]
    assert list(paragraph["scores"]) == ids
    first = record[name]["label"] if kind == "single" else record[name][0]["label"]
    assert first == ids[0]
    done = classify("-", "--model", "mine", "--format", "table", stdin=str(rows[0]["text"]))
    assert ids[0] in done.stdout
    done = classify("evaluate", "--labels", FOLDER / "seeds.jsonl", "--model", "mine")
    assert done.returncode == 1
    assert f"{FOLDER / 'seeds.jsonl'}:1: {name}: must be" in done.stderr
