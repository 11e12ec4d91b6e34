"""A list of many lines, which draws only the visible ones and needs no layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget


class Lines(Widget, can_focus=True):
    """Shows wrapped lines from `first` on, and a scroll bar in the last column."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "move(-1)"),
        ("down", "move(1)"),
        ("pageup", "move(-10)"),
        ("pagedown", "move(10)"),
        ("home", "move(-100000)"),
        ("end", "move(100000)"),
    ]

    n_lines = 0
    first = 0

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: dict[tuple[int, int, int], Strip] = {}  # drawn so far, by line and size

    def put(self, lines: Sequence[Content], first: int = 0) -> None:
        """Show other lines."""
        self.put_drawn(lines.__getitem__, len(lines), first)

    def put_drawn(self, draw: Callable[[int], Content], n_lines: int, first: int = 0) -> None:
        """Show other lines, each drawn only when it becomes visible."""
        self.line = draw
        self.n_lines = n_lines
        self.first = 0
        self.action_move(first)

    def action_move(self, lines: int) -> None:
        """Scroll by some lines, as far as possible."""
        last = max(0, self.n_lines - self.size.height)
        self.first = min(max(0, self.first + lines), last)
        self._strips.clear()
        self.refresh()

    def reveal(self, place: int) -> None:
        """Scroll just enough to see a line."""
        below = place - self.first - max(1, self.size.height) + 1
        if step := min(0, place - self.first) or max(0, below):
            self.action_move(step)

    def on_resize(self) -> None:
        """Leave no empty rows below the last line."""
        if self.first > max(0, self.n_lines - self.size.height):
            self.action_move(0)

    def on_mouse_scroll_down(self) -> None:
        """Scroll."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Scroll back."""
        self.action_move(-3)

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen."""
        place, (width, height) = y + self.first, self.size
        key = (y, width, height)
        if key not in self._strips:  # a dialog that opens is drawn twice
            self._strips[key] = self._draw_line(y, place, width, height)
        return self._strips[key]

    def _draw_line(self, y: int, place: int, width: int, height: int) -> Strip:
        n_lines = self.n_lines
        line = self.line(place) if place < n_lines else Content("")
        if n_lines > height and self.first * height <= y * n_lines < (self.first + height) * height:
            line = line + " " * (width - 1 - line.cell_length) + Content.styled("▐", "$mark")
        line = line.truncate(width, ellipsis=True)
        return Visual.to_strips(self, line, width, 1, self.visual_style)[0]
