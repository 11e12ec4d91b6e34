"""Shell patterns on the paths of files: those that include or exclude, and those that name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache

_PART = re.compile(r"\*\*/|\*+|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_MAGIC = re.compile(r"[*?\[]")


def is_pattern(path: str) -> bool:
    """Return whether a path holds one of the signs of a pattern."""
    return _MAGIC.search(path) is not None


def matches_any(patterns: Sequence[str], relative: str) -> bool:
    """Return whether a path matches a pattern as a whole, or its last name does.

    `*` stands for folders as well: `sport/*` matches `sport/2024/a.txt`.
    """
    name = relative.rpartition("/")[2]
    return any(
        _regex(pattern, ".*").fullmatch(relative) or _regex(pattern, ".*").fullmatch(name)
        for pattern in patterns
    )


class Glob:
    """The files that a pattern names, as the shell would expand it with `**` for folders.

    `base` is the folder before its first sign; the paths given to its methods start from there.
    """

    def __init__(self, pattern: str) -> None:
        parts = pattern.rstrip("/").split("/")
        n_plain = next(i for i, part in enumerate(parts) if is_pattern(part))
        self.base = "/".join(parts[:n_plain]) or ("/" if pattern.startswith("/") else ".")
        if self.base.endswith(":"):  # a drive of Windows, where C: is the current folder on it
            self.base += "/"
        self._parts = parts[n_plain:]
        self._regex = re.compile(_regex("/".join(self._parts), "[^/]*").pattern + "(?:/.*)?", re.S)

    def enters(self, folder: str) -> bool:
        """Return whether a folder may hold files that are named."""
        for name, part in zip(folder.split("/"), self._parts, strict=False):
            if part == "**":
                return True
            if not fnmatchcase(name, part):
                return False
        return True

    def takes(self, file: str) -> bool:
        """Return whether a file, or a folder that it is in, is named."""
        return self._regex.fullmatch(file) is not None

    def spells(self, name: str) -> bool:
        """Return whether the pattern spells the ending of a file's name, as `*.text` does."""
        last = self._parts[-1]
        tail = re.split(r"[*?\]]", last)[-1]
        return name.endswith(tail) and ("." in tail or tail == last)


@cache
def _regex(pattern: str, star: str) -> re.Pattern[str]:
    """Return what matches a shell pattern, `star` standing for `*`."""
    regex = []
    for part in _PART.findall(pattern.rstrip("/")):
        if part == "**/":
            regex.append("(?:.*/)?")
        elif part.startswith("*"):
            regex.append(".*" if len(part) > 1 else star)
        elif part == "?":
            regex.append("[^/]")
        elif part.startswith("[") and len(part) > 1:
            body = re.sub(r"([\\&~|\[^])", r"\\\1", part[1:-1])
            regex.append(f"[^{body[1:]}]" if body.startswith("!") else f"[{body}]")
        else:
            regex.append(re.escape(part))
    try:
        return re.compile("".join(regex), re.DOTALL)
    except re.error:  # a range that runs backwards is no range
        return re.compile(re.escape(pattern))
