"""Schemas: what binds a model to them, and the faults of a file."""

from pathlib import Path

import pytest
from conftest import write_schema

from depeche.labels.errors import SchemaError
from depeche.labels.schema import DEFAULT_SCHEMA, parse_schema, read_schema


def test_shipped_schema_has_a_multi_and_a_single_dimension() -> None:
    schema = read_schema()
    assert [(d.id, d.kind) for d in schema.dimensions] == [
        ("topics", "multi"),
        ("stance", "single"),
    ]
    assert schema.label_names == (
        *("military", "space", "diplomacy", "sanctions"),
        *("supportive", "neutral", "critical"),
    )


def test_schema_survives_the_round_trip_through_an_artifact() -> None:
    schema = read_schema()
    assert parse_schema(schema.to_dict(), where="manifest") == schema


def test_digest_changes_with_labels_but_not_with_wording(tmp_path: Path) -> None:
    text = DEFAULT_SCHEMA.read_text()
    reworded, renamed = tmp_path / "a.toml", tmp_path / "b.toml"
    reworded.write_text(text.replace("militaire", "armée"))
    renamed.write_text(text.replace('"military"', '"army"'))
    assert read_schema(reworded).digest == read_schema().digest
    assert read_schema(renamed).digest != read_schema().digest


def test_labels_shared_by_two_dimensions_get_qualified_names(tmp_path: Path) -> None:
    path = write_schema(
        tmp_path / "s.toml",
        {"eu": ("single", ["pro", "contra"]), "us": ("single", ["pro", "none"])},
    )
    assert read_schema(path).label_names == ("eu.pro", "contra", "us.pro", "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('kind = "multi"\nfr', 'kind = "many"\nfr'), "kind is 'many'; allowed: multi, single"),
        (('id = "space"', 'id = "military"'), "'military' is given twice"),
        (('id = "stance"', 'id = "text"'), "cannot be called 'text'"),
        (('id = "space"', 'id = "outer space"'), "only letters, digits, _ and - are allowed"),
        (("version = 1", 'version = "1"'), "version a whole number"),
        (('fr = "spatial"', 'french = "spatial"'), "missing fr"),
        (("[[dimension]]", "[[dimension"), "not a TOML file"),
    ],
)
def test_schema_with_a_fault_is_refused_with_its_reason(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    path = tmp_path / "schema.toml"
    path.write_text(DEFAULT_SCHEMA.read_text().replace(*change, 1))
    with pytest.raises(SchemaError, match=f"{path}.*{message}"):
        read_schema(path)


def test_missing_schema_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"none\.toml: cannot read the schema"):
        read_schema(tmp_path / "none.toml")
