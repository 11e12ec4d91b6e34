"""The audit of labelled paragraphs: which of their labels a person should review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.schema import Dimension
from depeche.model.scoring.features import FeatureExtractor
from depeche.train import Progress
from depeche.train.audit.contradictions import KeywordRule, broken_rules, differing_twins
from depeche.train.audit.doubts import Doubts, find_doubts
from depeche.train.audit.drift import find_drift
from depeche.train.audit.findings import Audit, Finding, Reason, Verdict
from depeche.train.evaluation.metrics import indicator, signature
from depeche.train.splits import near_duplicates, split_folds
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import score_out_of_fold

_Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def audit_labels(labels: LabelledSet, *, top: int, seed: int, progress: Progress) -> Audit:
    """Return the labels that look wrong or are contradicted, and how each annotator drifts.

    Each paragraph is scored by a model that saw neither its article nor a near-duplicate of it,
    and calibrated on the other folds. A label is contradicted by a near-duplicate or by a keyword.

    Parameters
    ----------
    top
        Number of findings to keep for each dimension and reason.
    seed
        Governs the folds and the solver.

    Raises
    ------
    LabelsError
        When there are too few articles for the folds.
    """
    settings, Y = TrainSettings(seed=seed), indicator(labels)
    proba = _score(labels, Y, settings, progress)
    pairs = near_duplicates(labels.texts)
    parts = [_Part(labels, d, Y[:, span], proba[:, span]) for d, span in labels.schema.columns()]
    findings = [part.findings(top, pairs) for part in parts]
    wrong = np.asarray(np.column_stack([part.doubts.wrong for part in parts]).any(axis=1))
    return Audit(
        signature=_signature(labels, settings),
        n_paragraphs=len(Y),
        n_articles=len(set(labels.articles)),
        findings=tuple(
            finding for part in findings for ranked in part.values() for finding in ranked[:top]
        ),
        n_found={
            part.dimension.id: part.counts(by_reason)
            for part, by_reason in zip(parts, findings, strict=True)
        },
        verdicts=tuple(verdict for part in parts for verdict in part.verdicts()),
        annotators=find_drift(labels, Y, proba, wrong),
    )


def _score(
    labels: LabelledSet, Y: NDArray[np.int64], settings: TrainSettings, progress: Progress
) -> NDArray[np.float64]:
    """Return out-of-fold probabilities, (n_samples, n_labels)."""
    fold = split_folds(labels, Y, settings.split, settings.n_folds, settings.seed)
    counts = FeatureExtractor(settings.features).count(labels.texts)
    return score_out_of_fold(counts, Y, fold, settings, labels.schema, progress=progress).proba


def _signature(labels: LabelledSet, settings: TrainSettings) -> str:
    folds = f"{settings.n_folds} by {settings.split.value}"
    return signature(labels, folds=folds, seed=settings.seed, depeche=version("depeche"))


class _Part:
    """The audit of one dimension; its arrays, (n_samples, n_labels), have a column per label."""

    def __init__(
        self,
        labels: LabelledSet,
        dimension: Dimension,
        Y: NDArray[np.int64],
        proba: NDArray[np.float64],
    ) -> None:
        self._labels = labels
        self.dimension = dimension
        self._Y = Y
        self._proba = proba
        self.doubts: Doubts = find_doubts(dimension, Y, proba)

    def findings(self, top: int, pairs: _Pairs) -> dict[Reason, list[Finding]]:
        """Return the findings for each reason by rank: of the model the first `top`, else all."""
        return {
            "model": list(self._by_model(top)),
            "duplicate": list(self._by_duplicates(pairs)),
            "keyword": list(self._by_keywords()),
        }

    def counts(self, findings: dict[Reason, list[Finding]]) -> dict[Reason, int]:
        """Return the number of findings for each reason, of the model those that look wrong."""
        counts = {reason: len(ranked) for reason, ranked in findings.items()}
        return counts | {"model": int(self.doubts.wrong.sum())}

    def _by_model(self, top: int) -> Iterator[Finding]:
        """Yield the most doubtful answers."""
        rows, cells = self.doubts.ranked()
        for rank, (i, cell) in enumerate(zip(rows[:top], cells[:top], strict=True), start=1):
            yield self._finding("model", rank, int(i), int(cell))

    def _by_duplicates(self, pairs: _Pairs) -> Iterator[Finding]:
        """Yield the more doubtful one of each two near-duplicates with different answers."""
        single = self.dimension.kind == "single"
        answers = self._Y.argmax(axis=1)[:, None] if single else self._Y
        doubt = self.doubts.doubt
        twin: dict[tuple[int, int], int] = {}
        for a, b, cell in differing_twins(answers, pairs):
            first, second = (a, b) if doubt[a, cell] >= doubt[b, cell] else (b, a)
            twin.setdefault((first, cell), second)
        for rank, (i, cell) in enumerate(self._by_doubt(list(twin)), start=1):
            other = twin[i, cell]
            instead = int(answers[other, 0]) if single else None
            yield self._finding("duplicate", rank, i, cell, instead=instead, twin=other)

    def _by_keywords(self) -> Iterator[Finding]:
        """Yield the answers that contradict a keyword."""
        rules = broken_rules(self.dimension, self._Y, self._labels.texts)
        single = self.dimension.kind == "single"
        # The one answer of a single dimension may break the rules of several labels: keep the
        # strictest.
        strictest: dict[tuple[int, int], int] = {}
        for i, j in sorted(rules, key=lambda key: rules[key].share):
            strictest[i, 0 if single else j] = j
        for rank, (i, cell) in enumerate(self._by_doubt(list(strictest)), start=1):
            j = strictest[i, cell]
            instead = j if single else None
            yield self._finding("keyword", rank, i, cell, instead=instead, rule=rules[i, j])

    def verdicts(self) -> Iterator[Verdict]:
        """Yield the counts of each label."""
        doubts, single = self.doubts, self.dimension.kind == "single"
        for j, label in enumerate(self.dimension.label_ids):
            given = self._Y[:, j] > 0
            wrong = doubts.wrong[:, 0 if single else j]
            missing = wrong & (doubts.instead[:, 0] == j) if single else wrong & ~given
            yield Verdict(
                dimension=self.dimension.id,
                label=label,
                n_given=int(given.sum()),
                n_missing=int(missing.sum()),
                n_unfounded=int((wrong & given).sum()),
            )

    def _by_doubt(self, cells: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        return sorted(cells, key=lambda cell: (-self.doubts.doubt[cell], cell))

    def _finding(
        self,
        reason: Reason,
        rank: int,
        i: int,
        cell: int,
        *,
        instead: int | None = None,
        twin: int | None = None,
        rule: KeywordRule | None = None,
    ) -> Finding:
        j = int(self.doubts.label[i, cell])
        if self.dimension.kind == "single" and instead is None:
            instead = int(self.doubts.instead[i, cell])
        names = self.dimension.label_ids
        return Finding(
            reason=reason,
            rank=rank,
            paragraph=self._labels.paragraphs[i],
            dimension=self.dimension,
            label=names[j],
            given=bool(self._Y[i, j]),
            proba=float(self._proba[i, j]),
            instead=None if instead is None else names[instead],
            instead_proba=None if instead is None else float(self._proba[i, instead]),
            doubt=float(self.doubts.doubt[i, cell]),
            looks_wrong=bool(self.doubts.wrong[i, cell]),
            twin=None if twin is None else self._labels.paragraphs[twin],
            rule=rule,
        )
