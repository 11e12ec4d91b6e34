"""Calibration, roll-up, record and artifact."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import SEEDS, write_schema
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.console import Console

from depeche import load_model
from depeche.labels.errors import ArtifactError
from depeche.labels.schema import read_schema
from depeche.model.artifact import load_artifact, save_artifact
from depeche.model.deciding.calibration import Calibration, Knots
from depeche.model.deciding.decisions import Decisions, HeldOut, Rule
from depeche.model.deciding.rollup import article_scores, mean_proba, shares_of_body
from depeche.model.manifest import FORMAT, MANIFEST
from depeche.model.outputs.terminal import article_table
from depeche.model.reading.reader import read_article
from depeche.model.tagging import SHIPPED

SCHEMA = read_schema()
MODEL = load_model(SHIPPED)
PROBA = arrays(np.float64, st.tuples(st.integers(1, 9)), elements=st.floats(0, 1))


def calibration(threshold: float) -> Calibration:
    return Calibration(
        method=["sigmoid"] * 4 + ["vector"] * 3,
        slope=np.ones(7),
        offset=np.zeros(7),
        threshold=np.full(7, threshold),
        knots={1: Knots(logits=np.array([-1.0, 2.0]), calibrated=np.array([-3.0, 1.0]))},
    )


@given(arrays(np.float64, (3, 7), elements=st.floats(-800, 800)), st.floats(0, 1), st.floats(0, 1))
def test_scores_are_probabilities_and_a_higher_threshold_never_adds_a_topic(
    logits: np.ndarray, one: float, two: float
) -> None:
    low, high = sorted((one, two))
    proba = calibration(low).predict_proba(logits, SCHEMA)
    assert ((proba >= 0) & (proba <= 1)).all()
    assert np.allclose(proba[:, 4:].sum(axis=1), 1)
    nothing = HeldOut(proba=np.empty((0, 7)), Y=np.empty((0, 7), dtype=bool))
    more, fewer = (
        Decisions(SCHEMA, calibration(t).threshold, nothing, Rule()).given(proba)
        for t in (low, high)
    )
    assert (more[:, :4] >= fewer[:, :4]).all()
    assert (more[:, 4:].sum(axis=1) == 1).all()


@given(PROBA, st.floats(0.01, 1), st.data())
def test_article_gets_a_label_exactly_when_a_fifth_of_its_body_carries_it(
    proba: np.ndarray, threshold: float, data: st.DataObject
) -> None:
    length = np.array(
        data.draw(st.lists(st.integers(1, 500), min_size=len(proba), max_size=len(proba)))
    )
    carried = 5 * length[proba >= threshold].sum() >= length.sum()
    padded = np.concatenate([[1.0], proba, [1.0, 0.5]])[:, None]  # articles beside it
    around = np.concatenate([[7], length, [9, 8]])
    scores = article_scores(padded, around, np.array([0, 1, len(proba) + 1]))
    assert (scores[1, 0] >= threshold) == carried


def test_article_stance_is_weighed_by_the_room_each_paragraph_gets() -> None:
    proba = np.array([[0.8, 0.1, 0.1], [0.0, 0.2, 0.8]])
    length, start = np.array([100, 300]), np.array([0])
    assert mean_proba(proba, length, start)[0] == pytest.approx([0.2, 0.175, 0.625])
    assert shares_of_body(np.array([[True], [False]]), length, start).tolist() == [[0.25]]


def test_record_has_the_form_of_the_contract() -> None:
    record = MODEL.records([read_article(SEEDS / "004_f09b997ef4421a0e.txt")], explain=True)[0]
    assert list(record) == [
        "id", "sha256", "title", "date", "author", "site", "language", "encoding", "offsets",
        "topics", "stance", "paragraphs", "skipped", "model",
    ]  # fmt: skip
    first = record["paragraphs"][0]
    assert list(first) == [
        "index", "start", "end", "text", "language", "topics", "scores", "stance",
        "stance_scores", "review", "evidence",
    ]  # fmt: skip
    assert list(first["scores"]) == ["military", "space", "diplomacy", "sanctions"]
    assert first["topics"] == ["diplomacy"]
    assert first["stance"] == "supportive"
    assert set(first["evidence"]) == {"diplomacy", "supportive"}
    assert record["language"] == "fr"
    diplomacy = record["topics"][0]
    assert (diplomacy["label"], diplomacy["share"]) == ("diplomacy", 1.0)
    assert diplomacy["paragraphs"] == [0, 1, 2, 3, 4]
    assert record["model"]["sha256"] == MODEL.artifact.sha256
    assert record["model"]["schema"] == SCHEMA.digest


def test_evidence_words_stand_in_the_paragraph_and_speak_for_the_tag() -> None:
    text = "L'ONU a voté un embargo sur les armes contre le régime et gelé ses avoirs."
    evidence = MODEL.tag([text], explain=True)[0]["paragraphs"][0]["evidence"]
    assert "sanctions" in evidence
    assert all(words in text for pairs in evidence.values() for words, _ in pairs)
    words, value = evidence["sanctions"][0]
    assert "embargo" in words or "avoirs" in words
    assert value > 0


def test_paragraph_order_does_not_change_its_tags() -> None:
    texts = [p.text for p in read_article(SEEDS / "001_d81ca5ce1a1317d3.txt").paragraphs]
    assert (MODEL.predict_proba(texts[::-1])[::-1] == MODEL.predict_proba(texts)).all()


def test_saved_artifact_loads_as_it_was(tmp_path: Path) -> None:
    artifact = load_artifact(SHIPPED)
    saved = save_artifact(artifact, tmp_path / "m", card=(SHIPPED / "README.md").read_text())
    assert saved.sha256 == artifact.sha256
    for path in SHIPPED.iterdir():
        assert (tmp_path / "m" / path.name).read_bytes() == path.read_bytes()


def test_saving_replaces_a_model_but_never_another_folder(tmp_path: Path) -> None:
    artifact = load_artifact(SHIPPED)
    save_artifact(artifact, tmp_path / "m", card="one")
    save_artifact(artifact, tmp_path / "m", card="two")
    assert (tmp_path / "m" / "README.md").read_text() == "two"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    with pytest.raises(ArtifactError, match="exists and is not a model"):
        save_artifact(artifact, tmp_path / "thesis", card="")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m", "thesis"]


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED.iterdir()))
def test_changed_byte_or_missing_file_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    shutil.copytree(SHIPPED, tmp_path / "m")
    path = tmp_path / "m" / name
    data = bytearray(path.read_bytes())
    middle = data.find(b"0.1.0") if name == MANIFEST else len(data) // 2
    data[middle] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=f"{name}: changed since the model was saved"):
        load_artifact(tmp_path / "m")
    path.unlink()
    with pytest.raises(ArtifactError, match=f"{name}.* cannot be read: No such file"):
        load_artifact(tmp_path / "m")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"format": FORMAT + 1}, f"format {FORMAT + 1}, but this version reads format {FORMAT}"),
        ({"format": "1"}, "not the manifest of a model"),
        ({"scores": None}, "changed since the model was saved"),
        ({"scores": float("nan")}, "not JSON: the file is damaged: NaN is no number"),
    ],
)
def test_edited_manifest_is_refused(tmp_path: Path, edit: dict[str, object], message: str) -> None:
    shutil.copytree(SHIPPED, tmp_path / "m")
    path = tmp_path / "m" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | edit))
    with pytest.raises(ArtifactError, match=message):
        load_artifact(tmp_path / "m")


def test_shipped_model_is_small_and_holds_no_pickle() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 8_000_000
    assert {path.suffix for path in SHIPPED.iterdir()} == {".json", ".npy", ".md"}


def test_table_shows_the_paragraphs_that_carry_a_label_not_those_whose_label_contains_it(
    tmp_path: Path,
) -> None:
    path = write_schema(tmp_path / "s.toml", {"camp": ("single", ["pro", "pro-russe"])})
    paragraph = {"language": "fr", "review": [], "evidence": {}}
    record = {
        "id": "x", "title": "T", "site": None, "date": None, "language": "fr", "skipped": [],
        "camp": {"label": "pro", "scores": {"pro": 0.6, "pro-russe": 0.4}},
        "paragraphs": [
            paragraph
            | {"index": i, "text": f"Texte {camp}.", "camp": camp}
            | {"scores": {"pro": 0.7, "pro-russe": 0.3}}
            for i, camp in enumerate(["pro-russe", "pro"])
        ],
    }  # fmt: skip
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(article_table(record, read_schema(path), 80))
    shown = console.export_text()
    assert "§2" in shown
    assert "§1" not in shown
