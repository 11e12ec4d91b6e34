"""The screen of one paragraph: its text, the labels, and what each key does."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from depeche.labels.errors import LabelsError
from depeche.labels.labelling.keys import AZERTY, DIGITS, assign_keys
from depeche.labels.labelling.keywords import keyword_pattern
from depeche.labels.labelling.messages import Texts
from depeche.labels.labelling.screens import bars
from depeche.labels.labelling.screens.comment import CommentScreen
from depeche.labels.labelling.screens.guidelines import GuidelinesScreen, help_text, text_width
from depeche.labels.labelling.screens.markdown import markdown_lines
from depeche.labels.labelling.screens.panel import BESIDE, Panel, Target
from depeche.labels.labelling.screens.reading import Reading
from depeche.labels.labelling.screens.search import SearchScreen
from depeche.labels.labelling.session import Session
from depeche.labels.schema import Dimension
from depeche.labels.system.terminal import escaped

_LEAST_TEXT = 9  # lines for the text, whatever the labels would like
_IDLE_S = 0.3  # after the first screen, before the guidelines are wrapped
_BARS = 5  # lines of header, progress, place, status and footer


class LabelScreen(Screen[None]):
    """Shows the paragraph of the session, and turns keys into its commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "focus_single(1)", show=False),
        Binding("shift+tab", "focus_single(-1)", show=False),
    ]

    def __init__(self, session: Session, texts: Texts) -> None:
        super().__init__()
        self.session = session
        self._texts = texts
        self._keys = assign_keys(session.schema)
        self._help_text = help_text(session.schema, self._keys, texts)
        self._searching = SearchScreen(session, texts)
        self._dimensions = {d.id: d for d in session.schema.dimensions}
        self._focus = self._keys.singles[0] if self._keys.singles else None
        self._targets: list[Target] = []
        self._parts: dict[str, Content] = {}  # shown now, by the id of their widget
        self._commands: dict[str, Callable[[], Content | None]] = {
            "enter": self._confirm,
            "right": self._forward,
            "left": self._back,
            "up": lambda: self._scroll(-1),
            "down": lambda: self._scroll(1),
            "pageup": lambda: self._scroll(-8),
            "pagedown": lambda: self._scroll(8),
            "u": self._undo,
            "s": self._ask,
            "b": lambda: self.session.draft.next_kind(),
            "!": self._flag,
            "c": self._comment,
            "/": self._search,
            "?": self._help,
            "q": lambda: self.app.exit(),
        }

    def compose(self) -> ComposeResult:
        """Lay the widgets out."""
        for name in ("header", "progress", "place"):
            yield Static(id=name)
        with Container(id="middle"):
            yield Reading(keyword_pattern(self.session.schema), self._texts)
            yield Static(id="panel")
        yield Static(id="status")
        yield Static(id="footer")

    def on_mount(self) -> None:
        """Install the dialogs, and wrap the guidelines before anybody asks for them."""
        self.app.install_screen(GuidelinesScreen(self._help_text, self._texts), "guidelines")
        self.app.install_screen(self._searching, "search")
        self.set_timer(
            _IDLE_S, lambda: markdown_lines(self._help_text, text_width(self.size.width))
        )

    def on_resize(self) -> None:
        """Lay out the screen again."""
        self.show()
        # The height that the labels leave is known once all is laid out.
        self.refresh(layout=True)
        self.call_after_refresh(lambda: self.query_one(Reading).show(self.session.item))

    def on_key(self, event: events.Key) -> None:
        """Do what a key stands for."""
        command = self._commands.get(event.key) or self._commands.get(event.character or "")
        if command is not None:
            event.stop()
            self._do(command)
            return
        chosen = self._label_of(event.character or "")
        if chosen is not None:
            event.stop()
            self._pick(*chosen)

    def on_click(self, event: events.Click) -> None:
        """Give or take back the label that is clicked."""
        if event.widget is None or event.widget.id != "panel":
            return
        offset = event.get_content_offset(event.widget)
        for line, start, end, dimension, label in self._targets:
            if offset is not None and line == offset.y and start <= offset.x < end:
                self._pick(dimension, label)

    def action_focus_single(self, step: int) -> None:
        """Give the digits to the next single dimension."""
        singles = self._keys.singles
        if self._focus is not None:
            self._focus = singles[(singles.index(self._focus) + step) % len(singles)]
            self.show()

    def show(self, message: Content | None = None) -> None:
        """Bring the screen up to date; a message stays until the next key."""
        session, texts, width = self.session, self._texts, self.size.width
        self._put("header", bars.header(session, texts, width))
        self._put("progress", bars.progress(session, width))
        self._put("place", bars.place(session, texts, width))
        self._put("footer", bars.footer(texts, width))
        status = message or bars.marks(session, texts) or bars.kept(session, texts)
        self._put("status", status.truncate(max(0, width - 2), ellipsis=True))
        self._show_panel()
        self.query_one(Reading).show(session.item)

    def _show_panel(self) -> None:
        width, height = self.size
        beside = width >= BESIDE
        self.query_one("#middle").set_class(beside, "beside")
        panel = Panel(
            schema=self.session.schema,
            keys=self._keys,
            texts=self._texts,
            draft=self.session.draft,
            counts=self.session.counts,
            suggestion=self.session.suggestion,
            votes=self.session.item.votes if self.session.item else {},
            focus=self._focus,
        )
        columns = width * 2 // 5 - 3 if beside else width
        lines = height - _BARS - (1 if beside else 1 + _LEAST_TEXT)
        content, self._targets = panel.render(columns, lines, beside=beside)
        self._put("panel", content)

    def _put(self, name: str, content: Content) -> None:
        """Update a part of the screen if it changes; lay out again only if its height changes."""
        old = self._parts.get(name)
        if old is None or not content.is_same(old):
            self._parts[name] = content
            layout = old is None or content.plain.count("\n") != old.plain.count("\n")
            self.query_one(f"#{name}", Static).update(content, layout=layout)

    def _do(self, command: Callable[[], Content | None]) -> None:
        """Do a command and show its message, or the error where the disk refused."""
        try:
            message = command()
        except LabelsError as err:
            message = Content.styled(escaped(str(err)), "bold $error")
        self.show(message)

    def _label_of(self, character: str) -> tuple[Dimension, str] | None:
        """Return the label that a key stands for now."""
        if character in self._keys.letters:
            dimension, label = self._keys.letters[character]
            return self._dimensions[dimension], label
        place = DIGITS.find(AZERTY.get(character, character)) if character else -1
        if self._focus is None or place < 0:
            return None
        focused = self._dimensions[self._focus]
        return (focused, focused.label_ids[place]) if place < len(focused.labels) else None

    def _pick(self, dimension: Dimension, label: str) -> None:
        if self.session.item is None:
            return
        if dimension.kind == "single":
            self._focus = dimension.id
        self.session.draft.toggle(dimension, label)
        self.show()

    def _confirm(self) -> Content | None:
        missing = self.session.confirm()
        if not missing:
            self._focus = self._keys.singles[0] if self._keys.singles else None
            return None
        if self._focus not in [d.id for d in missing]:
            self._focus = missing[0].id
        names = ", ".join(self._texts.name(dimension) for dimension in missing)
        several = len(self._keys.singles) > 1
        pattern = self._texts.missing_many if several else self._texts.missing
        last = DIGITS[min(len(missing[0].labels), len(DIGITS)) - 1]
        return self._warn(pattern.format(what=names, keys=f"1–{last}"))

    def _forward(self) -> Content | None:
        return None if self.session.forward() else self._note(self._texts.only_one)

    def _back(self) -> Content | None:
        return None if self.session.back() else self._note(self._texts.first)

    def _undo(self) -> Content | None:
        done = self.session.undo()
        return self._note(self._texts.undone if done else self._texts.nothing_to_undo)

    def _ask(self) -> Content | None:
        if self.session.ask():
            return None
        blind = self.session.suggests == "never"
        return self._note(self._texts.blind if blind else self._texts.no_suggestion)

    def _flag(self) -> None:
        draft = self.session.draft
        draft.flag = None if draft.flag else "unsure"

    def _scroll(self, lines: int) -> None:
        self.query_one(Reading).action_move(lines)

    def _comment(self) -> None:
        def put(comment: str | None) -> None:
            if comment is not None:
                self.session.draft.comment = comment
                self.show()

        if self.session.item is not None:
            self.app.push_screen(CommentScreen(self.session.draft.comment, self._texts), put)

    def _search(self) -> None:
        def go(id: str | None) -> None:
            if id is not None:
                self.session.jump(id)
                self.show()

        self._searching.renew()
        self.app.push_screen("search", go)

    def _help(self) -> None:
        self.app.push_screen("guidelines")

    def _note(self, text: str) -> Content:
        return Content.styled(text, "$text-muted")

    def _warn(self, text: str) -> Content:
        return Content.styled(text, "bold $warning")
