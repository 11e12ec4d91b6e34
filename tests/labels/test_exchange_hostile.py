"""Files of other tools that are broken or hostile end in errors of ours."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import write_rows
from made_exchange import OUTPUTS, SCHEMA, fault_of, imported

from depeche.labels.errors import ClassifyError, LabelsError
from depeche.labels.exchange.exporting import export_labels
from depeche.labels.exchange.formats import Format
from depeche.labels.exchange.importing import import_labels
from depeche.labels.records import read_labels


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
    labels = write_rows(tmp_path / "l.jsonl", [row])
    export_labels(labels, tmp_path / OUTPUTS[form], form, SCHEMA)
    content = json.loads((tmp_path / OUTPUTS[form]).read_text())
    n_refused = 0
    for place in places_of(content):
        for wrong in WRONG:
            file = tmp_path / "changed.json"
            file.write_text(json.dumps(changed(content, place, wrong)))
            message = refusal(file, form)
            n_refused += message is not None
            assert message is None or message.startswith(str(file)), (place, wrong)
    assert n_refused > 50


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_huggingface_metadata_of_wrong_types_are_said_where_they_are_needed(
    wrong: Any, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    row = {"id": "a", "article": "b", "text": "Un.", "topics": ["space"], "stance": "neutral"}
    labels = write_rows(tmp_path / "l.jsonl", [row])
    export_labels(labels, tmp_path / "set", Format.huggingface, SCHEMA)
    (file,) = (tmp_path / "set").rglob("*.parquet")
    table = parquet.read_table(file)
    metadata = json.loads(table.schema.metadata[b"huggingface"])
    n_refused = 0
    for place in places_of(metadata):
        text = json.dumps(changed(metadata, place, wrong))
        parquet.write_table(table.replace_schema_metadata({"huggingface": text}), file)
        message = refusal(tmp_path / "set", Format.huggingface)
        n_refused += message is not None
        assert message is None or "row 1: " in message, place
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
            message = refusal(path, Format.huggingface)
            assert message is None or message.startswith(str(path))
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
    write_rows(tmp_path / "in.jsonl", rows)
    done = import_labels(tmp_path / "in.jsonl", tmp_path / "o.jsonl", Format.doccano, SCHEMA)
    assert len(done.files) == 2
    for path, paragraphs in done.files.items():
        assert path.parent == tmp_path
        assert len(path.name.encode()) < 120
        assert read_labels(path, SCHEMA)[0].annotator == paragraphs[0].annotator
    assert [p[0].annotator for p in done.files.values()] == names


@pytest.mark.parametrize("names", [("Anne", "anne"), ("ÉLODIE", "élodie"), ("a/b", "a b")])
def test_annotators_whose_files_a_disk_takes_for_one_are_refused(
    names: tuple[str, str], tmp_path: Path
) -> None:
    rows = [
        {**{"id": "1", "article": "x", "text": "Un.", "label": ["neutral"]}, "annotator": name}
        for name in names
    ]
    write_rows(tmp_path / "in.jsonl", rows)
    with pytest.raises(LabelsError, match="give annotators other names"):
        import_labels(tmp_path / "in.jsonl", tmp_path / "o.jsonl", Format.doccano, SCHEMA)
