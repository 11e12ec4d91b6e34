"""A model at work: articles in, records out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.schema import Dimension
from model.article import Article
from model.artifact import Artifact, load_artifact
from model.champion import CHAMPION, resolve_champion
from model.record import build_record

SHIPPED = Path(__file__).parent / "default"

_N_EVIDENCE = 6  # words or pairs shown for a label


class Model:
    """A trained model, loaded."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.schema = artifact.schema

    @property
    def identity(self) -> dict[str, str]:
        """Name, version, sha256 and schema digest, as each record carries them."""
        return {
            "name": self.artifact.name,
            "version": self.artifact.version,
            "sha256": self.artifact.sha256,
            "schema": self.schema.digest,
        }

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return calibrated scores, (n_samples, n_labels), columns in schema order."""
        logits = self.artifact.scorer.logits(texts)
        return self.artifact.calibration.predict_proba(logits, self.schema)

    def tag(self, article: Article, *, explain: bool = False) -> dict[str, Any]:
        """Return the record of an article; with `explain`, with the words behind each tag."""
        texts = [p.flowed for p in article.paragraphs]
        return build_record(
            article,
            self.predict_proba(texts),
            schema=self.schema,
            calibration=self.artifact.calibration,
            model=self.identity,
            evidence=[self.evidence(text) for text in texts] if explain else None,
        )

    def evidence(self, text: str) -> dict[str, list[list[Any]]]:
        """Return, for each label that a paragraph is given, what moved its score the most.

        Pairs `[words, log-odds]`, strongest first, as the words stand in the text; negative where
        they speak against the label. For a single dimension the log-odds are against the mean of
        its labels, since a softmax sees differences only.
        """
        proba = self.predict_proba([text])
        given = self.artifact.calibration.decide(proba, self.schema)[0]
        found = {}
        for dimension, span in self.schema.columns():
            for j in np.flatnonzero(given[span]):
                direction = np.zeros(self.schema.n_labels)
                direction[span] = self._direction(dimension, span, int(j))
                strongest = self.artifact.scorer.contributions(text, direction)[:_N_EVIDENCE]
                found[self.schema.label_names[span.start + j]] = [
                    [text[c.start : c.end], round(c.value, 3)] for c in strongest if c.value
                ]
        return found

    def _direction(self, dimension: Dimension, span: slice, j: int) -> NDArray[np.float64]:
        """Return the combination of a dimension's logits whose words explain label `j`."""
        pick = np.zeros(len(dimension.labels))
        pick[j] = 1.0
        if dimension.kind == "single":
            pick -= 1 / len(pick)
        return pick * self.artifact.calibration.slope[span]


def load_model(folder: Path | None = None) -> Model:
    """Return the model of a folder, or the one in use.

    Without a folder: `$CLASSIFY_MODEL`, else the champion in `mlruns/champion/` under the current
    folder, else the shipped model. Of a folder of champions: the one in use.

    Raises
    ------
    ArtifactError
        When the folder is not a complete, unchanged model of this version.
    """
    return Model(load_artifact(resolve_champion(folder) if folder else model_in_use()))


def model_in_use() -> Path:
    """Return the folder of the model that is used when none is named."""
    named = os.environ.get("CLASSIFY_MODEL")
    if named:
        return resolve_champion(Path(named))
    champion = resolve_champion(CHAMPION)
    return SHIPPED if champion == CHAMPION else champion
