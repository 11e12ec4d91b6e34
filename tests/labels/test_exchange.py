"""Labelled paragraphs to other tools and back."""

import csv
import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import ROOT, Classify, write_schema
from hypothesis import given, settings
from hypothesis import strategies as st

from depeche.labels.errors import ClassifyError, InputError, LabelsError
from depeche.labels.exchange.exporting import export_labels
from depeche.labels.exchange.formats import Format, Prediction, format_of
from depeche.labels.exchange.importing import Imported, import_labels
from depeche.labels.paragraphs import format_labels
from depeche.labels.records import parse_record, read_labels
from depeche.labels.schema import Schema, parse_schema, read_schema

SCHEMA = read_schema()
LABELS = ROOT / "labels"
OUTPUTS = {
    Format.label_studio: "out.json",
    Format.doccano: "out.jsonl",
    Format.prodigy: "out.jsonl",
    Format.csv: "out.csv",
    Format.huggingface: "out",
}
HOSTILE = ["=1+1", "'=1+1", "'", '"', ",", ";", "|", "\n", "\r", "\r\n", "\t", "@", "-", "é", "🙂"]
HOSTILE += ["\u2028", "\0", "{", "]", "<b>", "&", "\\", " ", "#", "e\u0301", "\ufeff"]
TEXT = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=4), min_size=1, max_size=6).map("".join)
FILLED = TEXT.map(lambda text: text if text.strip() else f"{text}x")
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
NAMES = ["outlet", "note", "meta", "span", "other", "doc", "label", "", " a ", "=x", "d:a", "a"]
IDS = st.sampled_from(["a", "b", "c", "é", "a-b", "0", "_x", "Aa"])


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    dimensions = []
    for name in draw(st.lists(IDS, min_size=1, max_size=3, unique=True)):
        kind = draw(st.sampled_from(["multi", "single"]))
        labels = draw(st.lists(IDS, min_size=2, max_size=4, unique=True))
        fields = {"fr": draw(FILLED.filter(str.isprintable)), "en": name}
        label = [{"id": x, "fr": "é", "en": x, "definition": draw(FILLED)} for x in labels]
        dimensions.append({"id": name, "kind": kind, **fields, "label": label})
    return parse_schema({"name": "s", "version": 1, "dimension": dimensions}, where="s")


@st.composite
def records(draw: st.DrawFn, schema: Schema, n: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(["body", "body", "heading"]))
    names = st.sampled_from([x for x in NAMES if x not in {d.id for d in schema.dimensions}])
    record: dict[str, Any] = {"id": f"{draw(TEXT)}{n}"}
    record |= {"article": draw(FILLED), "text": draw(FILLED)}
    for dimension in schema.dimensions if kind == "body" else ():
        ids = st.sampled_from(dimension.label_ids)
        multi = st.lists(ids, unique=True, max_size=3)
        record[dimension.id] = draw(multi if dimension.kind == "multi" else ids)
    known = {"kind": kind, "annotator": draw(st.none() | TEXT), "source": draw(st.none() | TEXT)}
    other = draw(st.dictionaries(names, VALUE, max_size=3))
    labels = {d.id: record[d.id] for d in schema.dimensions if d.id in record}
    votes = draw(st.dictionaries(TEXT, st.just(labels), max_size=2)) if labels else None
    dates = st.none() | st.dates().map(str)
    noted = {"flag": draw(st.sampled_from([None, "unsure"])), "comment": draw(st.none() | TEXT)}
    return record | known | other | noted | {"date": draw(dates), "votes": votes}


@pytest.mark.parametrize("form", [*Format, "indicators"])
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_exported_imports_again_as_the_same_bytes(form: str, data: st.DataObject) -> None:
    schema = data.draw(schemas())
    rows = [data.draw(records(schema, n)) for n in range(data.draw(st.integers(1, 4)))]
    indicators = form == "indicators"
    form = Format.csv if indicators else Format(form)
    paragraphs = []
    for row in rows:
        if indicators:  # 0 and 1 hold no order
            row |= {
                d.id: [x for x in d.label_ids if x in row[d.id]]
                for d in schema.dimensions
                if d.kind == "multi" and d.id in row
            }
        paragraph, faults = parse_record(row, schema)
        assert paragraph is not None, faults
        paragraphs.append(paragraph)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.jsonl").write_bytes(format_labels(paragraphs, schema).encode())
        output = folder / OUTPUTS[form]
        export_labels(folder / "in.jsonl", output, form, schema, indicators=indicators)
        done = import_labels(output, folder / "back.jsonl", form, schema)
        assert done.notes == ()
        assert (folder / "back.jsonl").read_bytes() == (folder / "in.jsonl").read_bytes()


@pytest.mark.parametrize(
    "form", [x if x is Format.csv else pytest.param(x, marks=pytest.mark.slow) for x in Format]
)
def test_shipped_files_go_through_the_command_line_and_come_back(
    form: Format, classify: Classify, tmp_path: Path
) -> None:
    name = "seeds" if form is Format.prodigy else "composed"
    done = classify("export", LABELS / f"{name}.jsonl", OUTPUTS[form], "--to", form)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    n = {"seeds": 78, "composed": 978}[name]
    assert done.stderr.splitlines()[-1] == f"classify: {n} paragraphs in {OUTPUTS[form]}"
    done = classify("import", OUTPUTS[form], "back.jsonl", "--from", form)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{n} paragraphs of" in done.stderr
    assert (tmp_path / "back.jsonl").read_bytes() == (LABELS / f"{name}.jsonl").read_bytes()


@pytest.mark.parametrize("form", Format)
def test_text_of_orangesum_travels_but_never_lands_in_a_label_file(
    form: Format, orangesum: Path, tmp_path: Path
) -> None:
    lines = (LABELS / "press.jsonl").read_text().splitlines(keepends=True)[:5]
    labels = tmp_path / "press.jsonl"
    labels.write_text("".join(lines) + (LABELS / "seeds.jsonl").read_text())
    output = tmp_path / OUTPUTS[form]
    done = export_labels(labels, output, form, SCHEMA)
    assert (done.n_paragraphs, done.n_left_out) == (78, 5)
    done = export_labels(labels, output, form, SCHEMA, orangesum=orangesum, force=True)
    assert (done.n_paragraphs, done.n_left_out) == (83, 0)
    import_labels(output, tmp_path / "back.jsonl", form, SCHEMA)
    assert (tmp_path / "back.jsonl").read_bytes() == labels.read_bytes()


def test_altered_or_unplaced_text_of_orangesum_is_refused(tmp_path: Path) -> None:
    span = {"doc": 1, "start": 0, "end": 5, "sha256": "0" * 64}
    meta = {"id": "a", "article": "x", "source": "orangesum"}
    row = {"text": "Autre.", "label": ["neutral"]}
    path = write_lines(tmp_path / "a.jsonl", [row | {"meta": meta | {"span": span}}])
    assert "text: not the text of OrangeSum that was labelled" in fault_of(path, Format.doccano)
    path = write_lines(tmp_path / "b.jsonl", [row | {"meta": meta}])
    assert "not ours to keep, and its span is missing" in fault_of(path, Format.doccano)


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def imported(path: Path, form: Format, **options: Any) -> Imported:
    return import_labels(path, path.with_name("imported.jsonl"), form, SCHEMA, **options)


def labels_of(path: Path, form: Format, **options: Any) -> dict[str, Any]:
    """Return what an import wrote: of each id, annotator, labels and text."""
    done = imported(path, form, **options)
    (file,) = done.files
    return {p.id: (p.annotator, p.labels, p.text) for p in read_labels(file, SCHEMA)}


def fault_of(path: Path, form: Format) -> str:
    with pytest.raises(LabelsError) as caught:
        imported(path, form)
    assert not path.with_name("imported.jsonl").exists()
    return str(caught.value)


def choices(name: str, *labels: str) -> dict[str, Any]:
    # As Label Studio 1.x exports it.
    return {
        "id": "k3x",
        "from_name": name,
        "to_name": "text",
        "type": "choices",
        "origin": "manual",
        "value": {"choices": list(labels)},
    }


def task(text: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": 7,
        "data": {"text": text, "article": "art", "id": text},
        "annotations": annotations,
        "drafts": [],
        "predictions": [],
        "meta": {},
        "created_at": "2026-01-02T03:04:05Z",
        "inner_id": 1,
        "total_annotations": 1,
        "cancelled_annotations": 0,
        "project": 1,
    }


def annotation(who: Any, *result: dict[str, Any], **fields: Any) -> dict[str, Any]:
    about = {"id": 12, "was_cancelled": False, "ground_truth": False, "lead_time": 4.2, "task": 7}
    return about | {"completed_by": who, "result": list(result)} | fields


def test_label_studio_annotators_of_one_task_get_a_file_each(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    neutral = choices("stance", "neutral")
    by_mail = {"id": 2, "email": "b@x.fr", "first_name": "", "last_name": ""}
    tasks = [
        task(
            "Un.",
            annotation(1, choices("topics", "space", "military"), neutral),
            annotation(by_mail, neutral),
        ),
        task("Deux.", annotation(1, neutral), annotation(by_mail, was_cancelled=True)),
        task("Trois."),
        task("Quatre.", annotation(1)),
    ]
    path.write_text(json.dumps(tasks))
    done = imported(path, Format.label_studio)
    assert [(f.name, len(found)) for f, found in done.files.items()] == [
        ("imported-1.jsonl", 2),
        ("imported-b@x.fr.jsonl", 1),
    ]
    first, _ = read_labels(tmp_path / "imported-1.jsonl", SCHEMA)
    assert first.labels == {"topics": ("space", "military"), "stance": ("neutral",)}
    assert (first.id, first.article, first.annotator) == ("Un.", "art", "1")
    assert done.notes == (
        "left out 1 skipped: task 2, annotation 2",
        "left out 1 without annotation: task 3",
        "left out 1 empty: task 4, annotation 1",
    )


def test_label_studio_json_min_and_completions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "min.json"
    about = {"annotation_id": 3, "created_at": "2026", "updated_at": "2026", "lead_time": 2.0}
    path.write_text(json.dumps([
        {"text": "Un.", "id": 1, "topics": "space", "stance": "critical", "annotator": 4, **about},
        {"text": "Deux.", "id": 2, "topics": {"choices": ["space", "sanctions"]},
         "stance": "neutral", "annotator": "b@x.fr", **about},
    ]))  # fmt: skip
    assert labels_of(path, Format.label_studio) == {
        "1": ("4", {"topics": ("space",), "stance": ("critical",)}, "Un."),
        "2": ("b@x.fr", {"topics": ("space", "sanctions"), "stance": ("neutral",)}, "Deux."),
    }
    old = task("Un.") | {"completions": [annotation(None, choices("stance", "neutral"))]}
    del old["annotations"]
    path.write_text(json.dumps([old]))
    assert labels_of(path, Format.label_studio, force=True)["Un."][1]["stance"] == ("neutral",)


def test_label_studio_faults_name_task_annotation_and_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    both = choices("stance", "neutral", "critical")
    path.write_text(json.dumps([
        task("Un.", annotation(1, choices("topics", "militaire"), both)),
        task("Deux.", annotation(1, choices("sujets", "space"), choices("topics", "space"))),
        task("", annotation(1, choices("stance", "neutral"))),
        task("x", annotation(1, choices("stance", "neutral")),
             annotation(1, choices("stance", "neutral"))),
    ]))  # fmt: skip
    assert fault_of(path, Format.label_studio).splitlines() == [
        f"{path}: task 1, annotation 1: topics: unknown label 'militaire'; "
        "allowed: military, space, diplomacy, sanctions",
        f"{path}: task 1, annotation 1: stance: must be one label, not ['neutral', 'critical']; "
        "allowed: supportive, neutral, critical",
        f"{path}: task 2, annotation 1: from_name: unknown 'sujets'; allowed: topics, stance",
        f"{path}: task 2, annotation 1: stance: must be one label, not None; "
        "allowed: supportive, neutral, critical",
        f"{path}: task 3, annotation 1: text: empty",
        f"{path}: task 4, annotation 2: id: 'x' is already task 4, annotation 1, annotator '1'",
    ]


def test_label_studio_configuration_shows_names_and_keeps_ids(tmp_path: Path) -> None:
    export_labels(LABELS / "seeds.jsonl", tmp_path / "t.json", Format.label_studio, SCHEMA)
    view = ElementTree.fromstring((tmp_path / "t.config.xml").read_text())
    assert [(x.get("name"), x.get("choice")) for x in view.findall("Choices")] == [
        ("topics", "multiple"), ("stance", "single"),
    ]  # fmt: skip
    shown = {x.get("alias"): x.get("value") for x in view.iter("Choice")}
    assert shown["military"] == "militaire"
    assert set(shown) == set(SCHEMA.label_names)


def test_label_studio_predictions_say_how_sure_they_are(tmp_path: Path) -> None:
    def predict(texts: Any) -> list[Prediction]:
        scores = {"topics": dict.fromkeys(SCHEMA.dimensions[0].label_ids, 0.1)}
        scores["topics"]["space"] = 0.9
        scores["stance"] = {"supportive": 0.7, "neutral": 0.2, "critical": 0.1}
        given: dict[str, tuple[str, ...]] = {"topics": ("space",), "stance": ("supportive",)}
        return [Prediction(model="m 1", labels=given, scores=scores)] * len(texts)

    path = tmp_path / "t.json"
    export_labels(LABELS / "seeds.jsonl", path, Format.label_studio, SCHEMA, predict=predict)
    first, *_ = json.loads(path.read_text())
    (found,) = first["predictions"]
    assert (found["model_version"], found["score"]) == ("m 1", 0.7)
    assert [r["value"]["choices"] for r in found["result"]] == [["space"], ["supportive"]]


def test_export_asks_the_model_for_predictions(classify: Classify, tmp_path: Path) -> None:
    done = classify("export", LABELS / "seeds.jsonl", "tasks.json", "--predict")
    assert done.returncode == 0, done.stderr
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    n_body = sum(t["data"]["meta"]["kind"] == "body" for t in tasks)
    assert n_body == sum(bool(t.get("predictions")) for t in tasks) == 32
    done = classify("export", LABELS / "seeds.jsonl", "x.csv", "--predict")
    assert done.returncode == 2
    assert "label-studio" in done.stderr


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
    path = write_lines(tmp_path / "admin.jsonl", [row])
    (found,) = labels_of(path, Format.doccano).values()
    assert found[1] == {"topics": ("space",), "stance": ("neutral",)}
    assert found[0] == row.get("username")


def test_doccano_comments_and_lacking_articles_are_named(tmp_path: Path) -> None:
    row = {"id": 3, "text": "Un.", "label": ["neutral"], "Comments": ["À revoir"]}
    done = imported(write_lines(tmp_path / "admin.jsonl", [row]), Format.doccano, annotator="ana")
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
    path = write_lines(tmp_path / "x.jsonl", rows)
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
    path = write_lines(tmp_path / "news.jsonl", rows)
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
    path = write_lines(tmp_path / "x.jsonl", rows)
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
    path = write_lines(tmp_path / "x.jsonl", [row | {"topics": [], "@n": "-1"}])
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


@pytest.mark.parametrize("form", Format)
def test_nothing_is_replaced_unless_asked(form: Format, tmp_path: Path) -> None:
    output = tmp_path / OUTPUTS[form]
    output.write_text("mine")
    with pytest.raises(InputError, match="is already there: give another name, or --force"):
        export_labels(LABELS / "seeds.jsonl", output, form, SCHEMA)
    assert output.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [output]


def test_folder_with_other_files_and_the_input_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "these.docx").touch()
    form = Format.huggingface
    with pytest.raises(InputError, match=r"holds these\.docx, which is not replaced"):
        export_labels(LABELS / "seeds.jsonl", tmp_path / "set", form, SCHEMA, force=True)
    copy = tmp_path / "x.csv"
    copy.write_text("text,topics,stance\nUn.,,neutral\n")
    with pytest.raises(InputError, match="is read, and would be overwritten"):
        import_labels(copy, copy, Format.csv, SCHEMA, force=True)
    export_labels(LABELS / "seeds.jsonl", tmp_path / "new", form, SCHEMA)
    export_labels(LABELS / "seeds.jsonl", tmp_path / "new", form, SCHEMA, force=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "set", "x.csv"]


@pytest.mark.parametrize("form", [f for f in Format if f is not Format.huggingface])
@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"[" * 100_000, b"3\n", b'{"text": "a"}\n'])
def test_hostile_file_ends_in_an_error_of_ours(form: Format, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(ClassifyError, match="x"):
        imported(path, form)


WRONG: list[Any] = [None, 0, -1, 1e9, True, "", "x", [], [[]], {}, {"a": [1]}, "é" * 300, [None]]


def refusal(path: Path, form: Format) -> str | None:
    """Return with what error of ours a file is refused, None where it is imported."""
    try:
        import_labels(path, path.with_name("back.jsonl"), form, SCHEMA, force=True)
    except ClassifyError as err:
        return str(err)
    return None


def places_of(value: Any) -> list[tuple[Any, ...]]:
    """Return the way to each part of JSON data."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [(), *((key, *rest) for key, inner in items for rest in places_of(inner))]


def changed(value: Any, place: tuple[Any, ...], wrong: Any) -> Any:
    """Return JSON data with another part in a place."""
    if not place:
        return wrong
    copy = value.copy()
    copy[place[0]] = changed(value[place[0]], place[1:], wrong)
    return copy


@pytest.mark.parametrize("form", [Format.label_studio, Format.doccano, Format.prodigy])
def test_wrong_type_anywhere_in_a_tools_file_ends_in_an_error_of_ours_or_is_left(
    form: Format, tmp_path: Path
) -> None:
    row = {
        **{"id": "a", "article": "b", "text": "Un.", "topics": ["space"], "stance": "neutral"},
        **{"annotator": "anne", "comment": "ici", "flag": "unsure", "date": "2024-01-31"},
        **{"kind": "body", "source": "s", "extra": {"n": [1]}},
    }
    labels = write_lines(tmp_path / "l.jsonl", [row])
    export_labels(labels, tmp_path / OUTPUTS[form], form, SCHEMA)
    whole = json.loads((tmp_path / OUTPUTS[form]).read_text())
    n_refused = 0
    for place in places_of(whole):
        for wrong in WRONG:
            file = tmp_path / "changed.json"
            file.write_text(json.dumps(changed(whole, place, wrong)))
            told = refusal(file, form)
            n_refused += told is not None
            assert told is None or told.startswith(str(file)), (place, wrong)
    assert n_refused > 50


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_huggingface_metadata_of_wrong_types_are_said_where_they_are_needed(
    wrong: Any, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    row = {"id": "a", "article": "b", "text": "Un.", "topics": ["space"], "stance": "neutral"}
    labels = write_lines(tmp_path / "l.jsonl", [row])
    export_labels(labels, tmp_path / "set", Format.huggingface, SCHEMA)
    (file,) = (tmp_path / "set").rglob("*.parquet")
    table = parquet.read_table(file)
    whole = json.loads(table.schema.metadata[b"huggingface"])
    n_refused = 0
    for place in places_of(whole):
        text = json.dumps(changed(whole, place, wrong))
        parquet.write_table(table.replace_schema_metadata({"huggingface": text}), file)
        told = refusal(tmp_path / "set", Format.huggingface)
        n_refused += told is not None
        assert told is None or "row 1: " in told, place
    assert n_refused >= 5


@pytest.mark.parametrize("metadata", [b"", b"\xff", b"[" * 100_000, b"null", b'{"info": NaN}'])
def test_huggingface_metadata_that_are_no_json_are_none(metadata: bytes, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"text": ["Un."], "topics": [["space"]], "stance": [2]})
    path = tmp_path / "a.parquet"
    parquet.write_table(table.replace_schema_metadata({"huggingface": metadata}), path)
    assert "stance: label number 2, and the metadata" in fault_of(path, Format.huggingface)


def test_huggingface_columns_of_wrong_types_are_said(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    good = {"text": ["Un."], "topics": [["space"]], "stance": ["neutral"], "id": ["a"]}
    far = pyarrow.array([1 << 62], pyarrow.timestamp("ms"))
    for column in good:
        for values in ([1], [None], [[["a"]]], [{"a": 1}], [b"\xff"], [2.5], [True], far):
            parquet.write_table(pyarrow.table(good | {column: values}), path)
            told = refusal(path, Format.huggingface)
            assert told is None or told.startswith(str(path))
    twice = pyarrow.Table.from_arrays([pyarrow.array(["Un."])] * 2, names=["text", "text"])
    parquet.write_table(twice, path)
    assert str(path) in fault_of(path, Format.huggingface)


@pytest.mark.parametrize(
    "names",
    [
        ["b" * 300, "a"],
        ["é" * 200, "é" * 201],
        ["../../x", "a"],
        ["/etc/passwd", ".."],
        ["a\0b", "\x1b[2J"],
        ["名" * 99, "a"],
        ["CON", "nul"],
    ],
)
def test_annotators_whose_names_are_no_names_of_files_get_a_file_each(
    names: list[str], tmp_path: Path
) -> None:
    rows = [
        {**{"id": "1", "article": "x", "text": "Un.", "label": ["neutral"]}, "annotator": name}
        for name in names
    ]
    write_lines(tmp_path / "in.jsonl", rows)
    found = import_labels(tmp_path / "in.jsonl", tmp_path / "o.jsonl", Format.doccano, SCHEMA)
    assert len(found.files) == 2
    for path, paragraphs in found.files.items():
        assert path.parent == tmp_path
        assert len(path.name.encode()) < 120
        assert read_labels(path, SCHEMA)[0].annotator == paragraphs[0].annotator
    assert [p[0].annotator for p in found.files.values()] == names


@pytest.mark.parametrize("names", [("Anne", "anne"), ("ÉLODIE", "élodie"), ("a/b", "a b")])
def test_annotators_whose_files_a_disk_takes_for_one_are_refused(
    names: tuple[str, str], tmp_path: Path
) -> None:
    rows = [
        {**{"id": "1", "article": "x", "text": "Un.", "label": ["neutral"]}, "annotator": name}
        for name in names
    ]
    write_lines(tmp_path / "in.jsonl", rows)
    with pytest.raises(LabelsError, match="give annotators other names"):
        import_labels(tmp_path / "in.jsonl", tmp_path / "o.jsonl", Format.doccano, SCHEMA)


def test_dataset_card_shows_any_text_as_it_is(tmp_path: Path) -> None:
    path = write_schema(tmp_path / "s.toml", {"ton": ("single", ["bon", "nul"])})
    hostile = "a | b <script>alert(1)</script> `c` [d](http://e) # *f*"
    path.write_text(path.read_text().replace('fr="bon"', f'fr="{hostile}"'))
    labels = write_lines(
        tmp_path / "l.jsonl", [{"id": "a", "article": "a", "text": "Un.", "ton": "bon"}]
    )
    export_labels(labels, tmp_path / "set", Format.huggingface, read_schema(path))
    (row,) = (x for x in (tmp_path / "set" / "README.md").read_text().split("\n") if "script" in x)
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert not re.search(r"(?<!\\)[<\[*]", row)


def test_format_is_told_by_the_name_where_it_can_be(tmp_path: Path) -> None:
    assert format_of(Path("a.json")) is Format.label_studio
    assert format_of(Path("a.CSV")) is Format.csv
    assert format_of(tmp_path) is Format.huggingface
    with pytest.raises(LabelsError, match=r"a\.jsonl: its name does not tell the format"):
        format_of(Path("a.jsonl"))


def test_labels_that_two_dimensions_share_are_told_apart(tmp_path: Path) -> None:
    path = write_schema(
        tmp_path / "s.toml", {"ton": ("single", ["bon", "nul"]), "sujet": ("multi", ["bon", "x"])}
    )
    schema = read_schema(path)
    row = {"id": "a", "article": "a", "text": "Un.", "ton": "bon", "sujet": ["bon", "x"]}
    labels = write_lines(tmp_path / "l.jsonl", [row])
    for form, key in ((Format.doccano, "label"), (Format.prodigy, "accept")):
        export_labels(labels, tmp_path / form, form, schema)
        assert json.loads((tmp_path / form).read_text())[key] == ["ton:bon", "sujet:bon", "x"]
