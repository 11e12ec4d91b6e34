"""What is printed of a stranger's text is plain, and every module prints it by one."""

import ast
import re

import pytest
from code_rules import ROOT, Module, read_modules
from hypothesis import given
from hypothesis import strategies as st
from made_terminal import MARKS, shown
from rich.segment import Segment
from textual.color import Color

from depeche.labels.labelling.messages import TEXTS
from depeche.labels.labelling.queue import Item
from depeche.labels.labelling.screens.plain_lines import PlainLines
from depeche.labels.labelling.screens.reading import Reading
from depeche.labels.system.terminal import escaped, plain

PACKAGE = read_modules(ROOT)
KEYWORDS = re.compile("guer\u200bre|paix")


@pytest.mark.parametrize(
    "text", [f"{MARKS} la guer\u200bre{MARKS}, la paix", "guer\u200bre\r\n\tpaix"]
)
def test_keywords_are_marked_where_they_stand(text: str) -> None:
    item = Item(id="a:1", article="a", text=text)
    drawn = Reading(KEYWORDS, TEXTS["fr"])._marked(item)
    assert [drawn.plain[span.start : span.end] for span in drawn.spans] == ["guerre", "paix"]


def test_keyword_is_marked_each_time_that_it_stands() -> None:
    text = "paix \u200b" * 2_000
    drawn = Reading(KEYWORDS, TEXTS["fr"])._marked(Item(id="a:1", article="a", text=text))
    assert [span.start for span in drawn.spans] == [*range(0, 10_000, 5)]


@given(st.text(), st.text())
def test_plain_text_has_nothing_to_obey_and_parts_that_can_be_found(a: str, b: str) -> None:
    assert plain(a + b) == plain(a) + plain(b)
    assert plain(plain(a)) == plain(a)
    for text in (plain(a), escaped(a), plain(a, lines=True).replace("\n", "")):
        shown(text.encode())
        assert "\n" not in text


@given(st.text())
def test_messages_say_which_character_it_was(text: str) -> None:
    printable = "".join(c for c in text if c.isprintable() and c != "\\")
    assert escaped(printable) == printable
    assert escaped(f"{printable}\x9b\u202e\n") == f"{printable}\\x9b\\u202e\\n"


def test_french_is_left_as_it_is() -> None:
    text = "« L’œuvre — 10\u202f% à 15\xa0h ; naïveté, e\u0301te\u0301, 中文, عربي, 😀\ufe0f »"
    assert plain(text) == escaped(text) == text


def calls(module: Module) -> set[str]:
    """Return the names that a module calls or passes on, such as `typer.echo`."""
    nodes = ast.walk(module.tree)
    return {ast.unparse(x) for x in nodes if isinstance(x, ast.Name | ast.Attribute)}


def test_only_one_module_prints() -> None:
    """Others draw: rich on what `table` makes of plain texts, Textual through `PlainLines`."""
    printing = r"(typer|click)\.(echo|secho|style|confirm|prompt|print\w*)|print|pprint"
    printing += r"|(sys\.(__)?std(out|err)(__)?|os)\.write(lines)?"
    printing_modules = {
        module.file
        for module in PACKAGE
        if any(re.fullmatch(printing, name) for name in calls(module))
    }
    # The second prints one fixed line.
    allowed = {"labels/system/terminal.py", "labels/system/stopping.py"}
    assert not printing_modules - allowed


def test_what_is_drawn_is_drawn_of_plain_texts() -> None:
    uses = re.compile(r"^\s*(from|import) rich\b(?!\.(cells|segment))", re.MULTILINE)
    # The table of an article, where it is written, and the bar of a batch, which has numbers only.
    assert {module.file for module in PACKAGE if uses.search(module.text)} == {
        "model/outputs/terminal.py",
        "model/batch/streaming.py",
        "model/batch/progress.py",
    }
    (module,) = (module for module in PACKAGE if module.file == "model/outputs/terminal.py")
    nodes = ast.walk(module.tree)
    texts = [x for x in nodes if isinstance(x, ast.Call) and ast.unparse(x.func) == "Text"]
    assert [ast.unparse(x) for x in texts] == ["Text(plain(text), style)"]


def test_each_line_of_the_app_goes_through_the_filter() -> None:
    filter_ = PlainLines()
    line = [Segment(f"a{character}b") for character in MARKS]
    seen = filter_.apply(line, Color(0, 0, 0))
    shown("".join(part.text for part in seen).encode())
    assert [part.cell_length for part in seen] == [part.cell_length for part in line]
