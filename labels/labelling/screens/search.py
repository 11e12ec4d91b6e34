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
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.system.terminal import plain

_AT_MOST = 1000  # paragraphs listed; more words narrow the list
_MOST_COLUMNS, _FRAME = 104, 7  # of the dialog: see app.tcss
_AROUND = 24  # characters shown before the first word that matches


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
        self._items: Sequence[Item] = ()  # those listed
        self._framed = ("", "")  # what stands in the frame
        self._place = 0  # of the marked paragraph in the list

    def compose(self) -> ComposeResult:
        """Lay the dialog out."""
        with Vertical():
            yield Input(placeholder=self._texts.search)
            yield Lines()

    def on_mount(self) -> None:
        """Send the keys to the words, and list all paragraphs."""
        self.query_one(Lines).can_focus = False
        self._list()

    def renew(self) -> None:
        """Bring the list up to date and select the words, before the screen is shown.

        Once the screen is shown, it would be drawn twice.
        """
        if self.is_mounted:
            self.query_one(Input).select_all()
            self._list()

    def on_resize(self) -> None:
        """Keep the marked paragraph in sight."""
        self.query_one(Lines).reveal(self._place)

    def on_input_changed(self) -> None:
        """List the paragraphs that hold the words."""
        self._list()

    def on_input_submitted(self) -> None:
        """Go to the marked paragraph."""
        if self._items:
            self.dismiss(self._items[self._place].id)

    def on_click(self, event: events.Click) -> None:
        """Go to the clicked paragraph."""
        lines = self.query_one(Lines)
        offset = event.get_content_offset(lines) if event.widget is lines else None
        if offset is not None and lines.first + offset.y < len(self._items):
            self.dismiss(self._items[lines.first + offset.y].id)

    def action_other(self, step: int) -> None:
        """List all paragraphs, or the open, decided or marked ones."""
        self._which = WHICH[(WHICH.index(self._which) + step) % len(WHICH)]
        self._list()

    def action_move(self, step: int) -> None:
        """Mark another paragraph of the list."""
        self._place = max(0, min(self._place + step, len(self._items) - 1))
        self._draw()

    def _list(self) -> None:
        """Search again, and show what there is."""
        words = self.query_one(Input).value
        self._items, n_items = self._session.find(words, self._which, _AT_MOST)
        self._place = 0
        title = self._texts.n_listed.format(n=n_items, total=len(self._session.items))
        chosen = (
            f"[b]{name}[/b]" if which == self._which else name
            for which, name in zip(WHICH, self._texts.which, strict=True)
        )
        hint = self._texts.search_hint.format(which="/".join(chosen))
        if (title, hint) != self._framed:  # a new title redraws the entire box
            self._framed = (title, hint)
            box = self.query_one(Vertical)
            box.border_title, box.border_subtitle = title, hint
        self._draw()

    def _draw(self) -> None:
        """Show the list, and which paragraph is marked."""
        lines = self.query_one(Lines)
        lines.put_drawn(self._drawn, len(self._items), lines.first)
        lines.reveal(self._place)

    def _drawn(self, place: int) -> Content:
        """Return a line of the list."""
        width = min(self.size.width, _MOST_COLUMNS) - _FRAME
        line = self._line(self._items[place], self.query_one(Input).value, width)
        if place != self._place:
            return "  " + line
        return (Content("▸ ") + line).stylize("bold on $primary 25%")

    def _line(self, item: Item, words: str, width: int) -> Content:
        """Return a line on a paragraph: decided or not, the words around a match, its labels."""
        record = self._session.file.records.get(item.id)
        text = " ".join(item.text.split())
        first = next(iter(folded(words).split()), "")
        # The place in the folded text is about the same as the place in the text.
        place = item.folded.find(first) if first else 0
        start = place - _AROUND if place > _AROUND else 0
        excerpt = ("…" if start else "") + plain(text[start : start + 2 * width])
        mark = Content.styled("✓ " if record else "○ ", "$success" if record else "$text-muted")
        end = self._decided(record).truncate(width // 2, ellipsis=True) if record else Content("")
        room = width - end.cell_length
        line = (mark + excerpt).truncate(room, ellipsis=True)
        return line + " " * (room - line.cell_length) + end

    def _decided(self, record: LabelledParagraph) -> Content:
        """Return the labels of a decided paragraph, or its kind, and whether it is unsure."""
        labels = [
            label
            for dimension in self._session.schema.dimensions
            for label in dimension.labels
            if label.id in record.labels.get(dimension.id, ())
        ]
        names = ", ".join(self._texts.name(label) for label in labels)
        names = names if record.kind == "body" else self._texts.kinds[record.kind]
        return Content.styled(f"  {names}{' !' if record.flag else ''}", "$secondary")
