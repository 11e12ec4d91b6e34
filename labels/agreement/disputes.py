"""Files of disputed paragraphs, to settle, and of those on which all annotators agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from depeche.labels.agreement.votes import Votes, disputed_dimensions
from depeche.labels.errors import LabelsError
from depeche.labels.files import open_output
from depeche.labels.paragraphs import LabelledParagraph, format_labels
from depeche.labels.records import read_labels
from depeche.labels.schema import Schema
from depeche.labels.system.places import is_file


def read_disputes(path: Path, schema: Schema) -> list[LabelledParagraph]:
    """Return the paragraphs of a file of disputes: each has two or more votes, and no labels.

    Raises
    ------
    LabelsError
        With one line per fault of the file.
    """
    if is_file(path) and b'"votes"' not in path.read_bytes():
        raise LabelsError(
            f"{path}: no votes in it: give the files of two annotators or more, or the disputes "
            "that classify agreement --disputes wrote"
        )
    return read_labels(path, schema, reading="disputes")


def agreed_paragraphs(votes: Votes) -> list[LabelledParagraph]:
    """Return the paragraphs on which all annotators agree, with their labels and votes."""
    return [
        replace(p, labels=next(iter(p.votes.values())))
        for p in votes.paragraphs
        if not disputed_dimensions(p, votes.schema)
    ]


def write_disputes_and_agreed(
    votes: Votes, disputes: Path | None, agreed: Path | None
) -> list[tuple[Path, int]]:
    """Write the files that are asked for; return each with its number of paragraphs.

    Raises
    ------
    InputError
        When a file cannot be written.
    """
    written = []
    for path, paragraphs in ((disputes, votes.disputes), (agreed, agreed_paragraphs(votes))):
        if path is not None:
            write_paragraphs(path, paragraphs, votes.schema)
            written.append((path, len(paragraphs)))
    return written


def write_paragraphs(path: Path, paragraphs: Sequence[LabelledParagraph], schema: Schema) -> None:
    """Write disputes, or settled paragraphs with their votes, as JSON lines.

    The file appears only once it is complete. A stand-off paragraph whose text is at hand keeps it
    beside its span, for whoever settles it.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    with open_output(path) as file:
        file.write(format_labels(paragraphs, schema, with_texts=True))
