"""The labelled paragraphs of one or more files, ready for fitting or scoring."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from depeche.labels.errors import LabelsError
from depeche.labels.orangesum import hydrate
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.records import parse_labels
from depeche.labels.schema import Schema

FOLDER = Path(__file__).parent
SHIPPED = (FOLDER / "seeds.jsonl", FOLDER / "composed.jsonl", FOLDER / "press.jsonl")


@dataclass(frozen=True, kw_only=True)
class LabelledSet:
    """Body paragraphs of one or more files, ready for fitting or scoring.

    `digests` maps the name of each file to the SHA-256 of its bytes. `n_left_out` counts the
    stand-off paragraphs whose text is not at hand.
    """

    schema: Schema
    paragraphs: tuple[LabelledParagraph, ...]
    digests: dict[str, str]
    n_left_out: int

    @property
    def texts(self) -> list[str]:
        """Texts of the paragraphs, in order."""
        return [p.text for p in self.paragraphs]

    @property
    def articles(self) -> list[str]:
        """Article of each paragraph: folds keep the paragraphs of an article together."""
        return [p.article for p in self.paragraphs]

    @property
    def sources(self) -> list[str]:
        """Source of each paragraph, `unknown` where none is given."""
        return [p.source or "unknown" for p in self.paragraphs]

    def chosen(self, rows: Iterable[int]) -> LabelledSet:
        """Return the set of some of the paragraphs, given by their rows."""
        return replace(self, paragraphs=tuple(self.paragraphs[i] for i in rows))

    @property
    def digest(self) -> str:
        """SHA-256 of ids, texts and labels; it does not depend on the files that hold them."""
        sha = hashlib.sha256()
        for p in sorted(self.paragraphs, key=lambda p: p.id):
            row = [p.id, p.article, p.text, sorted((k, sorted(v)) for k, v in p.labels.items())]
            sha.update(json.dumps(row, ensure_ascii=False).encode())
        return sha.hexdigest()


def load_labels(
    paths: Sequence[Path], schema: Schema, *, orangesum: Path | None = None
) -> LabelledSet:
    """Return the body paragraphs of some files, with texts.

    Parameters
    ----------
    orangesum
        Clone of the public repository Tixierae/OrangeSum, which has the texts of stand-off
        paragraphs; without it they are left out and counted.

    Raises
    ------
    LabelsError
        When a file breaks the format, an id stands in two files, a span's text has changed, or
        no paragraph remains.
    """
    bodies, digests = _read_files(paths, schema)
    paragraphs = hydrate(bodies, orangesum) if orangesum else [p for p in bodies if p.text]
    if not paragraphs:
        reason = f"{', '.join(map(str, paths))}: no body paragraph with a text"
        if bodies:
            reason += f"; {len(bodies)} need OrangeSum (--orangesum DIR)"
        raise LabelsError(reason)
    return LabelledSet(
        schema=schema,
        paragraphs=tuple(paragraphs),
        digests=digests,
        n_left_out=len(bodies) - len(paragraphs),
    )


def _read_files(
    paths: Sequence[Path], schema: Schema
) -> tuple[list[LabelledParagraph], dict[str, str]]:
    """Return the body paragraphs of some files, and the digests of the files by name."""
    bodies: list[LabelledParagraph] = []
    digests: dict[str, str] = {}
    owner: dict[str, Path] = {}
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as err:
            raise LabelsError(f"{path}: cannot read the labels: {err.strerror}") from err
        for paragraph in parse_labels(data, schema, path=path):
            if paragraph.id in owner:
                raise LabelsError(
                    f"{path}: id {paragraph.id!r} is also in {owner[paragraph.id]}: "
                    "give each paragraph once"
                )
            owner[paragraph.id] = path
            if paragraph.kind == "body":
                bodies.append(paragraph)
        name = path.name if path.name not in digests else str(path)
        name = name.encode(errors="replace").decode()  # a name of a file may be no text
        digests[name] = hashlib.sha256(data).hexdigest()
    return bodies, digests
