"""The documentation: every command and option is in it, and what it names is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
from conftest import ROOT
from typer.testing import CliRunner

from depeche.classify import app

PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [*sorted(ROOT.glob("README*.md")), ROOT / "CONTRIBUTING.md", *PAGES]
LINKED = [*DOCUMENTS, ROOT / "CHANGELOG.md"]

FENCE = re.compile(r"^( *)```.*?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
CALL = re.compile(r"(?:^|[\s\\/(])classify ([^|;&#\n]*)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
FOLDERS = ("benchmarks", "docs", "labels", "model", "seeds", "tests", "train")
REPOSITORY_PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./-]*")
# What stands for a path after `classify`: a file or a pattern, a placeholder, one of these folders.
PATH = re.compile(r"-|.*[./*].*|[A-Z]+…?|seeds|articles")


def iter_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield each command that does something, with its name as one types it."""
    subcommands = getattr(command, "commands", {})
    for name, subcommand in subcommands.items():
        yield from iter_commands(subcommand, (*path, name))
    if not subcommands:
        yield " ".join(path), command


FRONT_DOOR = typer.main.get_command(app)
COMMANDS = dict(iter_commands(FRONT_DOOR))


def options_of(command: Any) -> set[str]:
    names = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return {name for name in names if name.startswith("--")} | {"--help"}


EVERY_OPTION = set[str]().union(*map(options_of, [FRONT_DOOR, *COMMANDS.values()]))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_of(text: str) -> list[str]:
    """Return the blocks of code of a page, and its inline code with line breaks as blanks."""
    blocks = [block for _, block in FENCE.findall(text)]
    return blocks + [" ".join(span.split()) for span in SPAN.findall(FENCE.sub("", text))]


def prose_of(text: str) -> str:
    return SPAN.sub("", FENCE.sub("", text))


def anchors_of(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and mkdocs make them."""
    headings = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", h.lower()).strip()) for h in headings}


def call_of(arguments: str) -> tuple[str, list[str]]:
    """Return which command a line calls, and its options."""
    words = arguments.split()
    names = [name for name in COMMANDS if words[: len(name.split())] == name.split()]
    if names:
        return names[0], OPTION.findall(arguments)
    first = words[0].strip("'\"") if words else ""
    is_group = first in getattr(FRONT_DOOR, "commands", {}) and len(words) == 1
    is_path = PATH.fullmatch(first) is not None
    assert is_group or is_path or first.startswith("--"), f"no such command: classify {arguments}"
    return ("" if first.startswith("--") else "tag"), OPTION.findall(arguments)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    done = CliRunner().invoke(app, [*name.split(), "--help"])
    assert done.exit_code == 0
    assert "Example: classify" in done.stdout
    assert [option.name for option in COMMANDS[name].params if not option.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_on_a_page_that_names_its_command(name: str) -> None:
    pages = [text for text in map(text_of, PAGES) if f"classify {name}" in text]
    options = {option for text in pages for option in OPTION.findall(text)}
    assert pages, f"classify {name} is on no page of docs/"
    assert sorted(options_of(COMMANDS[name]) - options - {"--help"}) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_command_of_a_page_exists_with_its_options(path: Path) -> None:
    code = code_of(text_of(path))
    for name, options in map(call_of, CALL.findall("\n".join(code))):
        command = COMMANDS[name] if name else FRONT_DOOR
        assert sorted(set(options) - options_of(command)) == [], f"of classify {name}"
    named = {option for span in code if span.startswith("--") for option in OPTION.findall(span)}
    assert sorted(named - EVERY_OPTION) == []


@pytest.mark.parametrize("path", LINKED, ids=name_of)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    links = [unquote(link) for link in LINK.findall(prose_of(text_of(path)))]
    for link in links:
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file) if file else path
        assert target.is_file(), link
        if anchor:
            assert anchor in anchors_of(text_of(target)), link


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_path_of_the_repository_exists(path: Path) -> None:
    names = REPOSITORY_PATH.findall("\n".join(code_of(text_of(path))))
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_folder_of_the_package_is_in_the_tables_of_folders() -> None:
    page = text_of(ROOT / "docs" / "architecture.md")
    rooms = [ROOT / room for room in ("labels", "model", "train")]
    folders = [path.parent for room in rooms for path in room.rglob("__init__.py")]
    names = [f"`{name_of(folder)}/`" for folder in folders]
    assert [name for name in names if name not in page] == []


def test_readme_is_short() -> None:
    n_lines = len(text_of(ROOT / "README.md").splitlines())
    assert n_lines <= 180


def test_pictures_are_small() -> None:
    pictures = [*(ROOT / "docs" / "images").glob("*.[ps][nv]g")]
    assert len(pictures) == 4
    assert max(picture.stat().st_size for picture in pictures) < 200_000
