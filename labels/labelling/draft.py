"""A decision that is not made yet: the labels chosen so far, a kind, a flag, a comment."""

from __future__ import annotations

from dataclasses import dataclass, field

from depeche.labels.labelling.queue import Item
from depeche.labels.paragraphs import KINDS, Flag, Kind, LabelledParagraph
from depeche.labels.schema import Dimension, Schema


@dataclass(kw_only=True)
class Draft:
    """What the annotator has chosen for one paragraph, not yet confirmed.

    `chosen` maps the id of each dimension to labels, at most one for a single dimension.
    """

    chosen: dict[str, set[str]] = field(default_factory=dict)
    kind: Kind = "body"
    flag: Flag | None = None
    comment: str = ""

    def toggle(self, dimension: Dimension, label: str) -> None:
        """Choose a label, or take back one of a multi dimension; the kind becomes body."""
        self.kind = "body"
        chosen = self.chosen.setdefault(dimension.id, set())
        if dimension.kind == "single":
            chosen.clear()
        chosen ^= {label}

    def next_kind(self) -> None:
        """Change the kind: from body to boilerplate, to heading, and to body again."""
        self.kind = KINDS[(KINDS.index(self.kind) - 1) % len(KINDS)]

    def has(self, dimension: str, label: str) -> bool:
        """Return whether a label is chosen."""
        return self.kind == "body" and label in self.chosen.get(dimension, ())

    def missing(self, schema: Schema) -> list[Dimension]:
        """Return the single dimensions that still need a choice before this can be decided."""
        return [
            d
            for d in schema.dimensions
            if self.kind == "body" and d.kind == "single" and not self.chosen.get(d.id)
        ]

    def decision(self, item: Item, schema: Schema, annotator: str) -> LabelledParagraph:
        """Return the decision of a complete draft: the paragraph with its labels."""
        labels = {
            d.id: tuple(x for x in d.label_ids if x in self.chosen.get(d.id, ()))
            for d in schema.dimensions
            if self.kind == "body"
        }
        return LabelledParagraph(
            id=item.id,
            article=item.article,
            text=item.text,
            kind=self.kind,
            labels=labels,
            annotator=annotator,
            source=item.source or None,
            date=item.date or None,
            span=item.span,
            flag=self.flag,
            comment=self.comment or None,
            votes=dict(item.votes) if self.kind == "body" else {},
        )


def opening_draft(item: Item, schema: Schema) -> Draft:
    """Return the first draft: nothing chosen, or the labels that all votes give."""
    votes = [{d.id: set(vote[d.id]) for d in schema.dimensions} for vote in item.votes.values()]
    if not votes:
        return Draft()
    return Draft(
        chosen={d.id: set.intersection(*(vote[d.id] for vote in votes)) for d in schema.dimensions}
    )


def draft_of(decision: LabelledParagraph) -> Draft:
    """Return the draft that a decision was made from, to correct it."""
    return Draft(
        chosen={dimension: set(labels) for dimension, labels in decision.labels.items()},
        kind=decision.kind,
        flag=decision.flag,
        comment=decision.comment or "",
    )
