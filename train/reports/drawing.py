"""matplotlib as it comes, whatever lies in the current folder.

Its import obeys a file `matplotlibrc` there, which may have come with the data: it can have LaTeX
run on texts of its own, or be a pipe that never ends.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, chdir, nullcontext
from pathlib import Path


def _elsewhere() -> AbstractContextManager[None]:
    """Return a stay in another folder; of a current folder that is gone, none: it holds nothing."""
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
