"""Paragraphs to label, and the app as keys are pressed in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import events
from textual.app import App
from textual.widgets import Static

from depeche.labels.labelling.messages import TEXTS
from depeche.labels.labelling.queue import Item
from depeche.labels.labelling.screens.app import LabelApp
from depeche.labels.labelling.session import Session
from depeche.labels.schema import read_schema
from depeche.labels.system.language import Language

SCHEMA = read_schema()
MULTI = next(d for d in SCHEMA.dimensions if d.kind == "multi")
SINGLE = next(d for d in SCHEMA.dimensions if d.kind == "single")


def made_items(n: int) -> dict[str, Item]:
    """Return paragraphs of articles of four, each with a word of its own."""
    texts = [f"Paragraphe mot{i} : l’armée salue Élodie." for i in range(n)]
    return {
        f"a{i // 4}:{i}": Item(
            id=f"a{i // 4}:{i}",
            article=f"a{i // 4}",
            text=text,
            before=texts[i - 1] if i % 4 else "",
            after=texts[i + 1] if i % 4 < 3 and i + 1 < n else "",
            source="made",
            date="2024-12-31",
        )
        for i, text in enumerate(texts)
    }


def press(
    session: Session,
    *keys: str,
    size: tuple[int, int] = (80, 24),
    lang: Language = "en",
    see: Callable[[App[None]], object] = lambda app: None,
) -> object:
    """Press keys in the app; return what `see` sees then.

    Quicker than `pilot.press`, which waits after each.
    """

    async def run() -> object:
        app = LabelApp(session, TEXTS[lang])
        async with app.run_test(size=size) as pilot:
            for key in keys:
                app.post_message(events.Key(key, key if len(key) == 1 else None))
                if len(key) > 1 or key in "/c?":  # a dialog may open or close
                    await pilot.pause()
            await pilot.pause()
            return see(app)

    return asyncio.run(run())


def text_of(name: str) -> Callable[[App[None]], str]:
    """Return a function that reads a part of the screen."""
    return lambda app: str(app.screen.query_one(f"#{name}", Static).content)
