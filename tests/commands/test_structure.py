"""The rooms: imports go classify -> train -> model -> labels, and never back."""

import ast
from pathlib import Path

import pytest
from conftest import ROOT

from depeche.labels.schema import read_schema

ORDER = ("labels", "model", "train", "classify")
MODULES = [path for room in ORDER[:-1] for path in sorted((ROOT / room).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    """Return what a module imports, inside functions as well: a room, or a top-level name."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules = [node.module or ""]
        names |= {module.removeprefix("depeche.").split(".")[0] for module in modules}
    return names


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_room_imports_only_the_rooms_before_it(path: Path) -> None:
    room = ORDER.index(path.relative_to(ROOT).parts[0])
    assert not imported(path) & set(ORDER[room + 1 :])


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_cli_modules_use_typer(path: Path) -> None:
    assert "typer" not in imported(path) or path.name in ("cli.py", "options.py")


def test_no_label_is_named_in_code() -> None:
    labels = read_schema().label_names
    for path in [*MODULES, ROOT / "classify.py"]:
        nodes = ast.walk(ast.parse(path.read_text()))
        strings = [node.value for node in nodes if isinstance(node, ast.Constant)]
        assert not set(labels) & {value for value in strings if isinstance(value, str)}, path
