"""The rooms: imports go classify -> train -> model -> labels, and never back."""

import ast
from pathlib import Path

import pytest
from conftest import ROOT

from labels.schema import read_schema

ORDER = ("labels", "model", "train", "classify")
MODULES = [*ROOT.glob("labels/*.py"), *ROOT.glob("model/*.py"), *ROOT.glob("train/*.py")]


def imported(path: Path) -> set[str]:
    """Return the top-level names that a module imports, inside functions as well."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_room_imports_only_the_rooms_before_it(path: Path) -> None:
    room = ORDER.index(path.parent.name)
    assert not imported(path) & set(ORDER[room + 1 :])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_only_cli_modules_use_typer(path: Path) -> None:
    assert "typer" not in imported(path) or path.name == "cli.py"


def test_no_label_is_named_in_code() -> None:
    labels = read_schema().label_names
    for path in [*MODULES, ROOT / "classify.py"]:
        code = ast.unparse(ast.parse(path.read_text()))
        strings = [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant)]
        assert not set(labels) & {value for value in strings if isinstance(value, str)}, path
