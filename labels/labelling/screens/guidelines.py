"""The help that `?` shows: the keys, and the guidelines or the definitions of the schema."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from depeche.labels.labelling.keys import Keys
from depeche.labels.labelling.messages import Texts
from depeche.labels.labelling.screens.lines import Lines
from depeche.labels.labelling.screens.markdown import markdown_lines
from depeche.labels.schema import DEFAULT_SCHEMA, Schema, read_schema
from depeche.labels.system.terminal import plain

GUIDELINES = Path(__file__).parents[2] / "GUIDELINES.md"


def help_text(schema: Schema, keys: Keys, texts: Texts) -> str:
    """Return the help as Markdown: with our guidelines for our schema, else with definitions."""
    lines = [f"## {texts.keys_title}", ""]
    lines += [f"- **{key}** {what}" for key, what in texts.keys]
    if schema.digest == read_schema(DEFAULT_SCHEMA).digest:
        return "\n".join([*lines, "", GUIDELINES.read_text(encoding="utf-8")])
    lines += ["", f"## {texts.definitions}"]
    for dimension in schema.dimensions:
        how = texts.any_number if dimension.kind == "multi" else texts.exactly_one
        lines += ["", f"### {texts.name(dimension)} ({how})", ""]
        lines += [
            f"- **{keys.by_label[dimension.id, label.id]} {texts.name(label)}**: "
            f"{plain(label.definition)}"
            for label in dimension.labels
        ]
    return "\n".join(lines)


def text_width(columns: int) -> int:
    """Return the width of the text on a screen with that many columns: see app.tcss."""
    return max(20, min(columns, 104) - 7)


class GuidelinesScreen(ModalScreen[None]):
    """Shows a text in Markdown over the paragraph."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,question_mark,q,enter", "dismiss", "close"),
    ]

    def __init__(self, text: str, texts: Texts) -> None:
        super().__init__(classes="dialog full")
        self._text = text
        self._texts = texts

    def compose(self) -> ComposeResult:
        """Lay the text out."""
        with Vertical() as box:
            box.border_subtitle = self._texts.close_hint
            yield Lines()

    def on_resize(self) -> None:
        """Wrap the text again."""
        self.query_one(Lines).put(markdown_lines(self._text, text_width(self.size.width)))
