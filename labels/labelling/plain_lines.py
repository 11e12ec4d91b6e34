"""The last that is done to a line before it goes to the terminal: no character in it is obeyed."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from labels.terminal import FORBIDDEN


class PlainLines(LineFilter):
    """Leaves of what is drawn, by any widget, only what is seen.

    Blanks take the place of a character that has cells, so that a line stays as long as it is.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the parts of a line."""
        return [Segment(_seen(text), style, control) for text, style, control in segments]


def _seen(text: str) -> str:
    return FORBIDDEN.sub(lambda found: " " * cell_len(found[0]), text)
