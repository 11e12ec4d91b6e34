"""The text of a paragraph between its neighbours, with its keywords marked."""

from __future__ import annotations

import re

from textual.content import Content

from depeche.labels.labelling.messages import Texts
from depeche.labels.labelling.queue import Item
from depeche.labels.labelling.screens.lines import Lines
from depeche.labels.system.terminal import plain

_WIDEST = 92  # columns; longer lines are hard to read
_INDENT = 3  # columns before the text, and after it for the scroll bar


class Reading(Lines, can_focus=False):
    """Shows an item, or where there is none, that all is done."""

    def __init__(self, keywords: re.Pattern[str] | None, texts: Texts) -> None:
        super().__init__(id="text")
        self._keywords = keywords
        self._texts = texts
        self._shown: tuple[str, int, int] | None = None  # the item's id, and the size of the widget

    def show(self, item: Item | None) -> None:
        """Show a paragraph in the middle of the widget, unless it is there already."""
        shown = (item.id if item else "", *self.size)
        if shown == self._shown:
            return
        self._shown = shown
        if item is None:
            done = Content.styled(self._texts.all_done, "bold $success")
            self.put(self._wrapped(done + "\n" + self._texts.all_done_more, "▌"))
            return
        before, after = (
            self._wrapped(Content.styled(plain(text, lines=True), "$text-disabled"), " ")
            if text
            else []
            for text in (item.before, item.after)
        )
        text = self._wrapped(self._marked(item), "▌")
        top = len(before) + bool(before)
        above = max(1, (self.size.height - len(text)) // 2)
        apart = [Content("")]
        lines = [*before, *(apart if before else ()), *text, *apart, *after]
        self.put(lines, max(0, top - above))

    def _wrapped(self, text: Content, mark: str) -> list[Content]:
        width = max(10, min(self.size.width, _WIDEST) - 2 * _INDENT)
        start = Content.styled(f"{mark:<{_INDENT}}", "$primary")
        return [start + line.rstrip() for line in text.wrap(width)]

    def _marked(self, item: Item) -> Content:
        text = Content(plain(item.text, lines=True))
        done = shown = 0  # characters so far of the item's text, and of the plain text
        for match in self._keywords.finditer(item.text) if self._keywords else ():
            start = shown + len(plain(item.text[done : match.start()]))
            done, shown = match.end(), start + len(plain(match[0]))
            text = text.stylize("underline $accent", start, shown)
        return text
