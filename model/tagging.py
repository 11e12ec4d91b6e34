"""A model at work: articles in, records out."""

from __future__ import annotations

import codecs
import os
import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.errors import InputError
from depeche.model.artifact import Artifact, load_artifact
from depeche.model.champion import (
    CHAMPION,
    STORE_FILE,
    check_owner,
    find_promotion,
    resolve_champion,
)
from depeche.model.deciding.calibration import DIGITS
from depeche.model.deciding.decisions import Decisions, Rule
from depeche.model.deciding.prevalence import anchor, estimate_prevalence
from depeche.model.outputs.record import Evidence, build_records
from depeche.model.reading.article import Article
from depeche.model.reading.decoding import declared_encoding
from depeche.model.reading.reader import FORMS, Form, RawArticle, parse_articles, read_bytes

SHIPPED = Path(__file__).parent / "default"

_AT_ONCE = 128  # articles; more is no faster
_N_EVIDENCE = 6  # words or pairs shown for a label


class Model:
    """A trained model that is loaded.

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
        When a prevalence is given and a precision is asked for, which was measured at another one.
        (A recall stays as it is: it does not depend on how many paragraphs have the label.)
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
        """Name, version, sha256 and schema digest, as each record has them.

        And what is asked of the decisions (`asked`), where that is anything.
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

    def anchored_to(self, proba: NDArray[np.float64]) -> Model:
        """Return the model with scores re-anchored to the prevalence estimated from some scores.

        `proba` is (n_paragraphs, n_labels), of a model that is not re-anchored.
        """
        prevalence = estimate_prevalence(proba, self.artifact.prevalence, self.schema)
        return Model(self.artifact, self.decisions.rule, prevalence)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return calibrated scores, (n_samples, n_labels), columns in schema order."""
        logits = self.artifact.scorer.logits(texts)
        proba = self.artifact.calibration.predict_proba(logits, self.schema)
        if self.prevalence is not None:
            proba = anchor(proba, self.artifact.prevalence, self.prevalence, self.schema)
        return proba

    def tag(self, texts: Iterable[str], *, explain: bool = False) -> list[dict[str, Any]]:
        """Return the records of texts, each an article or a paragraph, in their order.

        Parameters
        ----------
        texts
            Such as a list, or a column of a pandas table; the `id` of a record is the text's place,
            from 0 on. The record of a text without anything to tag has an `error` instead of tags.
        explain
            Whether to add the words behind each tag.
        """
        return self._tag(((_encode(text), str(i), None) for i, text in enumerate(texts)), explain)

    def tag_articles(
        self, paths: Iterable[str | Path], *, explain: bool = False
    ) -> list[dict[str, Any]]:
        """Return the records of files: plain text, web pages or Markdown; see `tag`."""
        files = (Path(path) for path in paths)
        documents = ((_read(path), str(path), FORMS.get(path.suffix.lower())) for path in files)
        return self._tag(documents, explain)

    def records(
        self, articles: Sequence[Article], *, explain: bool = False
    ) -> list[dict[str, Any]]:
        """Return the records of articles, in order; with `explain`, with the words behind tags."""
        texts = [p.flowed for article in articles for p in article.paragraphs]
        proba = self.predict_proba(texts)
        return build_records(
            articles,
            proba,
            schema=self.schema,
            decisions=self.decisions,
            model=self.identity,
            evidence=self.evidence(texts, self.decisions.given(proba)) if explain else None,
        )

    def _tag(
        self, documents: Iterable[tuple[bytes | InputError, str, Form | None]], explain: bool
    ) -> list[dict[str, Any]]:
        tagged: list[dict[str, Any]] = []
        waiting = iter(documents)
        while batch := list(islice(waiting, _AT_ONCE)):
            read = iter(
                parse_articles([RawArticle(d, i, f) for d, i, f in batch if isinstance(d, bytes)])
            )
            articles = [next(read) if isinstance(data, bytes) else data for data, _, _ in batch]
            readable = [article for article in articles if isinstance(article, Article)]
            records = iter(self.records(readable, explain=explain))
            tagged += [
                {"id": id, "error": str(article).removeprefix(f"{id}: ")}
                if isinstance(article, InputError)
                else next(records)
                for article, (_, id, _) in zip(articles, batch, strict=True)
            ]
        return tagged

    def evidence(self, texts: Sequence[str], given: NDArray[np.bool_]) -> list[Evidence]:
        """Return, for each label that a paragraph is given, what moved its score the most.

        These are pairs `[words, log-odds]`, strongest first, with the words as they stand in the
        text; the log-odds are negative where words speak against the label. For a single dimension
        they are differences from the mean of its labels, since a softmax sees differences only.

        Parameters
        ----------
        given
            (n_texts, n_labels): the labels to explain.
        """
        moved = self.artifact.scorer.contributions(texts, given)
        values = moved.values @ self._directions
        strength = -np.abs(values)
        first = np.searchsorted(moved.row, np.arange(len(texts) + 1))
        evidence: list[Evidence] = []
        for i, (text, labels) in enumerate(zip(texts, given, strict=True)):
            behind: Evidence = {}
            for j in np.flatnonzero(labels):
                order = strength[first[i] : first[i + 1], j].argsort(kind="stable")
                behind[self.schema.label_names[j]] = [
                    [text[moved.start[k] : moved.end[k]], round(float(values[k, j]), 3)]
                    for k in order[:_N_EVIDENCE] + first[i]
                    if values[k, j]
                ]
            evidence.append(behind)
        return evidence

    @cached_property
    def _directions(self) -> NDArray[np.float64]:
        """The combination of logits by which words explain each label, one per column."""
        directions = np.eye(self.schema.n_labels)
        for dimension, span in self.schema.columns():
            if dimension.kind == "single":
                directions[span, span] -= 1 / len(dimension.labels)
        return directions * self.artifact.calibration.slope[:, None]


def _encode(text: object) -> bytes | InputError:
    """Return the bytes of a text, marked as UTF-8 where it is a page that declares another one."""
    if not isinstance(text, str):
        return InputError(f"not a text but {reprlib.repr(text)}")
    data = text.encode(errors="replace")  # half a character is possible in a string of JSON
    declared = declared_encoding(data)
    return codecs.BOM_UTF8 + data if declared not in (None, "utf-8") else data


def _read(path: Path) -> bytes | InputError:
    try:
        return read_bytes(path)
    except InputError as err:
        return err


def load_model(folder: Path | str | None = None, rule: Rule | None = None) -> Model:
    """Return the model of a folder, or the one in use.

    Without a folder: `$CLASSIFY_MODEL`, else the champion in `mlruns/champion/` under the current
    folder, else the shipped model. A folder of champions gives the one in use.

    Raises
    ------
    ArtifactError
        When the folder is not a complete, unchanged model of this version.
    """
    return Model(load_artifact(model_in_use(folder)), rule)


def model_in_use(folder: Path | str | None = None) -> Path:
    """Return the folder of the model that `load_model` loads."""
    named = folder or os.environ.get("CLASSIFY_MODEL")
    if named:
        return resolve_champion(Path(named))
    check_owner(CHAMPION)
    champion = resolve_champion(CHAMPION)
    return SHIPPED if champion == CHAMPION else champion


def unnamed_model(model: Model) -> str | None:
    """Return where a model that no option named comes from, None for the shipped one."""
    folder, artifact = model_in_use(), model.artifact
    if folder == SHIPPED:
        return None
    name = f"model: {folder} ({artifact.name} {artifact.version}"
    if os.environ.get("CLASSIFY_MODEL"):
        return f"{name}, named by $CLASSIFY_MODEL)"
    promotion = find_promotion(folder)
    date = f", promoted {promotion.date[:10]}" if promotion else ""
    has_store = bool(os.environ.get("MLFLOW_TRACKING_URI")) or STORE_FILE.is_file()
    unknown = "" if has_store else f"; no {STORE_FILE} is beside it: it was promoted elsewhere"
    return f"{name}{date}){unknown}"
