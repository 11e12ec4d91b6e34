"""The queue that asks for the paragraphs that teach a model most, and for a random share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from depeche.labels.labelling.queue import Item, Suggestion
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Schema
from depeche.train.active.mix import BATCH, Mix, Reason, draw_of
from depeche.train.active.order import RandomOrder
from depeche.train.active.trainer import Plan, Question, Setup, Texts, Trainer

# The queue chooses among so many paragraphs of a pool, drawn at random: memory holds features.
_MOST = 20_000


class Planner(Protocol):
    """What makes plans in the background, such as `Trainer`."""

    @property
    def is_busy(self) -> bool:
        """Whether a plan is being made."""

    def ask(self, question: Question) -> None:
        """Ask for a plan."""

    def answer(self) -> Plan | None:
        """Return the newest plan, once."""


class ActiveQueue:
    """A `Queue` that follows the plans of a trainer, and a random order until there is a plan.

    Parameters
    ----------
    records
        Records of the labels file, by id.
    words
        The text to show for each reason.
    suggest
        Returns the suggestion of a model for a text; without it there are no suggestions.
    planner
        Returns the planner for a setup.
    """

    def __init__(
        self,
        items: Mapping[str, Item],
        records: Mapping[str, LabelledParagraph],
        *,
        schema: Schema,
        mix: Mix,
        seed: int,
        words: Mapping[str, str],
        suggest: Callable[[str], Suggestion] | None = None,
        planner: Callable[[Setup], Planner] = Trainer,
    ) -> None:
        self._items = items
        self._mix = mix
        self._seed = seed
        self._words = words
        self._chance = RandomOrder(items, records, seed=seed, suggest=suggest)
        self._decided = dict(records)
        self._put_off: set[str] = set()
        self._plan: dict[str, Reason] = {}
        self._reasons: dict[str, Reason] = {}  # of the paragraphs asked for so far
        self._current: str | None = None
        self._planner = planner(_setup(items, records, schema, mix, seed))
        self._ask()

    def next(self) -> Item | None:
        """Return the first open paragraph of the plan, else of the random order."""
        if self._current is None:
            self._adopt()
            planned = next(iter(self._plan), None)
            if planned is not None:
                self._reasons[planned] = self._plan[planned]
                self._current = planned
            elif (by_chance := self._chance.next()) is not None:
                self._reasons.setdefault(by_chance.id, "random")
                self._current = by_chance.id
        return self._items[self._current] if self._current is not None else None

    def why(self, item: Item) -> str | None:
        """Return the reason to ask for a paragraph, without the label, which would sway people."""
        reason = self._reasons.get(item.id)
        return self._words[reason] if reason else None

    def notes(self, item: Item) -> dict[str, str]:
        """Return the fields to add to the record: `drawn`, the reason to ask for the paragraph.

        Paragraphs drawn at `random` are a random sample of the pool, as long as that share lasts.
        """
        reason = self._reasons.get(item.id)
        beyond = reason == "random" and draw_of(item.id, self._seed) >= self._mix.random
        return {"drawn": reason} if reason and not beyond else {}

    def suggest(self, item: Item) -> Suggestion | None:
        """Return the suggestion of the model for a paragraph."""
        return self._chance.suggest(item)

    def tell(self, item: Item, decision: LabelledParagraph | None) -> None:
        """Close a paragraph or open it again as the first; now and then, ask for a new plan."""
        self._chance.tell(item, decision)
        if decision is None:
            self._decided.pop(item.id, None)
            self._current = item.id
        else:
            self._decided[item.id] = decision
            self._leave(item)

    def skip(self, item: Item) -> None:
        """Put a paragraph off until nothing else is planned."""
        self._chance.skip(item)
        self._put_off.add(item.id)
        self._leave(item)

    def _leave(self, item: Item) -> None:
        """Go on to another paragraph; after a batch of them, ask for a new plan."""
        self._plan.pop(item.id, None)
        if self._current == item.id:
            self._current = None
        self._n_left += 1
        if self._n_left >= BATCH:
            self._ask()

    def _ask(self) -> None:
        """Ask for a plan from the decisions so far, unless one is being made."""
        self._adopt()
        if self._planner.is_busy:
            return
        self._n_left = 0
        labels = [(id, r.labels) for id, r in self._decided.items() if r.kind == "body"]
        others = [id for id, r in self._decided.items() if r.kind != "body"]
        self._planner.ask(Question(labels=labels, closed=[*others, *self._put_off]))

    def _adopt(self) -> None:
        """Take the newest plan, without the paragraphs decided or put off in the meantime."""
        plan = self._planner.answer()
        if plan is not None:
            gone = self._decided.keys() | self._put_off
            self._plan = {id: reason for id, reason in plan if id not in gone}


def _setup(
    items: Mapping[str, Item],
    records: Mapping[str, LabelledParagraph],
    schema: Schema,
    mix: Mix,
    seed: int,
) -> Setup:
    """Return the setup of a trainer; labelled paragraphs outside the pool teach as well."""
    ids = list(items)
    if len(ids) > _MOST:
        ids = sorted(ids, key=lambda id: draw_of(id, seed))[:_MOST]
    pool = {id: items[id] for id in ids}
    others = [r for id, r in records.items() if id not in pool and r.kind == "body" and r.text]
    return Setup(
        pool=_texts(pool.values()), others=_texts(others), schema=schema, mix=mix, seed=seed
    )


def _texts(paragraphs: Iterable[Item | LabelledParagraph]) -> Texts:
    rows = [(paragraph.id, paragraph.article, paragraph.text) for paragraph in paragraphs]
    ids, articles, texts = zip(*rows, strict=True) if rows else ((), (), ())
    return Texts(ids=ids, articles=articles, texts=texts)
