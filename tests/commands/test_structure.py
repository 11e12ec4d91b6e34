"""The rooms and the rules of the code: imports go classify -> train -> model -> labels."""

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest
from code_rules import (
    ROOT,
    Measure,
    Module,
    circles,
    cli_imports,
    complexities,
    forbidden_names,
    imported_by,
    lines_of_functions,
    lines_of_modules,
    modules_of_folders,
    read_modules,
    upward_imports,
)

from depeche.labels.schema import read_schema

PACKAGE = read_modules(ROOT)
EVERYTHING = [*PACKAGE, *read_modules(ROOT, "tests", "benchmarks")]


def check_none(faults: Sequence[str], rule: str) -> None:
    assert not faults, f"{rule}; {len(faults)} break it:\n" + "\n".join(faults)


def check_at_most(limit: int, measures: Sequence[Measure], rule: str) -> None:
    over = [str(measure) for measure in sorted(measures, reverse=True) if measure.value > limit]
    check_none(over, f"at most {limit} {rule}")
    assert measures


# The code


def test_rooms_import_only_the_rooms_before_them() -> None:
    check_none(upward_imports(PACKAGE), "imports go classify -> train -> model -> labels")


def test_no_modules_import_each_other_in_a_circle() -> None:
    check_none(circles(PACKAGE), "no circle of imports")


def test_no_cli_imports_another() -> None:
    check_none(cli_imports(PACKAGE), "no cli imports a cli")


def test_only_command_lines_use_typer() -> None:
    users = [x.file for x in PACKAGE if any(y.split(".")[0] == "typer" for y in imported_by(x))]
    others = [file for file in users if not file.endswith(("cli.py", "options.py", "classify.py"))]
    check_none(others, "only cli modules and their options use typer")


def test_folders_have_few_modules() -> None:
    check_at_most(15, modules_of_folders(PACKAGE), "modules in a folder")


def test_modules_are_short() -> None:
    check_at_most(300, lines_of_modules(PACKAGE), "lines in a module")


def test_functions_are_short() -> None:
    check_at_most(40, lines_of_functions(EVERYTHING), "lines in a function")


def test_functions_are_simple() -> None:
    check_at_most(12, complexities(PACKAGE), "as the complexity of a function")


def test_names_say_what_things_are() -> None:
    check_none(forbidden_names(EVERYTHING), "a name says what the thing is")


def test_readme_is_short() -> None:
    n = len((ROOT / "README.md").read_text(encoding="utf-8").splitlines())
    check_at_most(180, [Measure(n, "README.md")], "lines in the README")


def test_no_label_is_named_in_code() -> None:
    labels = set(read_schema().label_names)
    for module in PACKAGE:
        nodes = ast.walk(module.tree)
        strings = {x.value for x in nodes if isinstance(x, ast.Constant) and type(x.value) is str}
        assert not labels & strings, module.file


# The rules, on code that breaks them


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder in which nothing breaks a rule."""
    for file, text in {
        "labels/__init__.py": "",
        "labels/schema.py": "import typing\n",
        "labels/cli.py": "from depeche.labels import schema\n",
        "model/tagging.py": "from depeche.labels.schema import Schema\n",
        "train/fitting.py": "def fit():\n    import depeche.model.tagging\n",
        "classify.py": "import depeche.labels.cli\n",
    }.items():
        write(tmp_path, file, text)
    return tmp_path


def write(root: Path, file: str, text: str) -> list[Module]:
    (root / file).parent.mkdir(exist_ok=True)
    (root / file).write_text(text)
    return read_modules(root)


def test_code_that_obeys_breaks_no_rule(root: Path) -> None:
    modules = read_modules(root)
    assert [x.file for x in modules][-1] == "classify.py"
    for faults in (upward_imports, circles, cli_imports, forbidden_names):
        assert faults(modules) == []


@pytest.mark.parametrize(
    "text",
    [
        "import depeche.train.fitting",
        "from depeche.train import fitting",
        "from depeche import train",
        "from ..train import fitting",
        "def f():\n from depeche.train.fitting import fit",
        "if TYPE_CHECKING:\n import depeche.train.fitting",
    ],
)
def test_upward_import_is_seen(root: Path, text: str) -> None:
    faults = upward_imports(write(root, "model/bad.py", text))
    assert {fault.split(":")[0] for fault in faults} == {"model/bad.py"}


@pytest.mark.parametrize(
    "text",
    [
        "import depeche.model.tagging",
        "from depeche.model import tagging",
        "from . import tagging",
        "from .tagging import tag",
        "def f():\n    from depeche.model.tagging import tag",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import depeche.model.tagging",
    ],
)
def test_circle_is_named(root: Path, text: str) -> None:
    write(root, "model/tagging.py", "def f():\n    import depeche.model.b\n")
    write(root, "model/b.py", "import depeche.model.c\nimport depeche.labels.schema\n")
    names = ("b", "c", "tagging", "b")
    expected = " -> ".join(f"depeche.model.{name}" for name in names)
    assert circles(write(root, "model/c.py", text)) == [expected]


def test_import_for_types_only_closes_no_circle(root: Path) -> None:
    write(root, "labels/schema.py", "if typing.TYPE_CHECKING:\n    import depeche.labels.other\n")
    assert circles(write(root, "labels/other.py", "import depeche.labels.schema\n")) == []


def test_cli_that_imports_a_cli_is_seen(root: Path) -> None:
    modules = write(root, "train/cli.py", "import typer\nfrom depeche.labels import cli\n")
    assert cli_imports(modules) == ["train/cli.py:2: imports depeche.labels.cli"]


def test_modules_and_lines_are_counted_without_init(root: Path) -> None:
    modules = read_modules(root)
    assert set(modules_of_folders(modules)) == {
        Measure(2, "labels"),
        Measure(1, "model"),
        Measure(1, "train"),
    }
    assert Measure(2, "train/fitting.py") in lines_of_modules(modules)


LONG = "@decorated\ndef long(\n    a,\n):\n    '''Do.'''\n    async def inner():\n        pass\n"


def test_functions_are_measured_with_their_signature_but_in_a_cli(root: Path) -> None:
    write(root, "labels/long.py", LONG)
    measures = lines_of_functions(write(root, "labels/cli.py", LONG))
    assert [str(x) for x in measures if "long" in x.where and "labels/" in x.where] == [
        "labels/cli.py:2: long: 3",
        "labels/long.py:2: long: 6",
        "labels/long.py:6: inner: 2",
    ]


def test_complexity_counts_branches_of_methods_and_closures(root: Path) -> None:
    branches = "".join(f"            if x == {i}: pass\n" for i in range(13))
    text = f"class A:\n    def method(self):\n        def inner(x):\n{branches}"
    measures = complexities(write(root, "labels/many.py", text))
    assert Measure(14, "labels/many.py:3: inner") in measures
    assert "labels/many.py:2: method" in {x.where for x in measures}


@pytest.mark.parametrize(
    "text",
    [
        "def found(): pass",
        "async def found(): pass",
        "class found: pass",
        "def f(found): pass",
        "def f(*, found=1): pass",
        "def f(**found): pass",
        "lambda found: 1",
        "found = 1",
        "found: int",
        "a, (*found, b) = c",
        "self.found = 1",
        "self.found: int = 1",
        "for found in x: pass",
        "[a for found in x]",
        "(found := 1)",
        "with x as found: pass",
        "import numpy as found",
        "from numpy import found",
        "f(found=1)",
        "class A(found=1): pass",
        "try: pass\nexcept E as found: pass",
        "match x:\n    case [1, *found]: pass",
        "match x:\n    case A(found=1): pass",
        "match x:\n    case {**found}: pass",
        "match x:\n    case found: pass",
    ],
)
def test_forbidden_name_is_seen_wherever_it_is_defined(root: Path, text: str) -> None:
    line = len(text.splitlines())
    (fault,) = forbidden_names(write(root, "labels/bad.py", text))
    assert fault == f"labels/bad.py:{line}: found"


def test_name_that_only_holds_or_uses_a_forbidden_one_is_fine(root: Path) -> None:
    text = "import numpy as np\nnot_found = np.add.at(x, [found], 'of')\n"
    assert forbidden_names(write(root, "labels/fine.py", text)) == []
