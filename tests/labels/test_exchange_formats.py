"""doccano, Prodigy, CSV and Hugging Face, to them and back."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import write_rows, write_schema
from made_exchange import LABELS, SCHEMA, fault_of, imported, labels_of

from depeche.labels.errors import LabelsError
from depeche.labels.exchange.exporting import export_labels
from depeche.labels.exchange.formats import Format
from depeche.labels.exchange.importing import import_labels
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema


@pytest.mark.parametrize(
    "row",
    [
        {"id": 3, "text": "Un.", "label": ["neutral", "space"], "Comments": []},
        {"id": 3, "text": "Un.", "meta": {}, "annotation_approver": None,
         "labels": ["space", "stance:neutral"]},
        {"doc_id": 3, "text": "Un.", "labels": ["topics:space", "neutral"], "username": "admin"},
    ],
    ids=["doccano 1.6 and later", "doccano 1.0", "doccano of 2018"],
)  # fmt: skip
def test_doccano_of_each_time_is_read(row: dict[str, Any], tmp_path: Path) -> None:
    path = write_rows(tmp_path / "admin.jsonl", [row])
    (record,) = labels_of(path, Format.doccano).values()
    assert record[1] == {"topics": ("space",), "stance": ("neutral",)}
    assert record[0] == row.get("username")


def test_doccano_comments_and_lacking_articles_are_named(tmp_path: Path) -> None:
    row = {"id": 3, "text": "Un.", "label": ["neutral"], "Comments": ["À revoir"]}
    done = imported(write_rows(tmp_path / "admin.jsonl", [row]), Format.doccano, annotator="ana")
    assert done.notes == (
        "fields not kept: Comments",
        "1 paragraphs without an article: each is taken for one of its own",
    )
    (paragraph,) = read_labels(tmp_path / "imported.jsonl", SCHEMA)
    assert (paragraph.id, paragraph.article, paragraph.annotator) == ("3", "3", "ana")


def test_doccano_faults_name_line_and_what_is_allowed(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "text": "Un.", "label": ["neutral", "spatial"]},
        {"id": 2, "text": "Un.", "annotations": [{"label": 4, "user": 1}]},
        {"id": 3, "label": ["neutral"]},
    ]
    path = write_rows(tmp_path / "x.jsonl", rows)
    unknown, numbers, _, _, text = fault_of(path, Format.doccano).splitlines()
    assert unknown == (
        f"{path}: line 1: label: unknown label 'spatial'; allowed: military, space, diplomacy, "
        "sanctions, supportive, neutral, critical"
    )
    assert "line 2: label: numbers of labels in 'annotations': export as JSONL" in numbers
    assert text == f"{path}: line 3: text: must be a text, not None"


def prodigy_task(text: str, *accept: str, **fields: Any) -> dict[str, Any]:
    options = [{"id": x, "text": x} for x in SCHEMA.label_names]
    hashes = {"_input_hash": -1, "_task_hash": 2, "_view_id": "choice", "_timestamp": 1700000000}
    named = {"_annotator_id": "news-ana", "_session_id": "news-ana", "answer": "accept"}
    about = {"config": {"choice_style": "multiple"}, "meta": {"article": "art", "id": text}}
    return {"text": text, "options": options, "accept": accept} | hashes | named | about | fields


def test_prodigy_accepts_and_names_what_was_rejected_or_ignored(tmp_path: Path) -> None:
    rows = [
        prodigy_task("Un.", "space", "neutral"),
        prodigy_task("Deux.", answer="reject"),
        prodigy_task("Trois.", "neutral", answer="ignore"),
        prodigy_task("Quatre.", "critical"),
    ]
    path = write_rows(tmp_path / "news.jsonl", rows)
    done = imported(path, Format.prodigy)
    assert done.notes == ("left out 1 rejected: line 2", "left out 1 ignored: line 3")
    assert labels_of(path, Format.prodigy, force=True) == {
        "Un.": ("news-ana", {"topics": ("space",), "stance": ("neutral",)}, "Un."),
        "Quatre.": ("news-ana", {"topics": (), "stance": ("critical",)}, "Quatre."),
    }


def test_prodigy_faults_name_line_and_what_is_allowed(tmp_path: Path) -> None:
    rows = [
        prodigy_task("Un.", "neutral", "critical"),
        prodigy_task("Deux.", "neutral", answer="yes"),
        {"text": "Trois.", "label": "SPACE", "answer": "accept"},
    ]
    path = write_rows(tmp_path / "x.jsonl", rows)
    one, answer, form, _, _ = fault_of(path, Format.prodigy).splitlines()
    assert "line 1: stance: must be one label, not ['neutral', 'critical']" in one
    assert answer == f"{path}: line 2: answer: unknown 'yes'; allowed: accept, reject, ignore"
    assert "line 3: accept: missing" in form


@pytest.mark.parametrize(
    "table",
    [
        "text,topics,stance\n- Un.,military|space,neutral\n",
        "\ufefftext;topics;stance\r\n- Un.;military, space;neutral\r\n",
        'sep=;\ntext;topics;stance\n\'- Un.;"military;space";neutral\n',
        "text\tmilitary\tspace\tdiplomacy\tsanctions\tstance\n- Un.\t1\t1\t0\t\tneutral\n",
        "text,military,space,diplomacy,sanctions,stance.supportive,stance.neutral,stance:critical\n"
        "- Un.,1,True,0,0,0,1,0\n",
    ],
    ids=["joined", "Excel's with a mark", "Excel's with sep", "tabs and 0/1", "all 0/1"],
)
def test_csv_of_each_manner_is_read(table: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table.encode())
    given = {"topics": ("military", "space"), "stance": ("neutral",)}
    assert labels_of(path, Format.csv) == {"t:1": (None, given, "- Un.")}


def test_csv_of_an_export_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    row = {"id": "=a", "article": "+b", "text": '=HYPERLINK("x")', "stance": "neutral"}
    path = write_rows(tmp_path / "x.jsonl", [row | {"topics": [], "@n": "-1"}])
    export_labels(path, tmp_path / "x.csv", Format.csv, SCHEMA)
    rows = csv.reader((tmp_path / "x.csv").read_text().splitlines())
    assert [cell for row in rows for cell in row if cell.startswith(tuple("=+-@\t\r"))] == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("texte,stance\nUn.,neutral\n", r":1: no column 'text'; columns are texte, stance"),
        ("text,topics\nUn.,\n", r":1: no column 'stance', nor stance:supportive, .*: give the"),
        ("text,topics,topics:space,stance\na,,1,\n", "topics, topics:space all hold labels"),
        ("text,topics:spatial,stance\n", "column 'topics:spatial' is no label; allowed: topics:"),
        ("text,text,stance\n", "column 'text' is there twice"),
        ("text,topics,stance\nUn.,space\n", "line 2: 2 cells, but the header has 3"),
        ("text,topics,stance\n\nUn.,spatial,neutral\n", "line 3: topics: unknown label 'spatial'"),
        ("text,topics,stance\nUn.,,neutral|critical\n", "line 2: stance: must be one label"),
        ("text,military,space,diplomacy,sanctions,stance\na,2,,,,neutral\n", "must be 0 or 1, n"),
        ('text,topics,stance\n"Un.,,\n', "x.csv:2: not CSV: unexpected end"),
        ("text,topics,stance\n", "no labelled paragraph in it"),
    ],
)
def test_csv_faults_name_line_and_what_is_allowed(table: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(table)
    with pytest.raises(LabelsError, match=message):
        imported(path, Format.csv)


def test_huggingface_folder_has_class_labels_and_a_card(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export_labels(LABELS / "seeds.jsonl", tmp_path / "seeds", Format.huggingface, SCHEMA)
    (file,) = (tmp_path / "seeds").rglob("*.parquet")
    metadata = parquet.read_schema(file).metadata
    features = json.loads(metadata[b"huggingface"])["info"]["features"]
    assert features["stance"]["names"] == ["supportive", "neutral", "critical"]
    assert features["topics"]["feature"]["_type"] == "ClassLabel"
    card = (tmp_path / "seeds" / "README.md").read_text()
    assert card.startswith("---\nlanguage:\n- fr\n")
    assert "| `military` | militaire / military | 12 |" in card


def test_huggingface_numbers_are_read_by_the_names_of_their_file(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    # As datasets 4 and later write a List of class labels, in another order than the schema's.
    topics = {"feature": {"names": ["space", "military"], "_type": "ClassLabel"}, "_type": "List"}
    features = {"text": {"dtype": "string", "_type": "Value"}, "topics": topics}
    table = pyarrow.table({"text": ["Un."], "topics": [[0]], "stance": ["neutral"], "n": [1.5]})
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    (tmp_path / "set").mkdir()
    file = tmp_path / "set" / "train.parquet"
    parquet.write_table(table.replace_schema_metadata(about), file)
    done = imported(tmp_path / "set", Format.huggingface)
    assert done.notes[0] == "fields not kept: n"
    (paragraph,) = read_labels(tmp_path / "imported.jsonl", SCHEMA)
    assert paragraph.labels == {"topics": ("space",), "stance": ("neutral",)}
    parquet.write_table(table, file)
    (tmp_path / "imported.jsonl").unlink()
    assert "train.parquet, row 1: topics: label number 0, and the metadata" in fault_of(
        tmp_path / "set", Format.huggingface
    )


@pytest.mark.slow
def test_huggingface_folder_is_loaded_by_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = pytest.importorskip("datasets", reason="needs the library datasets installed")
    export_labels(LABELS / "composed.jsonl", tmp_path / "set", Format.huggingface, SCHEMA)
    loaded = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path))["train"]
    assert loaded.features["stance"].names == ["supportive", "neutral", "critical"]
    assert loaded.features["topics"].feature.names[0] == "military"
    loaded.to_parquet(str(tmp_path / "again.parquet"))
    import_labels(tmp_path / "again.parquet", tmp_path / "back.jsonl", Format.huggingface, SCHEMA)
    assert (tmp_path / "back.jsonl").read_bytes() == (LABELS / "composed.jsonl").read_bytes()


def test_dataset_card_shows_any_text_as_it_is(tmp_path: Path) -> None:
    path = write_schema(tmp_path / "s.toml", {"ton": ("single", ["bon", "nul"])})
    hostile = "a | b <script>alert(1)</script> `c` [d](http://e) # *f*"
    path.write_text(path.read_text().replace('fr="bon"', f'fr="{hostile}"'))
    labels = write_rows(
        tmp_path / "l.jsonl", [{"id": "a", "article": "a", "text": "Un.", "ton": "bon"}]
    )
    export_labels(labels, tmp_path / "set", Format.huggingface, read_schema(path))
    (row,) = (x for x in (tmp_path / "set" / "README.md").read_text().split("\n") if "script" in x)
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert not re.search(r"(?<!\\)[<\[*]", row)
