"""The rules of the code, read from its syntax tree: what it measures, and what breaks them.

`python tests/code_rules.py` prints the largest measures.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent
ORDER = ("labels", "model", "train", "classify")  # a room imports only those before it
FORBIDDEN = {"found", "told", "whole", "own", "of", "at"}  # they do not say what a thing is


@dataclass(frozen=True)
class Module:
    """A module of the package, or a file of tests or benchmarks."""

    path: Path
    root: Path

    @property
    def file(self) -> str:
        """Return its path from the root: `model/tagging.py`."""
        return self.path.relative_to(self.root).as_posix()

    @property
    def room(self) -> str:
        return self.name.split(".")[1]

    @property
    def name(self) -> str:
        """Return the name by which it is imported: `depeche.model.tagging`."""
        parts = self.path.relative_to(self.root).with_suffix("").parts
        return ".".join(("depeche", *parts)).removesuffix(".__init__")

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


@dataclass(frozen=True, order=True)
class Measure:
    """A number and what has it."""

    value: int
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.value}"


def read_modules(root: Path, *folders: str) -> list[Module]:
    """Return the modules of folders, or of the package: its rooms and classify.py."""
    if not folders:
        rooms = [path for room in ORDER[:-1] for path in sorted((root / room).rglob("*.py"))]
        paths = [*rooms, root / "classify.py"]
    else:
        paths = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    return [Module(path, root) for path in paths if path.is_file()]


def modules_of_folders(modules: Iterable[Module]) -> list[Measure]:
    """Return how many modules each folder has, without its `__init__.py`."""
    counts: dict[str, int] = {}
    for module in modules:
        if module.path.name != "__init__.py" and module.path.parent != module.root:
            folder = module.path.parent.relative_to(module.root).as_posix()
            counts[folder] = counts.get(folder, 0) + 1
    return [Measure(n, folder) for folder, n in counts.items()]


def lines_of_modules(modules: Iterable[Module]) -> list[Measure]:
    return [Measure(len(module.text.splitlines()), module.file) for module in modules]


def lines_of_functions(modules: Iterable[Module]) -> list[Measure]:
    """Return how long functions are from `def` on; in a cli.py, from behind the signature on."""
    measures = []
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0].lineno if module.path.name == "cli.py" else node.lineno
                where = f"{module.file}:{node.lineno}: {node.name}"
                measures.append(Measure((node.end_lineno or 0) - first + 1, where))
    return measures


def complexities(modules: Iterable[Module]) -> list[Measure]:
    """Return the complexity of each function as radon counts it."""
    from radon.complexity import cc_visit
    from radon.visitors import Function

    measures = set()
    for module in modules:
        blocks = deque(cc_visit(module.text))
        while blocks:
            block = blocks.popleft()
            if not isinstance(block, Function):
                blocks += block.methods
            else:
                blocks += block.closures
                where = f"{module.file}:{block.lineno}: {block.name}"
                measures.add(Measure(block.complexity, where))
    return sorted(measures)


def forbidden_names(modules: Iterable[Module]) -> list[str]:
    """Return where something of ours gets a name that does not say what it is."""
    return [
        f"{module.file}:{line}: {name}"
        for module in modules
        for name, line in sorted(_names(module.tree), key=lambda pair: pair[1])
        if name in FORBIDDEN
    ]


def _names(tree: ast.Module) -> Iterator[tuple[str | None, int]]:
    """Yield the names that a module defines, and those of keyword arguments, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg(arg=name) | ast.keyword(arg=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name):
                yield name, node.lineno
            case ast.alias():
                yield node.asname or node.name.split(".")[0], node.lineno
            case ast.MatchMapping(rest=name):
                yield name, node.lineno
            case ast.MatchClass():
                yield from ((name, node.lineno) for name in node.kwd_attrs)


def imported_by(module: Module, *, for_types: bool = True) -> dict[str, int]:
    """Return what a module imports, inside functions as well, with the line of each.

    `from a import b` gives both `a` and `a.b`, as b may be a module.

    Parameters
    ----------
    for_types
        Whether what stands under `if TYPE_CHECKING` counts.
    """
    lines: dict[str, int] = {}
    nodes: deque[ast.AST] = deque([module.tree])
    while nodes:
        node = nodes.popleft()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            nodes += [*(node.body if for_types else ()), *node.orelse]
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            names = []
        for name in names:
            lines.setdefault(name, getattr(node, "lineno", 0))
        nodes += ast.iter_child_nodes(node)
    return lines


def _base(module: Module, node: ast.ImportFrom) -> str:
    """Return what follows `from`, in full where it is relative."""
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    package = parts if module.path.name == "__init__.py" else parts[:-1]
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *filter(None, [node.module])])


def upward_imports(modules: Iterable[Module]) -> list[str]:
    """Return the imports of a room that comes after the module's."""
    return [
        f"{module.file}:{line}: {module.room} imports {name}"
        for module in modules
        for name, line in imported_by(module).items()
        for later in ORDER[ORDER.index(module.room) + 1 :]
        if f"{name}.".startswith(f"depeche.{later}.")
    ]


def cli_imports(modules: Iterable[Module]) -> list[str]:
    """Return the imports of a cli by another."""
    return [
        f"{module.file}:{line}: imports {name}"
        for module in modules
        if module.path.name == "cli.py"
        for name, line in imported_by(module).items()
        if name.startswith("depeche.") and name.endswith(".cli")
    ]


def circles(modules: Iterable[Module]) -> list[str]:
    """Return a shortest circle of imports through each module that is in one, each circle once."""
    by_name = {module.name: module for module in modules}
    graph = {
        name: sorted(by_name.keys() & imported_by(module, for_types=False).keys())
        for name, module in by_name.items()
    }
    shown: dict[frozenset[str], str] = {}
    for name in sorted(graph):
        circle = _way_back(graph, name)
        if circle:
            shown.setdefault(frozenset(circle), " -> ".join(circle))
    return list(shown.values())


def _way_back(graph: dict[str, list[str]], start: str) -> list[str]:
    """Return a shortest way from a module to itself, or nothing."""
    ways, seen = deque([[start]]), set()
    while ways:
        way = ways.popleft()
        for name in graph[way[-1]]:
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def main() -> None:
    """Print the largest measures of the code."""
    package = read_modules(ROOT)
    everything = [*package, *read_modules(ROOT, "tests", "benchmarks")]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for what, measures in (
        ("modules in a folder", modules_of_folders(package)),
        ("lines in a module", lines_of_modules(package)),
        ("lines in a function", lines_of_functions(everything)),
        ("complexity of a function", complexities(package)),
        ("lines in the README", [Measure(len(readme.splitlines()), "README.md")]),
    ):
        largest = max(measures)
        sys.stdout.write(f"most {what}: {largest.value} ({largest.where})\n")


if __name__ == "__main__":
    main()
