"""The labels that several annotators gave to the same paragraphs, matched by id."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from depeche.labels.errors import LabelsError
from depeche.labels.orangesum import hydrate
from depeche.labels.paragraphs import LabelledParagraph, Labels, read_labels, sha256_of
from depeche.labels.schema import Dimension, Schema

_SHOWN = 40  # characters of a text in an error


@dataclass(frozen=True, kw_only=True)
class Votes:
    """Paragraphs that two annotators or more have labelled, and how many others there were.

    Each paragraph has its `votes`, in the order of `annotators` and their labels in that of the
    schema, and no labels of its own.
    `n_labelled` counts the paragraphs of each annotator, common or not; `n_alone` those that only
    one has labelled; `n_furniture` those that some call body, and others heading or boilerplate.
    """

    schema: Schema
    annotators: tuple[str, ...]
    paragraphs: tuple[LabelledParagraph, ...]
    n_labelled: dict[str, int]
    n_alone: int
    n_furniture: int
    notes: tuple[str, ...]

    @property
    def articles(self) -> list[str]:
        """Article of each paragraph."""
        return [p.article for p in self.paragraphs]

    @property
    def disputes(self) -> list[LabelledParagraph]:
        """Paragraphs on which votes differ, those first on which they differ most."""
        differing = [(p, n_differences(p, self.schema)) for p in self.paragraphs]
        return [p for p, n in sorted(differing, key=lambda pair: -pair[1]) if n]

    @property
    def digest(self) -> str:
        """SHA-256 of ids and votes: the same in whatever order and files they come."""
        sha = hashlib.sha256()
        for p in sorted(self.paragraphs, key=lambda p: p.id):
            votes = sorted((a, sorted(vote.items())) for a, vote in p.votes.items())
            sha.update(repr((p.id, p.article, votes)).encode())
        return sha.hexdigest()


def disputed_dimensions(paragraph: LabelledParagraph, schema: Schema) -> list[Dimension]:
    """Return the dimensions on which the votes of a paragraph differ."""
    votes = paragraph.votes.values()
    return [d for d in schema.dimensions if len({frozenset(vote[d.id]) for vote in votes}) > 1]


def n_differences(paragraph: LabelledParagraph, schema: Schema) -> int:
    """Return how many labels are in dispute: given by some, but not by all, of the annotators.

    Of a single dimension, each answer after the first counts once.
    """
    votes, total = paragraph.votes.values(), 0
    for dimension in schema.dimensions:
        given = Counter(label for vote in votes for label in vote[dimension.id])
        n_disputed = sum(count < len(votes) for count in given.values())
        total += max(n_disputed - 1, 0) if dimension.kind == "single" else n_disputed
    return total


def in_order(labels: Labels, schema: Schema) -> Labels:
    """Return labels in the order of the schema, whatever that of their file."""
    return {d.id: tuple(x for x in d.label_ids if x in labels[d.id]) for d in schema.dimensions}


def read_votes(paths: Sequence[Path], schema: Schema, *, orangesum: Path | None = None) -> Votes:
    """Return the votes of several annotators, one a file or told apart by the field `annotator`.

    A record belongs to its `annotator`, else to the name of its file. Where one annotator has
    labelled a paragraph in two files, each file is a reading of its own and gives its name.

    Parameters
    ----------
    orangesum
        Clone of the public repository Tixierae/OrangeSum, for the texts of stand-off paragraphs.

    Raises
    ------
    LabelsError
        When a file breaks the format, there is one annotator only, no paragraph was labelled by
        two, or the same id stands for different texts or articles.
    """
    files = [(path, read_labels(path, schema, reading="annotators")) for path in paths]
    readings, notes = _readings(files)
    where = ", ".join(map(str, paths))
    if len(readings) < 2:
        found = f"one annotator only, {next(iter(readings))!r}" if readings else "no annotator"
        raise LabelsError(f"{where}: {found}: give the file of another, or set the field annotator")
    paragraphs = _matched(readings, schema)
    common = [p for p in paragraphs if len(p.votes) > 1]
    if not common:
        raise LabelsError(f"{where}: no paragraph that two annotators have labelled{_ids(files)}")
    furniture = {p.id for _, records in files for p in records if p.kind != "body"}
    return Votes(
        schema=schema,
        annotators=tuple(readings),
        paragraphs=tuple(hydrate(common, orangesum) if orangesum else common),
        n_labelled={a: sum(a in p.votes for p in paragraphs) for a in readings},
        n_alone=len(paragraphs) - len(common),
        n_furniture=len(furniture & {p.id for p in paragraphs}),
        notes=tuple(notes),
    )


_Records = list[tuple[Path, LabelledParagraph]]


def _matched(readings: dict[str, _Records], schema: Schema) -> list[LabelledParagraph]:
    """Return each labelled paragraph with its votes, checked to be the same in all files."""
    votes: dict[str, dict[str, Labels]] = {}
    known: dict[str, tuple[Path, LabelledParagraph]] = {}
    for annotator, records in readings.items():
        for path, paragraph in records:
            _check_same(*known.setdefault(paragraph.id, (path, paragraph)), path, paragraph)
            if paragraph.text and not known[paragraph.id][1].text:
                known[paragraph.id] = (path, paragraph)
            if paragraph.kind == "body":
                votes.setdefault(paragraph.id, {})[annotator] = in_order(paragraph.labels, schema)
    of_nobody: dict[str, Any] = {"annotator": None, "flag": None, "comment": None, "labels": {}}
    return [
        replace(known[id_][1], kind="body", votes=given, **of_nobody)
        for id_, given in votes.items()
    ]


def _readings(
    files: Sequence[tuple[Path, list[LabelledParagraph]]],
) -> tuple[dict[str, _Records], list[str]]:
    """Return the records of each annotator, and what to say of how they were told apart."""
    by_annotator: dict[str, _Records] = {}
    seen: set[tuple[str, str]] = set()
    twice: tuple[str, str] | None = None
    for path, records in files:
        for paragraph in records:
            annotator = paragraph.annotator or _name(path, files)
            by_annotator.setdefault(annotator, []).append((path, paragraph))
            if paragraph.kind != "body":
                continue
            if (annotator, paragraph.id) in seen:
                twice = twice or (annotator, paragraph.id)
            seen.add((annotator, paragraph.id))
    if twice is None:
        # Headings need no annotator: the file's name is not one for their sake.
        named = {annotator for annotator, _ in seen}
        return {a: records for a, records in by_annotator.items() if a in named}, []
    if len({path.resolve() for path, _ in files}) < len(files):
        raise LabelsError(f"{files[0][0]}: a file is given twice: give the file of each annotator")
    mixed = [path for path, records in files if len({p.annotator for p in records}) > 1]
    if mixed:
        raise LabelsError(
            f"{mixed[0]}: {twice[0]!r} has labelled {twice[1]!r} in another file as well: give "
            "each paragraph once an annotator, or one file an annotator"
        )
    by_file = {_name(path, files): [(path, p) for p in records] for path, records in files}
    return by_file, [
        f"{twice[0]!r} has labelled {twice[1]!r} in two files: each file is taken for an annotator"
    ]


def _name(path: Path, files: Sequence[tuple[Path, object]]) -> str:
    """Return the name of a file, or its whole path where another file has that name."""
    alike = sum(other.stem == path.stem for other, _ in files)
    return path.stem if alike == 1 else str(path)


def _check_same(
    path: Path, paragraph: LabelledParagraph, other_path: Path, other: LabelledParagraph
) -> None:
    """Raise unless two records of an id are of the same text and article."""
    if paragraph.article != other.article:
        raise LabelsError(
            f"{other_path}: paragraph {other.id!r} is of article {other.article!r}, but in {path} "
            f"of {paragraph.article!r}: an id must stand for the same paragraph in all files"
        )
    if _text_key(paragraph) != _text_key(other) and _sha256(paragraph) != _sha256(other):
        here, there = (_cut(p.text) if p.text else "stand-off" for p in (other, paragraph))
        raise LabelsError(
            f"{other_path}: paragraph {other.id!r} has another text, {here!r}, than in {path}, "
            f"{there!r}: an id must stand for the same paragraph in all files"
        )


def _text_key(paragraph: LabelledParagraph) -> str:
    """Return the text but for spaces and ways to write an accent, which tools change."""
    text = unicodedata.normalize("NFC", " ".join(paragraph.text.split()))
    return text or _sha256(paragraph)


def _sha256(paragraph: LabelledParagraph) -> str:
    if paragraph.span is not None:
        return paragraph.span.sha256
    return sha256_of(paragraph.text)


def _ids(files: Sequence[tuple[Path, list[LabelledParagraph]]]) -> str:
    """Return an id of each of the first two files, to show why they do not match."""
    bodies = [(path, [p.id for p in records if p.kind == "body"]) for path, records in files[:2]]
    shown = [f"{ids[0]!r} in {path}" for path, ids in bodies if ids]
    if len(shown) < 2:
        return "; they are matched by id"
    return f"; they are matched by id: {' and '.join(shown)}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
