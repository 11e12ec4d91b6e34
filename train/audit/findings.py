"""The findings of an audit: labels to review, counts, and how annotators shift."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from typing import Any, Literal

from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Dimension
from depeche.model.deciding.calibration import DIGITS
from depeche.train.audit.contradictions import KeywordRule
from depeche.train.audit.drift import Annotator

Reason = Literal["model", "duplicate", "keyword"]
REASONS: tuple[Reason, ...] = ("model", "duplicate", "keyword")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A label to review.

    `rank` counts from 1 within a dimension and a reason. `label` is the label in question, `given`
    says whether the paragraph has it, and `proba` is its probability by a model that saw neither
    the paragraph nor its article. In a single dimension, `label` is the one given, and `instead`
    the one that is more likely, that the near-duplicate has, or that the keyword stands for.
    `doubt` is the probability that another answer is right, and `looks_wrong` the verdict of
    confident learning. `twin` is the near-duplicate with another answer, and `rule` the keyword
    rule that the paragraph breaks.
    """

    reason: Reason
    rank: int
    paragraph: LabelledParagraph
    dimension: Dimension
    label: str
    given: bool
    proba: float
    instead: str | None
    instead_proba: float | None
    doubt: float
    looks_wrong: bool
    twin: LabelledParagraph | None = None
    rule: KeywordRule | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as one flat row of JSON-ready data."""
        return {
            "dimension": self.dimension.id,
            "reason": self.reason,
            "rank": self.rank,
            "id": self.paragraph.id,
            "article": self.paragraph.article,
            "annotator": self.paragraph.annotator,
            "label": self.label,
            "given": self.given,
            "score": round(self.proba, DIGITS),
            "instead": self.instead,
            "instead_score": self.instead_proba and round(self.instead_proba, DIGITS),
            "doubt": round(self.doubt, DIGITS),
            "looks_wrong": self.looks_wrong,
            "twin": self.twin and self.twin.id,
            "keyword": self.rule and self.rule.keyword,
            "keyword_share": self.rule and round(self.rule.share, DIGITS),
            "text": self.paragraph.text,
        }


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How many paragraphs have a label, and how many of the answers look wrong.

    `n_missing` paragraphs lack the label and should have it; `n_unfounded` have it and should not.
    """

    dimension: str
    label: str
    n_given: int
    n_missing: int
    n_unfounded: int


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The first findings of each dimension and reason by rank, the counts, and the annotators.

    `n_found` counts all findings, those of the model only if they look wrong. `annotators` is empty
    where no record names one.
    """

    signature: str
    n_paragraphs: int
    n_articles: int
    findings: tuple[Finding, ...]
    n_found: dict[str, dict[Reason, int]]
    verdicts: tuple[Verdict, ...]
    annotators: tuple[Annotator, ...]

    def select(self, dimension: str, reason: Reason) -> list[Finding]:
        """Return the findings of a dimension for a reason, by rank."""
        return [f for f in self.findings if f.dimension.id == dimension and f.reason == reason]

    def queue(self) -> list[LabelledParagraph]:
        """Return the paragraphs to review, each once, the first ranks first."""
        lists = [self.select(d, reason) for d in self.n_found for reason in REASONS]
        ranked = chain.from_iterable(zip_longest(*lists))
        return list({f.paragraph.id: f.paragraph for f in ranked if f is not None}.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as JSON-ready data."""
        return {
            "signature": self.signature,
            "n_paragraphs": self.n_paragraphs,
            "n_articles": self.n_articles,
            "n_found": self.n_found,
            "labels": [asdict(verdict) for verdict in self.verdicts],
            "findings": [finding.to_dict() for finding in self.findings],
            "annotators": [annotator.to_dict() for annotator in self.annotators],
        }
