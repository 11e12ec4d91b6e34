"""Labelled paragraphs to other tools and back."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from conftest import Classify, write_rows, write_schema
from hypothesis import given, settings
from hypothesis import strategies as st
from made_exchange import LABELS, OUTPUTS, SCHEMA, fault_of

from depeche.labels.errors import InputError, LabelsError
from depeche.labels.exchange.exporting import export_labels
from depeche.labels.exchange.formats import Format, format_of
from depeche.labels.exchange.importing import import_labels
from depeche.labels.paragraphs import format_labels
from depeche.labels.records import parse_record
from depeche.labels.schema import Schema, parse_schema, read_schema

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


def in_schema_order(row: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return a record whose labels are in the order of the schema."""
    return row | {
        d.id: [x for x in d.label_ids if x in row[d.id]]
        for d in schema.dimensions
        if d.kind == "multi" and d.id in row
    }


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
            row = in_schema_order(row, schema)
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
    path = write_rows(tmp_path / "a.jsonl", [row | {"meta": meta | {"span": span}}])
    assert "text: not the text of OrangeSum that was labelled" in fault_of(path, Format.doccano)
    path = write_rows(tmp_path / "b.jsonl", [row | {"meta": meta}])
    assert "not ours to keep, and its span is missing" in fault_of(path, Format.doccano)


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
    labels = write_rows(tmp_path / "l.jsonl", [row])
    for form, key in ((Format.doccano, "label"), (Format.prodigy, "accept")):
        export_labels(labels, tmp_path / form, form, schema)
        assert json.loads((tmp_path / form).read_text())[key] == ["ton:bon", "sujet:bon", "x"]
