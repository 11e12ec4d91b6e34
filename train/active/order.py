"""The plain queues: the pool in its own order, or in a fixed random one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping

from depeche.labels.labelling.queue import Item, Suggestion
from depeche.labels.paragraphs import LabelledParagraph


class PoolOrder:
    """A `Queue` that asks for the open paragraphs of a pool in the pool's order.

    Parameters
    ----------
    decided
        Ids of the paragraphs that are already labelled.
    suggest
        Returns the suggestion of a model for a text; without it there are no suggestions.
    """

    def __init__(
        self,
        items: Mapping[str, Item],
        decided: Collection[str],
        *,
        suggest: Callable[[str], Suggestion] | None = None,
    ) -> None:
        self._items = items
        self._suggest = suggest
        self._open = dict.fromkeys(id for id in items if id not in decided)

    def next(self) -> Item | None:
        """Return the first open paragraph."""
        first = next(iter(self._open), None)
        return None if first is None else self._items[first]

    def why(self, item: Item) -> str | None:
        """Return None: a plain order needs no reason."""
        return None

    def notes(self, item: Item) -> dict[str, str]:
        """Return the fields to add to the record: none."""
        return {}

    def suggest(self, item: Item) -> Suggestion | None:
        """Return the suggestion of the model for a paragraph."""
        return self._suggest(item.text) if self._suggest else None

    def tell(self, item: Item, decision: LabelledParagraph | None) -> None:
        """Close a paragraph, or open it again as the first."""
        if decision is not None:
            self._open.pop(item.id, None)
        else:
            self._open = {item.id: None, **self._open}

    def skip(self, item: Item) -> None:
        """Put a paragraph at the end."""
        if item.id in self._open:
            del self._open[item.id]
            self._open[item.id] = None


class RandomOrder(PoolOrder):
    """A `PoolOrder` in a random order that a seed fixes.

    The order is that of hashes, so that one more paragraph in the pool leaves the others in order.
    """

    def __init__(
        self,
        items: Mapping[str, Item],
        decided: Collection[str],
        *,
        seed: int,
        suggest: Callable[[str], Suggestion] | None = None,
    ) -> None:
        super().__init__(items, decided, suggest=suggest)
        drawn = {id: hashlib.sha256(f"{seed}:{id}".encode()).digest() for id in self._open}
        self._open = dict.fromkeys(sorted(self._open, key=drawn.__getitem__))
        self._drawn: set[str] = set()

    def next(self) -> Item | None:
        """Return the first open paragraph."""
        item = super().next()
        if item is not None:
            self._drawn.add(item.id)
        return item

    def notes(self, item: Item) -> dict[str, str]:
        """Return the fields to add to the record: `drawn`, if it was drawn at random."""
        return {"drawn": "random"} if item.id in self._drawn else {}
