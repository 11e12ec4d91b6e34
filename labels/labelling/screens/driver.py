"""Reads the keys of a Unix terminal so that Esc is answered at once."""

from __future__ import annotations

import os
from codecs import getincrementaldecoder
from select import select

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

# Esc is also how the bytes of an arrow begin, all of which a terminal sends at once. Textual waits
# 0.1 s for the others, and looks every 0.1 s whether it waited; tmux waits 10 ms.
_OTHERS_S = 0.02
_LOOK_S, _REST_S = 0.01, 0.1


class QuickDriver(LinuxDriver):
    """Textual's driver, which waits for what may follow Esc for 20 ms, or as long as $ESCDELAY."""

    def run_input_thread(self) -> None:
        """Hand on what is typed until the app ends."""
        if "ESCDELAY" not in os.environ:
            constants.ESCAPE_DELAY = _OTHERS_S  # type: ignore[misc]
        parser = XTermParser()
        decode = getincrementaldecoder("utf-8")("replace").decode
        wait = _REST_S
        while not self.exit_event.is_set():
            if select([self.fileno], [], [], wait)[0]:
                typed = os.read(self.fileno, 1 << 12)
                if not typed:
                    return  # the terminal is gone; a signal ends the app
                wait = _LOOK_S if typed.endswith(b"\x1b") else _REST_S
                if whole := decode(typed):  # not the first byte of a letter alone
                    for message in parser.feed(whole):
                        self.process_message(message)
            for message in parser.tick():
                self.process_message(message)
