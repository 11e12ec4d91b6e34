"""The labels with their keys and definitions, laid out for the room available."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from depeche.labels.labelling.draft import Draft
from depeche.labels.labelling.keys import Keys
from depeche.labels.labelling.messages import Texts
from depeche.labels.labelling.queue import Suggestion
from depeche.labels.paragraphs import Labels
from depeche.labels.schema import Dimension, Label, Schema
from depeche.labels.system.terminal import plain

BESIDE = 110  # columns; on a wider screen the panel stands beside the text
_MARKS = {
    ("multi", False): "□",
    ("multi", True): "■",
    ("single", False): "○",
    ("single", True): "●",
}
_MOST_LINES = 6  # of a definition
_GAP = 2  # columns between the columns of a table
_MOST_VOTERS = 28  # columns for the annotators who gave a label


class Target(NamedTuple):
    """Where a label can be clicked: a line, its first and last column, and the label."""

    line: int
    start: int
    end: int
    dimension: Dimension
    label: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The content of the panel.

    `focus` is the single dimension whose labels the digits stand for. `votes` are the labels that
    annotators gave, where they are to be settled.
    """

    schema: Schema
    keys: Keys
    texts: Texts
    draft: Draft
    counts: Mapping[tuple[str, str], int]
    suggestion: Suggestion | None
    votes: Mapping[str, Labels]
    focus: str | None

    def render(self, width: int, height: int, *, beside: bool) -> tuple[Content, list[Target]]:
        """Return the lines, and where the labels stand in them.

        Beside the text, definitions get as many lines as there is room for. Under the text, each
        definition stands on the line of its label. Where even that needs too many lines, the labels
        stand in columns, and only the guidelines show the definitions.
        """
        for n_lines in (*range(_MOST_LINES, 0, -1), -1) if beside else (-1,):
            lines, targets = self._render(width, n_lines)
            if len(lines) <= height:
                break
        else:
            lines, targets = self._in_columns(width)
        return Content("\n").join(lines), targets

    def _render(self, width: int, n_lines: int) -> tuple[list[Content], list[Target]]:
        """Return a line per label, and its definition in `n_lines` under it, or (-1) beside it."""
        lines: list[Content] = []
        targets: list[Target] = []
        for dimension in self.schema.dimensions:
            if lines and n_lines > 0:
                lines.append(Content(""))
            lines.append(self._caption(dimension))
            for label in dimension.labels:
                targets.append(Target(len(lines), 0, width, dimension, label.id))
                row = self._row(dimension, label, self._name_width)
                room = width - row.cell_length - _GAP
                if n_lines < 0 and room > 8:
                    definition = Content.styled(plain(label.definition), "$text-muted")
                    row += f"{'':{_GAP}}" + definition.truncate(room, ellipsis=True)
                lines.append(row)
                if n_lines > 0:
                    wrapped = textwrap.wrap(
                        plain(label.definition), width - 6, max_lines=n_lines, placeholder=" …"
                    )
                    lines += [Content.styled(f"      {part}", "$text-muted") for part in wrapped]
        return lines, targets

    def _in_columns(self, width: int) -> tuple[list[Content], list[Target]]:
        lines: list[Content] = []
        targets: list[Target] = []
        for dimension in self.schema.dimensions:
            lines.append(self._caption(dimension))
            rows = [self._row(dimension, label, self._name_width) for label in dimension.labels]
            wide = max(row.cell_length for row in rows) + _GAP
            n_columns = max(1, (width + _GAP) // wide)
            n_rows = -(-len(rows) // n_columns)
            for y in range(n_rows):
                line = Content("")
                for place in range(y, len(rows), n_rows):
                    label = dimension.label_ids[place]
                    start = line.cell_length
                    targets.append(Target(len(lines), start, start + wide - _GAP, dimension, label))
                    line += rows[place].pad_right(wide - rows[place].cell_length)
                lines.append(line)
        return lines, targets

    @property
    def _name_width(self) -> int:
        labels = [label for d in self.schema.dimensions for label in d.labels]
        return min(24, max(cell_len(self.texts.name(label)) for label in labels))

    def _caption(self, dimension: Dimension) -> Content:
        how = self.texts.any_number if dimension.kind == "multi" else self.texts.exactly_one
        several = len(self.keys.singles) > 1
        mark = "▸" if several and dimension.id == self.focus else " "
        style = "bold $primary" if not several or mark == "▸" else "bold $text-muted"
        voted = {frozenset(vote[dimension.id]) for vote in self.votes.values()}
        return Content.assemble(
            (f"{mark} ", "$primary"),
            (self.texts.name(dimension), style),
            (f" · {how}", "$text-disabled"),
            (f" · {self.texts.votes_differ}" if len(voted) > 1 else "", "$warning"),
        )

    def _row(self, dimension: Dimension, label: Label, name_width: int) -> Content:
        """Return the key, mark, name and count of a label, and its score where that is shown."""
        chosen = self.draft.has(dimension.id, label.id)
        off = self.draft.kind != "body"
        key = self.keys.by_label[dimension.id, label.id] or " "
        idle = dimension.id in self.keys.singles and dimension.id != self.focus and key.isdigit()
        plain = "$text-disabled" if off else ""
        n = self.counts.get((dimension.id, label.id), 0)
        name = set_cell_size(self.texts.name(label), name_width)
        return Content.assemble(
            (f"  {key} ", plain or ("$text-muted" if idle else "bold $accent")),
            (_MARKS[dimension.kind, chosen], "bold $success" if chosen else plain or "$text-muted"),
            (f" {name}", "bold $success" if chosen else plain),
            (f"{n or '':>6}", "$text-disabled"),
            self._score(dimension, label),
            self._voters(dimension, label),
        )

    def _voters(self, dimension: Dimension, label: Label) -> Content:
        """Return who gave a label, in a column; nothing where there are no votes."""
        names = [plain(who) for who, vote in self.votes.items() if label.id in vote[dimension.id]]
        style = "$text-disabled" if len(names) == len(self.votes) else "bold $secondary"
        width = min(_MOST_VOTERS, cell_len(", ".join(map(plain, self.votes))))
        room = f"{'':{_GAP}}" if self.votes else ""
        return Content.styled(room + set_cell_size(", ".join(names), width), style)

    def _score(self, dimension: Dimension, label: Label) -> Content:
        if self.suggestion is None:
            return Content("")
        score = self.suggestion.scores[dimension.id][label.id]
        given = label.id in self.suggestion.labels[dimension.id]
        style = "bold $secondary" if given else "$text-disabled"
        return Content.styled(f"  {'◂' if given else ' '}{score:4.0%}", style)
