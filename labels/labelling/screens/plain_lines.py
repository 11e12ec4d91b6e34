"""The last filter of a line before the terminal: it takes out all control characters."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from depeche.labels.system.terminal import FORBIDDEN


class PlainLines(LineFilter):
    """Takes control characters out of what any widget draws; each part keeps its width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the parts of a line without control characters."""
        return [Segment(_seen(text), style, control) for text, style, control in segments]


def _seen(text: str) -> str:
    if not FORBIDDEN.search(text):
        return text
    return set_cell_size(FORBIDDEN.sub("", text), cell_len(text))
