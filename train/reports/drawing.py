"""Imports matplotlib with its default settings, whatever lies in the current folder.

matplotlib obeys a file `matplotlibrc` in the current folder, which may have come with the data.
Such a file can run LaTeX on texts that it contains, or be a pipe that never ends.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, chdir, nullcontext
from pathlib import Path


def _elsewhere() -> AbstractContextManager[None]:
    """Return a context in another folder; none is needed if the current one was deleted."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return nullcontext()
    return chdir(sys.prefix)


with _elsewhere():
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties, findfont, get_font
    from matplotlib.ticker import NullLocator

__all__ = [
    "Axes",
    "Figure",
    "FontProperties",
    "LineCollection",
    "NullLocator",
    "findfont",
    "get_font",
]
