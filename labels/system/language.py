"""The language in which the user reads messages."""

from __future__ import annotations

import os
from typing import Literal

Language = Literal["en", "fr"]


def language_of_locale() -> Language:
    """Return French where the environment asks for it, else English.

    The first variable that is set decides, in the order of POSIX.
    """
    values = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "fr" if next(filter(None, values), "").lower().startswith("fr") else "en"
