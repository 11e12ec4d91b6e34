"""The labelling app: its screen and colours, and how it ends when the terminal closes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.theme import Theme

from depeche.labels.labelling.messages import Texts
from depeche.labels.labelling.screens.plain_lines import PlainLines
from depeche.labels.labelling.screens.screen import LabelScreen
from depeche.labels.labelling.session import Session

_LOOK_S = 2.0  # how often to look whether the terminal is still there

_DARK = Theme(
    name="depeche",
    dark=True,
    background="#12161d",
    surface="#1a202a",
    panel="#222a36",
    foreground="#dde3ec",
    primary="#86b3f5",
    secondary="#c3a6f2",
    accent="#e8bd76",
    success="#9ccf85",
    warning="#f0c36d",
    error="#f28b82",
    variables={"text-muted": "#9aa5b5", "text-disabled": "#727d8e", "mark": "#465162"},
)


class LabelApp(App[None]):
    """The labelling app. The session keeps every decision in its file."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q", "quit", priority=True)]

    def __init__(self, session: Session, texts: Texts) -> None:
        super().__init__()
        self.session = session
        self._texts = texts
        self._plain_lines = PlainLines()
        self.register_theme(_DARK)
        self.theme = _DARK.name

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters that each line of each widget passes through."""
        return [*super().get_line_filters(), self._plain_lines]

    def on_mount(self) -> None:
        """Show the first paragraph."""
        if sys.platform != "win32":  # the terminal closes, or the process is asked to end
            loop = asyncio.get_running_loop()
            for number in (signal.SIGHUP, signal.SIGTERM):
                loop.add_signal_handler(number, self.exit)
        if os.isatty(0):
            self.set_interval(_LOOK_S, self._exit_without_terminal)
        self.push_screen(LabelScreen(self.session, self._texts))

    def _exit_without_terminal(self) -> None:
        """End where a terminal goes without a signal, which Textual would read for ever."""
        if not os.isatty(0):
            self.exit()
