"""Lists of paths, as `--files-from` takes them from shells and editors."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from pathlib import Path

STDIN = "-"


def read_list(source: Path) -> list[str]:
    """Return the paths that a file or, for `-`, standard input holds: one a line, or by NULs.

    Raises
    ------
    OSError
        When it cannot be read or, on Windows, is not UTF-8; elsewhere names hold any byte.
    """
    if str(source) != STDIN:
        listed = source.read_bytes()
    else:
        listed = sys.stdin.buffer.read() if sys.stdin is not None else b""
    try:
        return _paths_in(listed)
    except UnicodeDecodeError as err:
        raise OSError(errno.EILSEQ, "not UTF-8: save the list in this encoding") from err


def _paths_in(listed: bytes) -> list[str]:
    if listed.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # of PowerShell
        listed = listed.decode("utf-16").encode()
    listed = listed.removeprefix(codecs.BOM_UTF8)
    lines = listed.split(b"\0") if b"\0" in listed else listed.splitlines()
    return [os.fsdecode(line) for line in lines if line.strip()]
