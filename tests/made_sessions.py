"""Sessions of the labelling app on made paragraphs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textual import events
from textual.app import App
from textual.widgets import Static

from depeche.labels.labelling.keys import assign_keys
from depeche.labels.labelling.label_file import DecisionFile
from depeche.labels.labelling.messages import TEXTS
from depeche.labels.labelling.queue import Item, Suggestion
from depeche.labels.labelling.screens.app import LabelApp
from depeche.labels.labelling.session import Session
from depeche.labels.schema import Schema, read_schema
from depeche.labels.system.language import Language
from depeche.train.active.order import PoolOrder, RandomOrder

SCHEMA = read_schema()
MULTI = next(d for d in SCHEMA.dimensions if d.kind == "multi")
SINGLE = next(d for d in SCHEMA.dimensions if d.kind == "single")
KEYS = assign_keys(SCHEMA)
FIRST, SECOND = (KEYS.by_label[MULTI.id, label] for label in MULTI.label_ids[:2])
SUGGESTED = Suggestion(
    labels={d.id: d.label_ids[-1:] for d in SCHEMA.dimensions},
    scores={d.id: dict.fromkeys(d.label_ids, 0.77) for d in SCHEMA.dimensions},
)

Start = Callable[..., Session]


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


@contextmanager
def starting(folder: Path) -> Iterator[Start]:
    """Give a function that opens sessions on `mine.jsonl`; close them all at the end."""
    files = []

    def begin(n: int = 8, schema: Schema = SCHEMA, model: bool = False, **how: object) -> Session:
        file = DecisionFile(folder / "mine.jsonl", schema)
        files.append(file)
        items = made_items(n)
        suggest = (lambda _: SUGGESTED) if model else None
        queue = RandomOrder(items, file.records, seed=0, suggest=suggest)
        return Session(items=items, queue=queue, file=file, schema=schema, annotator="anne", **how)  # type: ignore[arg-type]

    yield begin
    for file in files:
        file.close()


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


def decide(session: Session, *places: int) -> None:
    """Decide the next paragraphs, without a screen; -1 takes the last decision back."""
    for place in places:
        if place < 0:
            session.undo()
            continue
        session.draft.toggle(SINGLE, SINGLE.label_ids[place])
        session.confirm()


def text_of(name: str) -> Callable[[App[None]], str]:
    """Return a function that reads a part of the screen."""
    return lambda app: str(app.screen.query_one(f"#{name}", Static).content)


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def iter_open(queue: PoolOrder) -> Iterator[Item]:
    """Yield what a queue asks, each closed in turn."""
    while (item := queue.next()) is not None:
        yield item
        queue._open.pop(item.id)
