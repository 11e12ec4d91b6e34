"""The last that is done to a line before it goes to the terminal: no character in it is obeyed."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from depeche.labels.system.terminal import FORBIDDEN


class PlainLines(LineFilter):
    """Leaves of what is drawn, by any widget, only what is seen.

    A line stays as long as it was laid out.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the parts of a line."""
        return [Segment(_seen(text), style, control) for text, style, control in segments]


def _seen(text: str) -> str:
    if not FORBIDDEN.search(text):
        return text
    return set_cell_size(FORBIDDEN.sub("", text), cell_len(text))
