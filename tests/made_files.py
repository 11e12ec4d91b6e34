"""Files that are dear to somebody, and what lies in a folder."""

from pathlib import Path

import pytest
from conftest import ROOT

DEAR = "dear to its owner\n"


def contents(folder: Path) -> dict[str, object]:
    """Return all that lies in a folder: the bytes of files, where links lead."""
    return {
        str(path.relative_to(folder)): path.readlink()
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else path.is_dir()
        for path in folder.rglob("*")
    }


LABELS = "\n".join((ROOT / "labels" / "seeds.jsonl").read_text().split("\n")[:30]) + "\n"
SLOW = pytest.mark.slow
OTHER_COMMANDS = (
    ("import", "a.jsonl", "OUT", "--from", "prodigy", "--force"),
    ("export", "a.jsonl", "OUT", "--to", "doccano", "--force"),
    ("export", "a.jsonl", "OUT", "--to", "label-studio", "--force", "--predict"),
    ("agreement", "a.jsonl", "b.jsonl", "--disputes", "OUT"),
    ("agreement", "a.jsonl", "b.jsonl", "--agreed", "OUT"),
    ("audit", "a.jsonl", "--queue", "OUT"),
    pytest.param(("evaluate", "--labels", "a.jsonl", "--report", "OUT"), marks=SLOW),
    pytest.param(("train", "--labels", "a.jsonl", "--output", "OUT"), marks=SLOW),
)
