"""How far annotators agree on each dimension and label, with intervals by article."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.agreement.answers import (
    Answers,
    Measure,
    Rows,
    alpha_rows,
    answers_of,
    pair_rows,
)
from depeche.labels.agreement.votes import Votes
from depeche.labels.bootstrap import N_RESAMPLES, Estimate, Sums, article_sums, estimate, mean_rows
from depeche.labels.paragraphs import to_record
from depeche.labels.schema import Dimension

Measures = dict[Measure, Estimate]

FEWEST_ARTICLES = 20  # with fewer, percentile intervals are too rough to trust

MEASURES: dict[str, tuple[Measure, ...]] = {  # of an entire dimension, by its kind
    "single": ("kappa", "alpha", "observed"),
    "multi": ("alpha", "positive", "observed"),
}


@dataclass(frozen=True, kw_only=True)
class LabelAgreement:
    """Agreement on whether one label is given.

    `shares` has the share of each annotator's answers that give it, among the common paragraphs,
    and `share` the share of all answers. `n_disputed` counts the paragraphs where answers differ.
    """

    share: float
    shares: dict[str, float]
    n_disputed: int
    measures: Measures


@dataclass(frozen=True, kw_only=True)
class PairAgreement:
    """Agreement of two annotators on one dimension, over their `n` common paragraphs.

    `confusion` counts the paragraphs of a single dimension by the first annotator's label (row)
    and the second one's (column), in schema order.
    """

    annotators: tuple[str, str]
    n: int
    measures: Measures
    labels: dict[str, Measures]
    confusion: list[list[int]] | None


@dataclass(frozen=True, kw_only=True)
class DimensionAgreement:
    """Agreement on a dimension: overall, label by label and pair by pair.

    The `measures` are the overall ones. A single dimension has no positive agreement, which would
    equal the observed one. A multi dimension has no kappa; its positive agreement is over all
    labels (micro), its observed agreement is on equal sets of labels, and its alpha uses MASI
    distances between sets.
    """

    dimension: Dimension
    n_disputed: int
    measures: Measures
    labels: dict[str, LabelAgreement]
    pairs: tuple[PairAgreement, ...]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement on all dimensions, with the settings that make it comparable."""

    votes: Votes
    dimensions: tuple[DimensionAgreement, ...]
    signature: str

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes to read before the numbers."""
        n = len(set(self.votes.articles))
        if n >= FEWEST_ARTICLES:
            return self.votes.notes
        return (*self.votes.notes, f"the intervals are rough: {n} articles are few to resample")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready data, with the disputed paragraphs and their votes."""
        votes, schema = self.votes, self.votes.schema
        disputes = votes.disputes
        return {
            "annotators": votes.n_labelled,
            "n_paragraphs": len(votes.paragraphs),
            "n_articles": len(set(votes.articles)),
            "n_alone": votes.n_alone,
            "n_furniture": votes.n_kind_disputed,
            "n_disputed": len(disputes),
            "dimensions": {
                d.dimension.id: {
                    "kind": d.dimension.kind,
                    "n_disputed": d.n_disputed,
                    "measures": {name: asdict(x) for name, x in d.measures.items()},
                    "labels": {name: asdict(x) for name, x in d.labels.items()},
                    "pairs": [asdict(pair) for pair in d.pairs],
                }
                for d in self.dimensions
            },
            "disputes": [to_record(p, schema, with_texts=True) for p in disputes],
            "notes": list(self.notes),
            "signature": self.signature,
        }


def measure_agreement(votes: Votes, *, n_resamples: int = N_RESAMPLES, seed: int = 0) -> Agreement:
    """Return how far annotators agree.

    With more than two annotators, alpha is over all of them; kappa, positive and observed
    agreement are means over the pairs with common paragraphs (for kappa: R. J. Light 1971,
    "Measures of response agreement for qualitative data", Psychological Bulletin 76(5)).
    """
    sums = article_sums(votes.articles, n_resamples=n_resamples, seed=seed)
    schema = votes.schema
    known = {
        "data": votes.digest[:12],
        "n": len(votes.paragraphs),
        "articles": len(set(votes.articles)),
        "annotators": len(votes.annotators),
        "schema": f"{schema.name}-{schema.version}:{schema.digest[:8]}",
        "resamples": f"{n_resamples} by article",
        "seed": seed,
        "depeche": version("depeche"),
    }
    return Agreement(
        votes=votes,
        dimensions=tuple(
            _measure_dimension(answers_of(dimension, votes), sums)
            for dimension in schema.dimensions
        ),
        signature="|".join(f"{key}:{value}" for key, value in known.items()),
    )


def _measure_dimension(answers: Answers, sums: Sums) -> DimensionAgreement:
    pairs = [
        answers.of_pair(i, j)
        for i, j in combinations(range(len(answers.annotators)), 2)
        if (answers.present[:, i] & answers.present[:, j]).any()
    ]
    by_pair = [pair_rows(pair, sums) for pair in pairs]
    rows: Rows = {measure: mean_rows([x[measure] for x in by_pair]) for measure in by_pair[0]}
    n_defined = {m: (~np.isnan([x[m][0] for x in by_pair])).sum(axis=0) for m in rows}
    if len(pairs) > 1:
        rows["alpha"] = alpha_rows(answers, sums)
        n_defined["alpha"][:] = len(pairs)
    labels, overall = _estimates(answers, rows, {m: n < len(pairs) for m, n in n_defined.items()})
    return DimensionAgreement(
        dimension=answers.dimension,
        n_disputed=int(answers.disputed[-1]),
        measures=overall,
        labels=_label_agreements(answers, labels),
        pairs=tuple(map(_pair_agreement, pairs, by_pair)),
    )


def _label_agreements(answers: Answers, measures: dict[str, Measures]) -> dict[str, LabelAgreement]:
    shares, disputed = answers.shares, answers.disputed
    share = answers.given.sum(axis=(0, 1)) / answers.present.sum()
    return {
        label: LabelAgreement(
            share=float(share[j]),
            shares={
                annotator: float(x)
                for annotator, x in zip(answers.annotators, shares[:, j], strict=True)
                if not np.isnan(x)
            },
            n_disputed=int(disputed[j]),
            measures=measures[label],
        )
        for j, label in enumerate(answers.dimension.label_ids)
    }


def _pair_agreement(pair: Answers, rows: Rows) -> PairAgreement:
    labels, overall = _estimates(pair, rows, {})
    first, second = pair.given[:, 0], pair.given[:, 1]
    return PairAgreement(
        annotators=(pair.annotators[0], pair.annotators[1]),
        n=int(pair.present[:, 0].sum()),
        measures=overall,
        labels=labels,
        confusion=(first.T @ second).astype(int).tolist()
        if pair.dimension.kind == "single"
        else None,
    )


def _estimates(
    answers: Answers, rows: Rows, partial: dict[Measure, NDArray[np.bool_]]
) -> tuple[dict[str, Measures], Measures]:
    """Return the estimates of each label, and those of the entire dimension.

    `partial` says, for each measure and column, whether some pairs of annotators have no value.
    """

    def one(measure: Measure, column: int) -> Estimate:
        values = rows[measure][:, column]
        note = _note(measure, column, answers, undefined=bool(np.isnan(values[0])))
        if note is None and measure in partial and partial[measure][column]:
            note = "mean over those pairs of annotators for which it has a value"
        return estimate(values, note=note)

    labels = {
        label: {measure: one(measure, column) for measure in rows}
        for column, label in enumerate(answers.dimension.label_ids)
    }
    return labels, {measure: one(measure, -1) for measure in MEASURES[answers.dimension.kind]}


def _note(measure: Measure, column: int, answers: Answers, *, undefined: bool) -> str | None:
    """Return why a measure has no value, or that an annotator who never varies decides it."""
    if undefined:
        return _why_undefined(measure, column, answers)
    return _note_of_constants(column, answers) if measure == "kappa" else None


def _why_undefined(measure: Measure, column: int, answers: Answers) -> str:
    if column < 0:
        return "nobody gives any label" if measure == "positive" else "all answers are the same"
    shares = answers.shares[:, column]
    if measure == "positive" or not shares[~np.isnan(shares)].any():
        return "nobody gives it"
    return "all answers are the same"


def _note_of_constants(column: int, answers: Answers) -> str | None:
    """Return who gives the same answer throughout, which makes kappa 0."""
    shares = answers.shares
    # The share of a label is 0 or 1; over an entire dimension, the share of some label is 1.
    constant = (shares == 1).any(axis=1) if column < 0 else np.isin(shares[:, column], (0, 1))
    names = [name for name, is_one in zip(answers.annotators, constant, strict=True) if is_one]
    return f"0 with {' and '.join(names)}, whose answers are all the same" if names else None
