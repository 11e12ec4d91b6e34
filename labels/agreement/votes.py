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
from depeche.labels.paragraphs import LabelledParagraph, Labels, sha256_of
from depeche.labels.records import read_labels
from depeche.labels.schema import Dimension, Schema

_SHOWN = 40  # characters of a text in an error


@dataclass(frozen=True, kw_only=True)
class Votes:
    """Paragraphs that two or more annotators have labelled, and how many others there were.

    Each paragraph has `votes`, in the order of `annotators` with labels in the order of the schema,
    and no settled labels. `n_labelled` counts the paragraphs of each annotator, common or not;
    `n_alone` those that only one has labelled; `n_kind_disputed` those that some call body, and
    others heading or boilerplate.
    """

    schema: Schema
    annotators: tuple[str, ...]
    paragraphs: tuple[LabelledParagraph, ...]
    n_labelled: dict[str, int]
    n_alone: int
    n_kind_disputed: int
    notes: tuple[str, ...]

    @property
    def articles(self) -> list[str]:
        """Article of each paragraph."""
        return [p.article for p in self.paragraphs]

    @property
    def disputes(self) -> list[LabelledParagraph]:
        """Paragraphs on which votes differ; those on which they differ most come first."""
        differing = [(p, n_differences(p, self.schema)) for p in self.paragraphs]
        return [p for p, n in sorted(differing, key=lambda pair: -pair[1]) if n]

    @property
    def digest(self) -> str:
        """SHA-256 of ids and votes: it depends neither on their order nor on their files."""
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
    """Return how many labels are in dispute: some annotators give them, and some do not.

    In a single dimension, each answer after the first counts once.
    """
    votes, total = paragraph.votes.values(), 0
    for dimension in schema.dimensions:
        given = Counter(label for vote in votes for label in vote[dimension.id])
        n_disputed = sum(count < len(votes) for count in given.values())
        total += max(n_disputed - 1, 0) if dimension.kind == "single" else n_disputed
    return total


def in_order(labels: Labels, schema: Schema) -> Labels:
    """Return labels in the order of the schema, in whatever order a file has them."""
    return {d.id: tuple(x for x in d.label_ids if x in labels[d.id]) for d in schema.dimensions}


def read_votes(paths: Sequence[Path], schema: Schema, *, orangesum: Path | None = None) -> Votes:
    """Return the votes of several annotators.

    The field `annotator` of a record names the annotator; where it is missing, the name of the file
    does. Where one annotator has labelled a paragraph in two files, each file counts as an
    annotator, named after the file.

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
        who = f"one annotator only, {next(iter(readings))!r}" if readings else "no annotator"
        raise LabelsError(f"{where}: {who}: give the file of another, or set the field annotator")
    paragraphs = _matched(readings, schema)
    common = [p for p in paragraphs if len(p.votes) > 1]
    if not common:
        raise LabelsError(f"{where}: no paragraph that two annotators have labelled{_ids(files)}")
    return Votes(
        schema=schema,
        annotators=tuple(readings),
        paragraphs=tuple(hydrate(common, orangesum) if orangesum else common),
        n_labelled={a: sum(a in p.votes for p in paragraphs) for a in readings},
        n_alone=len(paragraphs) - len(common),
        n_kind_disputed=_n_kind_disputed(files, paragraphs),
        notes=tuple(notes),
    )


_Files = Sequence[tuple[Path, list[LabelledParagraph]]]
_Records = list[tuple[Path, LabelledParagraph]]


def _n_kind_disputed(files: _Files, paragraphs: Sequence[LabelledParagraph]) -> int:
    """Return how many labelled paragraphs have another kind than body in some file."""
    not_body = {p.id for _, records in files for p in records if p.kind != "body"}
    return len(not_body & {p.id for p in paragraphs})


def _matched(readings: dict[str, _Records], schema: Schema) -> list[LabelledParagraph]:
    """Return each labelled paragraph with its votes; check that all files have the same one."""
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


def _readings(files: _Files) -> tuple[dict[str, _Records], list[str]]:
    """Return the records of each annotator, and notes on how annotators were told apart."""
    by_annotator: dict[str, _Records] = {}
    for path, records in files:
        for paragraph in records:
            annotator = paragraph.annotator or _name(path, files)
            by_annotator.setdefault(annotator, []).append((path, paragraph))
    twice = _labelled_twice(files)
    if twice is None:
        # A file of headings that name no annotator does not make one.
        with_body = {a: any(p.kind == "body" for _, p in r) for a, r in by_annotator.items()}
        return {a: records for a, records in by_annotator.items() if with_body[a]}, []
    _check_told_apart(files, *twice)
    by_file = {_name(path, files): [(path, p) for p in records] for path, records in files}
    annotator, id_ = twice
    return by_file, [
        f"{annotator!r} has labelled {id_!r} in two files: each file is taken for an annotator"
    ]


def _labelled_twice(files: _Files) -> tuple[str, str] | None:
    """Return the first annotator with a body paragraph that they labelled twice, and its id."""
    seen: set[tuple[str, str]] = set()
    for path, records in files:
        for paragraph in records:
            if paragraph.kind != "body":
                continue
            vote = (paragraph.annotator or _name(path, files), paragraph.id)
            if vote in seen:
                return vote
            seen.add(vote)
    return None


def _check_told_apart(files: _Files, annotator: str, id_: str) -> None:
    """Raise unless each file can count as an annotator."""
    if len({path.resolve() for path, _ in files}) < len(files):
        raise LabelsError(f"{files[0][0]}: a file is given twice: give the file of each annotator")
    mixed = [path for path, records in files if len({p.annotator for p in records}) > 1]
    if mixed:
        raise LabelsError(
            f"{mixed[0]}: {annotator!r} has labelled {id_!r} in another file as well: give each "
            "paragraph once per annotator, or one file per annotator"
        )


def _name(path: Path, files: Sequence[tuple[Path, object]]) -> str:
    """Return the name of a file, or its path where another file has that name."""
    alike = sum(other.stem == path.stem for other, _ in files)
    return path.stem if alike == 1 else str(path)


def _check_same(
    path: Path, paragraph: LabelledParagraph, other_path: Path, other: LabelledParagraph
) -> None:
    """Raise unless two records with one id have the same text and article."""
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
    """Return the text without the spaces and forms of accents that tools change."""
    text = unicodedata.normalize("NFC", " ".join(paragraph.text.split()))
    return text or _sha256(paragraph)


def _sha256(paragraph: LabelledParagraph) -> str:
    if paragraph.span is not None:
        return paragraph.span.sha256
    return sha256_of(paragraph.text)


def _ids(files: _Files) -> str:
    """Return one id from each of the first two files, to show why they do not match."""
    bodies = [(path, [p.id for p in records if p.kind == "body"]) for path, records in files[:2]]
    shown = [f"{ids[0]!r} in {path}" for path, ids in bodies if ids]
    if len(shown) < 2:
        return "; they are matched by id"
    return f"; they are matched by id: {' and '.join(shown)}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
