"""Linear scorers: those of artifacts, one cut small, and parts with random weights."""

import zlib
from dataclasses import asdict, replace

import numpy as np

from depeche.model.artifact import Artifact, load_artifact
from depeche.model.scoring.features import FeatureSettings
from depeche.model.scoring.linear import LinearScorer
from depeche.model.scoring.word_vectors import VectorForm, WordVectors
from depeche.model.tagging import SHIPPED


def linear_scorer(artifact: Artifact) -> LinearScorer:
    assert isinstance(artifact.scorer, LinearScorer)
    return artifact.scorer


def small_artifact() -> Artifact:
    """Return the shipped model, cut to few features: quick to save and to load."""
    artifact, features = load_artifact(SHIPPED), FeatureSettings(table_bits=4)
    scorer = linear_scorer(artifact)
    return replace(
        artifact,
        scorer=LinearScorer(features, scorer.idf[:32], scorer.weights[:32], scorer.bias),
        settings=artifact.settings | {"features": asdict(features)},
        seen=artifact.seen[:9],
    )


def random_form(n_labels: int, n_dims: int = 5) -> VectorForm:
    """Return a form with vectors of most of the words of the texts below."""
    rng = np.random.default_rng(1)
    known = [*"abcdefghijklmnopqrstuvwxyz", "la", "paix", "une", "frappe", "port", "ne", "armee"]
    hashes = np.array(sorted(zlib.crc32(word.encode()) for word in known), dtype=np.uint32)
    vectors = rng.normal(size=(len(known), n_dims)).astype(np.float32)
    quadratic = rng.normal(size=(n_dims, n_labels, n_dims)).astype(np.float32)
    return VectorForm(
        words=WordVectors.rounded(hashes, vectors),
        linear=rng.normal(size=(n_dims, n_labels)).astype(np.float32),
        quadratic=quadratic + quadratic.transpose(2, 1, 0),
    )
