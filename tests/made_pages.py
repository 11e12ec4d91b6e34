"""Records with made labels, and the HTML page that reports them."""

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from made_schemas import make_schema

from depeche.labels.schema import Schema
from depeche.model.outputs.html import write_page
from depeche.model.outputs.record import scores_key

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = (
    "<script>window.pwned=1</script></script><script>window.pwned=1</script> <!--<script> ]]> "
    '<img src="http://x.invalid/a.png" onerror="window.pwned=1"> <svg onload=window.pwned=1> '
    "javascript:window.pwned=1 &lt;b&gt; \" ' ` \\ ${window.pwned=1} "
    "\u2028 \u2029 \ud800 \u202e fin"
)
MODEL = {"name": "essai", "version": "1.2", "sha256": "ab" * 32, "schema": "0"}


Open = Callable[..., "Page"]
SCHEMA = make_schema({"t": ("multi", 3), "s": ("single", 3)})


def make_record(
    schema: Schema, texts: list[str], labels: dict[str, str | None], **fields: Any
) -> dict[str, Any]:
    """Return a record all of whose paragraphs have one label (or none) of each dimension."""
    record: dict[str, Any] = {"id": "a.txt", "language": "fr", "paragraphs": [], "model": MODEL}
    for index, text in enumerate(texts):
        paragraph: dict[str, Any] = {"index": index, "start": 2 * index, "text": text, "review": []}
        for d in schema.dimensions:
            label = labels.get(d.id)
            paragraph[d.id] = label if d.kind == "single" else [label] if label else []
            paragraph[scores_key(schema, d)] = {x: 0.8 if x == label else 0.1 for x in d.label_ids}
        record["paragraphs"].append(paragraph)
    for d in schema.dimensions:
        label = labels.get(d.id)
        scores = {x: 0.8 if x == label else 0.1 for x in d.label_ids}
        tag = {"label": label, "score": 0.8, "share": 1.0, "paragraphs": [0]}
        if d.kind == "single":
            record[d.id] = {"label": label, "scores": scores}
        else:
            record[d.id] = [tag] if label else []
    return record | fields


def twelve() -> list[dict[str, Any]]:
    """Return articles of two sources and of twelve months, newest last, one of three with `t0`."""
    return [
        make_record(
            SCHEMA,
            ["Un été à la mer.", f"Le numéro{i} de l’œuvre : numéro{i}."],
            {"t": "t0" if i % 3 == 0 else None, "s": f"s{i % 3}"},
            id=f"dossier{i % 2}/a{i}.txt",
            title=f"Titre {i}",
            date=f"2024-{i + 1:02d}",
        )
        for i in range(12)
    ]


def page_of(records: list[dict[str, Any]], schema: Schema = SCHEMA, **options: Any) -> str:
    file = io.StringIO()
    write_page(iter(records), schema, file, **{"title": "Essai", **options})
    return file.getvalue()


def blocks(page: str, name: str) -> list[Any]:
    blocks = re.findall(rf'<script type="application/json" class="{name}">(.*?)</script>', page)
    return [json.loads(text) for text in blocks]


def click(locator: "Locator") -> None:
    """Click without waiting for the place to be still: nothing here moves."""
    locator.dispatch_event("click")


def expect_rows(page: "Page", titles: list[str]) -> None:
    page.wait_for_function(
        "titles => [...document.querySelectorAll('.row .row-title')].map(e => e.textContent)"
        ".join() === titles.join()",
        arg=titles,
    )


@contextmanager
def browser_tab() -> "Iterator[Page]":
    """Give a page of chromium, or skip where there is none."""
    sync = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install '.[dev]'"
    )
    if not CHROMIUM.exists():
        pytest.skip("needs chromium: apt-get install chromium")
    with sync.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1000, "height": 700})
        page.set_default_timeout(5000)
        yield page
        chromium.close()


@contextmanager
def opener(tab: "Page", folder: Path) -> Iterator[Open]:
    """Open records as a page from disk; at the end, nothing was asked of the network nor failed."""
    path = folder / "page.html"
    asked: list[str] = []
    said: list[str] = []
    listeners: dict[Any, Callable[[Any], None]] = {
        "request": lambda request: asked.append(request.url.partition("#")[0]),
        "console": lambda message: said.append(message.text),
        "pageerror": lambda error: said.append(str(error)),
        "dialog": lambda dialog: said.append(dialog.message),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)

    def open_(
        records: list[dict[str, Any]],
        schema: Schema = SCHEMA,
        *,
        fragment: str = "",
        **options: Any,
    ) -> "Page":
        path.write_text(page_of(records, schema, **options), encoding="utf-8")
        tab.goto(path.as_uri() + fragment)
        tab.locator("#toolbar").wait_for()
        return tab

    yield open_
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    assert set(asked) == {path.as_uri()}
    assert said == []
