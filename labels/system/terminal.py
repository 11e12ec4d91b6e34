r"""Prints on terminals, and makes any text safe to be shown there.

Texts, ids, names of files, annotators, models and schemas come from strangers. In them, a control
character can set the clipboard or the title of the window, a character of direction turns a name
round, an invisible one makes two names look alike, and a line break forges a message. Commands
print only by `tell`, `show_lines` and `show_json`; texts for a library that draws (rich, Textual)
are made `plain` first.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO, cast

# C0, DEL, C1, the separators of lines and paragraphs, halves of surrogate pairs.
_CONTROLS = ((0, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029), (0xD800, 0xDFFF))
# The invisible characters of format (Unicode's category Cf).
_UNSEEN = (
    (0xAD, 0xAD),  # soft hyphen
    (0x61C, 0x61C),  # direction
    (0x180E, 0x180E),  # vowel separator of Mongolian
    (0x200B, 0x200F),  # zero width, direction
    (0x202A, 0x202E),  # direction
    (0x2060, 0x206F),  # word joiner, invisible operators, direction
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFF9, 0xFFFB),  # annotations
    (0x1BCA0, 0x1BCA3),  # shorthand
    (0x1D173, 0x1D17A),  # music
    (0xE0000, 0xE007F),  # tags, assigned or not
)
_PLAIN = {
    code: shown
    for ranges, shown in ((_CONTROLS, " "), (_UNSEEN, None))
    for first, last in ranges
    for code in range(first, last + 1)
}
FORBIDDEN = re.compile(f"[{''.join(f'{chr(a)}-{chr(b)}' for a, b in _CONTROLS + _UNSEEN)}]")


def plain(text: str, *, lines: bool = False) -> str:
    r"""Return a text for the screen, on one line: blanks for controls, no invisible characters.

    Each character is replaced apart from the others, so that parts of a text can be found again:
    the plain text of `a + b` is the plain text of `a` and that of `b`.

    Parameters
    ----------
    lines
        Whether line feeds stay.

    >>> plain("co\xadopé\u200bration\n\x1b[31m")
    'coopération  [31m'
    """
    if lines:
        return "\n".join(map(plain, text.split("\n")))
    return text.translate(_PLAIN)


def escaped(text: str) -> str:
    r"""Return a name or a message on one line, with escapes for what `plain` would change.

    >>> escaped("a\n\x1b[31m.txt")
    'a\\n\\x1b[31m.txt'
    """
    return FORBIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def tell(line: str, *, start: str = "classify: ", end: str = "\n") -> None:
    """Print a message on standard error, on one line whatever it holds."""
    _write(sys.stderr, start + escaped(line) + end)


def show_lines(lines: Iterable[str]) -> None:
    """Print a result for people on standard output."""
    _write(sys.stdout, "".join(f"{plain(line)}\n" for line in lines))


def show_json(value: Any) -> None:
    """Print a result for programs on standard output: JSON, with more escapes on a terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if sys.stdout is not None and sys.stdout.isatty():
        text = _json_escaped(text)
    # Half of a character, from the name of a file, has no UTF-8: its escape is valid in JSON.
    _write(sys.stdout, text.encode("utf-8", "backslashreplace").decode() + "\n")


def guarded(stream: TextIO) -> TextIO:
    """Return a stream for records; on a terminal it escapes the characters that have effects."""
    return cast(TextIO, _Escaping(stream)) if stream.isatty() else stream


class _Escaping(io.TextIOBase):
    """A terminal to which records are written: escaped JSON is JSON with the same meaning."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(_json_escaped(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def _json_escaped(text: str) -> str:
    r"""Return records with escapes of JSON; line feeds and tabs stay.

    >>> _json_escaped('{"a": "\x9b"}')
    '{"a": "\\u009b"}'
    """

    def escape(match: re.Match[str]) -> str:
        if match[0] in "\n\t":
            return match[0]
        units = match[0].encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))

    return FORBIDDEN.sub(escape, text)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # closed by who started the command
        stream.write(text)
        stream.flush()
