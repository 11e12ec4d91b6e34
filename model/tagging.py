"""A model at work: articles in, records out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.errors import InputError
from labels.schema import Dimension
from model.article import Article
from model.artifact import Artifact, load_artifact
from model.calibration import DIGITS
from model.champion import CHAMPION, resolve_champion
from model.decisions import Decisions, Rule
from model.prevalence import anchor, estimate_prevalence
from model.record import build_record

SHIPPED = Path(__file__).parent / "default"

_N_EVIDENCE = 6  # words or pairs shown for a label


class Model:
    """A trained model, loaded.

    Parameters
    ----------
    rule
        What is asked of its decisions.
    prevalence
        (n_labels,): the share of paragraphs with each label in the texts at hand, to which scores
        are re-anchored; without it they hold for the prevalence of the training paragraphs.

    Raises
    ------
    InputError
        When a prevalence is given and a precision is asked for, which was measured at another. (A
        recall is not touched: it does not depend on how many paragraphs have the label.)
    """

    def __init__(
        self,
        artifact: Artifact,
        rule: Rule | None = None,
        prevalence: NDArray[np.float64] | None = None,
    ) -> None:
        self.artifact = artifact
        self.schema = artifact.schema
        self.prevalence = prevalence
        rule = rule or Rule()
        if prevalence is not None and rule.precision is not None:
            raise InputError(
                "a precision is known at the training paragraphs' prevalence only: ask for it "
                "without --prevalence"
            )
        held_out = artifact.held_out
        if prevalence is not None:
            proba = anchor(held_out.proba, artifact.prevalence, prevalence, self.schema)
            held_out = replace(held_out, proba=proba)
        self.decisions = Decisions(
            self.schema,
            artifact.calibration.threshold,
            held_out,
            rule,
            anchored=prevalence is not None,
        )

    @property
    def identity(self) -> dict[str, Any]:
        """Name, version, sha256 and schema digest, as each record carries them.

        And what was asked of the decisions (`asked`), where that is not what the model does of
        itself.
        """
        identity: dict[str, Any] = {
            "name": self.artifact.name,
            "version": self.artifact.version,
            "sha256": self.artifact.sha256,
            "schema": self.schema.digest,
        }
        asked: dict[str, Any] = self.decisions.rule.asked
        if self.prevalence is not None:
            shares = self.prevalence.round(DIGITS).tolist()
            asked["prevalence"] = dict(zip(self.schema.label_names, shares, strict=True))
        return identity | ({"asked": asked} if asked else {})

    def anchored_to(self, articles: Iterable[Article]) -> Model:
        """Return the model with scores re-anchored to the prevalence estimated in some articles."""
        texts = [p.flowed for article in articles for p in article.paragraphs]
        proba = Model(self.artifact).predict_proba(texts)
        found = estimate_prevalence(proba, self.artifact.prevalence, self.schema)
        return Model(self.artifact, self.decisions.rule, found)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return calibrated scores, (n_samples, n_labels), columns in schema order."""
        logits = self.artifact.scorer.logits(texts)
        proba = self.artifact.calibration.predict_proba(logits, self.schema)
        if self.prevalence is not None:
            proba = anchor(proba, self.artifact.prevalence, self.prevalence, self.schema)
        return proba

    def tag(self, article: Article, *, explain: bool = False) -> dict[str, Any]:
        """Return the record of an article; with `explain`, with the words behind each tag."""
        texts = [p.flowed for p in article.paragraphs]
        return build_record(
            article,
            self.predict_proba(texts),
            schema=self.schema,
            decisions=self.decisions,
            model=self.identity,
            evidence=[self.evidence(text) for text in texts] if explain else None,
        )

    def evidence(self, text: str) -> dict[str, list[list[Any]]]:
        """Return, for each label that a paragraph is given, what moved its score the most.

        Pairs `[words, log-odds]`, strongest first, as the words stand in the text; negative where
        they speak against the label. For a single dimension the log-odds are against the mean of
        its labels, since a softmax sees differences only.
        """
        given = self.decisions.given(self.predict_proba([text]))[0]
        return {
            self.schema.label_names[j]: self.words_behind(text, int(j))
            for j in np.flatnonzero(given)
        }

    def words_behind(self, text: str, column: int) -> list[list[Any]]:
        """Return the words that moved one label's score the most, as in `evidence`."""
        direction = np.zeros(self.schema.n_labels)
        for dimension, span in self.schema.columns():
            if span.start <= column < span.stop:
                direction[span] = self._direction(dimension, span, column - span.start)
        strongest = self.artifact.scorer.contributions(text, direction)[:_N_EVIDENCE]
        return [[text[c.start : c.end], round(c.value, 3)] for c in strongest if c.value]

    def _direction(self, dimension: Dimension, span: slice, j: int) -> NDArray[np.float64]:
        """Return the combination of a dimension's logits whose words explain label `j`."""
        pick = np.zeros(len(dimension.labels))
        pick[j] = 1.0
        if dimension.kind == "single":
            pick -= 1 / len(pick)
        return pick * self.artifact.calibration.slope[span]


def load_model(folder: Path | None = None, rule: Rule | None = None) -> Model:
    """Return the model of a folder, or the one in use.

    Without a folder: `$CLASSIFY_MODEL`, else the champion in `mlruns/champion/` under the current
    folder, else the shipped model. Of a folder of champions: the one in use.

    Raises
    ------
    ArtifactError
        When the folder is not a complete, unchanged model of this version.
    """
    return Model(load_artifact(resolve_champion(folder) if folder else model_in_use()), rule)


def model_in_use() -> Path:
    """Return the folder of the model that is used when none is named."""
    named = os.environ.get("CLASSIFY_MODEL")
    if named:
        return resolve_champion(Path(named))
    champion = resolve_champion(CHAMPION)
    return SHIPPED if champion == CHAMPION else champion
