"""Files of other tools, exported and imported for the tests."""

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from depeche.labels.errors import LabelsError
from depeche.labels.exchange.formats import Format
from depeche.labels.exchange.importing import Imported, import_labels
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema

SCHEMA = read_schema()
LABELS = ROOT / "labels"
OUTPUTS = {
    Format.label_studio: "out.json",
    Format.doccano: "out.jsonl",
    Format.prodigy: "out.jsonl",
    Format.csv: "out.csv",
    Format.huggingface: "out",
}


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
