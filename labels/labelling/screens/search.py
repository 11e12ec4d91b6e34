"""The dialog that searches the pool and goes to any paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from depeche.labels.labelling.messages import Texts
from depeche.labels.labelling.queue import Item, folded
from depeche.labels.labelling.screens.lines import Lines
from depeche.labels.labelling.session import WHICH, Session, Which
from depeche.labels.system.terminal import plain

_AT_MOST = 1000  # paragraphs listed; more words find the others
_MOST_COLUMNS, _FRAME = 104, 7  # of the dialog: see app.tcss
_AROUND = 24  # characters before the first word found


class SearchScreen(ModalScreen[str | None]):
    """Lists the paragraphs that hold some words; gives the id of the chosen one, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "close"),
        Binding("tab", "other(1)", priority=True),
        Binding("shift+tab", "other(-1)", priority=True),
        Binding("down", "move(1)", priority=True),
        Binding("up", "move(-1)", priority=True),
        Binding("pagedown", "move(10)", priority=True),
        Binding("pageup", "move(-10)", priority=True),
    ]

    def __init__(self, session: Session, texts: Texts) -> None:
        super().__init__(classes="dialog full")
        self._session = session
        self._texts = texts
        self._which: Which = WHICH[0]
        self._found: Sequence[Item] = ()
        self._framed = ("", "")  # what stands in the frame
        self._at = 0  # the paragraph that is marked

    def compose(self) -> ComposeResult:
        """Lay the dialog out."""
        with Vertical():
            yield Input(placeholder=self._texts.search)
            yield Lines()

    def on_mount(self) -> None:
        """Let the keys go to the words, and list all."""
        self.query_one(Lines).can_focus = False
        self._list()

    def renew(self) -> None:
        """List anew what may have changed, ready for other words, before the screen is shown.

        Once it is shown it would be drawn twice.
        """
        if self.is_mounted:
            self.query_one(Input).select_all()
            self._list()

    def on_resize(self) -> None:
        """Keep what is marked in sight."""
        self.query_one(Lines).reveal(self._at)

    def on_input_changed(self) -> None:
        """List what holds the words."""
        self._list()

    def on_input_submitted(self) -> None:
        """Go to the paragraph that is marked."""
        if self._found:
            self.dismiss(self._found[self._at].id)

    def on_click(self, event: events.Click) -> None:
        """Go to the paragraph that is clicked."""
        lines = self.query_one(Lines)
        offset = event.get_content_offset(lines) if event.widget is lines else None
        if offset is not None and lines.first + offset.y < len(self._found):
            self.dismiss(self._found[lines.first + offset.y].id)

    def action_other(self, step: int) -> None:
        """List all, open, decided or marked ones."""
        self._which = WHICH[(WHICH.index(self._which) + step) % len(WHICH)]
        self._list()

    def action_move(self, step: int) -> None:
        """Mark another paragraph of the list."""
        self._at = max(0, min(self._at + step, len(self._found) - 1))
        self._draw()

    def _list(self) -> None:
        """Find anew."""
        words = self.query_one(Input).value
        self._found, n_found = self._session.find(words, self._which, _AT_MOST)
        self._at = 0
        title = self._texts.found.format(n=n_found, total=len(self._session.items))
        chosen = (
            f"[b]{name}[/b]" if which == self._which else name
            for which, name in zip(WHICH, self._texts.which, strict=True)
        )
        hint = self._texts.search_hint.format(which="/".join(chosen))
        if (title, hint) != self._framed:  # a new title draws the whole box anew
            self._framed = (title, hint)
            box = self.query_one(Vertical)
            box.border_title, box.border_subtitle = title, hint
        self._draw()

    def _draw(self) -> None:
        """Show the list with its mark."""
        lines = self.query_one(Lines)
        lines.put_drawn(self._drawn, len(self._found), lines.first)
        lines.reveal(self._at)

    def _drawn(self, place: int) -> Content:
        """Return a line of the list."""
        width = min(self.size.width, _MOST_COLUMNS) - _FRAME
        line = self._line(self._found[place], self.query_one(Input).value, width)
        if place != self._at:
            return "  " + line
        return (Content("▸ ") + line).stylize("bold on $primary 25%")

    def _line(self, item: Item, words: str, width: int) -> Content:
        """Return a line on a paragraph: decided or not, its labels, and the words around a find."""
        record = self._session.file.records.get(item.id)
        text = " ".join(item.text.split())
        first = next(iter(folded(words).split()), "")
        at = item.folded.find(first) if first else 0  # about where it stands in the text as well
        start = at - _AROUND if at > _AROUND else 0
        end = Content("")
        if record is not None:
            dimensions = self._session.schema.dimensions
            labels = [
                x for d in dimensions for x in d.labels if x.id in record.labels.get(d.id, ())
            ]
            names = ", ".join(self._texts.name(label) for label in labels)
            names = names if record.kind == "body" else self._texts.kinds[record.kind]
            end = Content.styled(f"  {names}{' !' if record.flag else ''}", "$secondary")
            end = end.truncate(width // 2, ellipsis=True)
        mark = Content.styled("✓ " if record else "○ ", "$success" if record else "$text-muted")
        line = mark + (("…" if start else "") + plain(text[start : start + 2 * width]))
        room = width - end.cell_length
        line = line.truncate(room, ellipsis=True)
        return line + " " * (room - line.cell_length) + end
