"""The work of one annotator: the paragraph shown, what is chosen, and what was decided.

This is the app without its screen. A decision is on the disk before anything else happens.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import Literal

from depeche.labels.labelling.draft import Draft, draft_of, opening_draft
from depeche.labels.labelling.label_file import DecisionFile
from depeche.labels.labelling.queue import Item, Queue, Suggestion, folded
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Dimension, Schema

Which = Literal["all", "open", "decided", "marked"]
WHICH: tuple[Which, ...] = ("all", "open", "decided", "marked")

_RECENT = 21  # decisions that the pace is measured on
_PAUSE_S = 120.0  # a longer gap is a pause, and counts as this long


class Session:
    """The state behind the screen.

    Parameters
    ----------
    items
        The pool by id, in the order of the articles.
    suggests
        When the model's suggestion is shown: `never`, `after` the paragraph is decided or the
        annotator asks for it, or `always`.
    notes
        Returns other fields for the record of a paragraph, such as how it was drawn.
    clock
        Returns seconds.
    """

    def __init__(
        self,
        *,
        items: Mapping[str, Item],
        queue: Queue,
        file: DecisionFile,
        schema: Schema,
        annotator: str,
        suggests: Literal["never", "after", "always"] = "after",
        notes: Callable[[Item], Mapping[str, str]] = lambda item: {},
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.items = items
        self.queue = queue
        self.file = file
        self.schema = schema
        self.annotator = annotator
        self.suggests = suggests
        self.n_new = 0
        self.last: Item | None = None  # decided last, None after an undo
        records = file.records
        self.counts = Counter(key for record in records.values() for key in _counted(record))
        self.n_done = sum(id in items for id in records)
        self._notes = notes
        self._clock = clock
        self._times: deque[float] = deque(maxlen=_RECENT)
        self._drafts: dict[str, Draft] = {}
        self._asked: set[str] = set()
        self._trail = [id for id in records if id in items]
        # What `undo` takes back: the id, and the line that the record had before, or None.
        self._history: list[tuple[str, bytes | None]] = [
            (id, None) for id in self._trail if records[id].annotator == annotator
        ]
        self._at = len(self._trail)
        self._advance()

    @property
    def item(self) -> Item | None:
        """The paragraph shown; None once all are decided."""
        return self.items[self._trail[self._at]] if self._at < len(self._trail) else None

    @property
    def decision(self) -> LabelledParagraph | None:
        """What was decided on the paragraph shown."""
        return self.file.records.get(self.item.id) if self.item else None

    @property
    def draft(self) -> Draft:
        """What is chosen for the paragraph shown."""
        if self.item is None:
            return Draft()
        decision = self.decision
        if self.item.id not in self._drafts:
            opening = draft_of(decision) if decision else opening_draft(self.item, self.schema)
            self._drafts[self.item.id] = opening
        return self._drafts[self.item.id]

    @property
    def is_changed(self) -> bool:
        """Whether the draft differs from the decision that stands."""
        decision = self.decision
        return decision is not None and self.draft != draft_of(decision)

    @property
    def suggestion(self) -> Suggestion | None:
        """The model's suggestion for the paragraph shown, where the annotator may see it."""
        item = self.item
        if item is None or self.suggests == "never":
            return None
        if self.suggests == "after" and self.decision is None and item.id not in self._asked:
            return None
        return self.queue.suggest(item)

    @property
    def pace(self) -> float | None:
        """Recent decisions per minute; None before there are two."""
        gaps = [min(b - a, _PAUSE_S) for a, b in pairwise(self._times)]
        return 60 * len(gaps) / sum(gaps) if sum(gaps) > 0 else None

    def ask(self) -> bool:
        """Show the suggestion now; return whether there is one."""
        if self.item is not None:
            self._asked.add(self.item.id)
        return self.suggestion is not None

    def confirm(self) -> list[Dimension]:
        """Decide the paragraph shown and go on, or return the dimensions that lack a choice."""
        item, draft = self.item, self.draft
        missing = draft.missing(self.schema)
        if item is None or missing:
            return missing
        old = self.decision
        decision = draft.decision(item, self.schema, self.annotator)
        before = self.file.write(replace(decision, other=dict(self._notes(item))))
        self._history.append((item.id, before))
        self._times.append(self._clock())
        self.n_new += 1
        self._tell(item, old)
        self.last = item
        self._advance()
        return []

    def undo(self) -> bool:
        """Take the last decision back and show that paragraph; return whether there was one."""
        if not self._history:
            return False
        id, before = self._history[-1]
        old = self.file.records[id]
        self.file.restore(id, before)
        self._history.pop()
        self._leave()
        self.n_new -= 1
        self._tell(self.items[id], old)
        self._drafts[id] = draft_of(old)
        self.last = None
        if id in self._trail:
            del self._trail[self._trail.index(id) :]
        self._trail.append(id)
        self._at = len(self._trail) - 1
        return True

    def forward(self) -> bool:
        """Show the next paragraph seen or, at the last one, skip it; return whether it changed."""
        shown = self.item
        self._leave()
        if self._at + 1 < len(self._trail):
            self._at += 1
        else:
            if shown is not None and shown.id not in self.file.records:
                self.queue.skip(shown)
            self._advance()
        return self.item is not shown

    def back(self) -> bool:
        """Show the paragraph seen before; return whether there was one."""
        if not self._at:
            return False
        self._leave()
        self._at -= 1
        return True

    def jump(self, id: str) -> None:
        """Show any paragraph of the pool; `forward` and `back` go on from there."""
        self._leave()
        self._trail.append(id)
        self._at = len(self._trail) - 1

    def find(self, words: str, which: Which, at_most: int) -> tuple[Sequence[Item], int]:
        """Return the first paragraphs that hold all words, and how many there are in all."""
        asked = folded(words).split()
        if not asked and which == "all":  # as it opens
            return list(islice(self.items.values(), at_most)), len(self.items)
        items = [
            item
            for item in self.items.values()
            if (which == "all" or self._is(item, which))
            and all(word in item.folded for word in asked)
        ]
        return items[:at_most], len(items)

    def _is(self, item: Item, which: Which) -> bool:
        record = self.file.records.get(item.id)
        if record is None or which == "open":
            return record is None and which == "open"
        marked = record.flag or record.comment or record.kind != "body"
        return which == "decided" or bool(marked)

    def _tell(self, item: Item, old: LabelledParagraph | None) -> None:
        """Count a decision that is on the disk instead of the old one, and tell the queue."""
        new = self.file.records.get(item.id)
        self.counts.subtract(_counted(old) if old else [])
        self.counts.update(_counted(new) if new else [])
        self.n_done += (new is not None) - (old is not None)
        self._drafts.pop(item.id, None)
        self.queue.tell(item, new)

    def _leave(self) -> None:
        """Forget unconfirmed changes to a decision; keep the draft of an open paragraph."""
        if self.item is not None and self.decision is not None:
            self._drafts.pop(self.item.id, None)

    def _advance(self) -> None:
        """Show the paragraph that the queue gives next."""
        following = self.queue.next()
        if following is not None and self._trail[-1:] != [following.id]:
            self._trail.append(following.id)
        self._at = len(self._trail) - (following is not None)


def _counted(record: LabelledParagraph) -> list[tuple[str, str]]:
    """Return the counts that a record adds to: (dimension, label) pairs, and ("", kind)."""
    pairs = [(dimension, label) for dimension, labels in record.labels.items() for label in labels]
    return [*pairs, ("", record.kind)]
