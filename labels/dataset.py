"""The examples of one or several label files together, ready for fitting or scoring."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from depeche.labels.errors import LabelsError
from depeche.labels.orangesum import hydrate
from depeche.labels.paragraphs import LabelledParagraph, parse_labels
from depeche.labels.schema import Schema

FOLDER = Path(__file__).parent
SHIPPED = (FOLDER / "seeds.jsonl", FOLDER / "composed.jsonl", FOLDER / "press.jsonl")


@dataclass(frozen=True, kw_only=True)
class LabelledSet:
    """Body paragraphs of one or several files, ready for fitting or scoring.

    `digests` maps each file's name to the SHA-256 of its bytes; `n_left_out` counts the stand-off
    paragraphs without a text at hand.
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
        """Article of each paragraph: the groups that folds keep together."""
        return [p.article for p in self.paragraphs]

    @property
    def sources(self) -> list[str]:
        """Source of each paragraph, `unknown` where none is given."""
        return [p.source or "unknown" for p in self.paragraphs]

    def chosen(self, rows: Iterable[int]) -> LabelledSet:
        """Return the set of some of the paragraphs, by their places."""
        return replace(self, paragraphs=tuple(self.paragraphs[i] for i in rows))

    @property
    def digest(self) -> str:
        """SHA-256 of ids, texts and labels: the same for the same examples in whatever files."""
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
        Clone of the public repository Tixierae/OrangeSum, from which stand-off paragraphs get
        their text; without it they are left out and counted.

    Raises
    ------
    LabelsError
        When a file breaks the format, an id stands in two files, a span's text has changed, or
        no paragraph remains.
    """
    paragraphs: list[LabelledParagraph] = []
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
                paragraphs.append(paragraph)
        name = path.name if path.name not in digests else str(path)
        name = name.encode(errors="replace").decode()  # a name of a file may be no text
        digests[name] = hashlib.sha256(data).hexdigest()
    n_all = len(paragraphs)
    if orangesum is None:
        paragraphs = [p for p in paragraphs if p.text]
    else:
        paragraphs = hydrate(paragraphs, orangesum)
    if not paragraphs:
        raise LabelsError(
            f"{', '.join(map(str, paths))}: no body paragraph with a text"
            + (f"; {n_all} need OrangeSum (--orangesum DIR)" if n_all else "")
        )
    return LabelledSet(
        schema=schema,
        paragraphs=tuple(paragraphs),
        digests=digests,
        n_left_out=n_all - len(paragraphs),
    )
