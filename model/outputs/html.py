"""The report of a batch as one HTML page: opens from disk, needs no network, runs no other script.

The page carries its data as JSON in blocks that a browser never runs: an index of the articles,
read when it opens, and their texts, read a block at a time when an article is opened or searched.
Its script and style lie in `page/`, and its Content-Security-Policy lets only them work.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from html import escape
from importlib.resources import files
from itertools import islice
from string import Template
from typing import Any, TextIO

from depeche.labels.schema import Schema
from depeche.model.outputs.html_data import index_block, inert_json, schema_names, texts_block

# Articles per block. An article is opened by parsing one block (50: about 0.3 MB, 2 ms), and a
# search in the texts lets the page breathe between two.
CHUNK = 50

# In the order in which they run, as one script: what a file uses comes before it.
_SCRIPTS = (
    "dom",
    "data",
    "state",
    "search",
    "select",
    "totals",
    "time",
    "charts",
    "sources",
    "list",
    "evidence",
    "article",
    "toolbar",
    "main",
)
_STYLES = ("page", "overview", "articles")


def write_page(
    records: Iterable[dict[str, Any]],
    schema: Schema,
    file: TextIO,
    *,
    title: str,
    n_failed: int | Callable[[], int] = 0,
) -> None:
    """Write the report of tagged articles as one page that needs nothing else.

    The same records give the same bytes: the page does not say when it was made.

    Parameters
    ----------
    records
        As `record.build_record` returns them, with `evidence` where words are to be marked;
        `source` may stand beside `site`. Read once, `CHUNK` of them in memory at a time.
    file
        Open for text as UTF-8.
    n_failed
        Number of inputs that could not be read, or a function to ask after the last record.
    """
    script, style = _script(), "".join(_page_file(f"{name}.css") for name in _STYLES)
    head = Template(_page_file("page.html")).substitute(
        title=escape(_printable(title)), policy=_policy(script, style), style=style
    )
    file.write(head)
    model: dict[str, Any] | None = None
    rest = iter(records)
    while chunk := list(islice(rest, CHUNK)):
        model = model or chunk[0].get("model")
        _write_block(file, "index", index_block(chunk, schema))
        _write_block(file, "texts", texts_block(chunk, schema))
    if callable(n_failed):
        n_failed = n_failed()
    names = schema_names(schema)
    about = {"dimensions": names, "model": model or {}, "n_failed": n_failed, "chunk": CHUNK}
    _write_block(file, "about", about)
    file.write(f"<script>{script}</script>\n</body>\n</html>\n")


def _script() -> str:
    """Return the page's script: its files in one scope, which the data cannot reach."""
    parts = "\n".join(_page_file(f"{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def _write_block(file: TextIO, name: str, data: Any) -> None:
    file.write(f'<script type="application/json" class="{name}">{inert_json(data)}</script>\n')


def _page_file(name: str) -> str:
    return (files("depeche.model.outputs") / "page" / name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    """Return a Content-Security-Policy under which only this script and this style work."""
    script_hash, style_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (script, style)
    )
    return (
        f"default-src 'none'; script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _printable(text: str) -> str:
    """Return a text that can be encoded: half a surrogate pair is replaced."""
    return text.encode("utf-8", "replace").decode()
