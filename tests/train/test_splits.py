"""Folds: nothing leaks between them, by article, by source and by date."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import write_rows

from depeche.labels.dataset import LabelledSet, load_labels
from depeche.labels.errors import LabelsError
from depeche.labels.schema import read_schema
from depeche.model.scoring.features import FeatureExtractor
from depeche.train import Split
from depeche.train.evaluation.metrics import indicator
from depeche.train.splits import (
    grouped_folds,
    leak_groups,
    near_duplicates,
    split_folds,
    train_rows,
)
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import score_out_of_fold

SCHEMA = read_schema()


def silent(_: str) -> None:
    pass


def test_folds_keep_groups_whole_spread_labels_and_depend_on_the_seed_alone() -> None:
    rng = np.random.default_rng(0)
    groups, Y = np.arange(300) // 3, (rng.random((300, 2)) < [0.1, 0.5]).astype(np.int64)
    fold = grouped_folds(groups, Y, 5, 0, what="article")
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]
    for group in set(groups):
        assert len(set(fold[groups == group])) == 1
    held = np.array([[(fold == k).sum(), *Y[fold == k].sum(axis=0)] for k in range(5)])
    assert (np.ptp(held, axis=0) <= 3).all()
    assert (fold == grouped_folds(groups, Y, 5, 0, what="article")).all()
    assert (fold != grouped_folds(groups, Y, 5, 1, what="article")).any()


WIRE = "Le ministre a reçu son homologue à Paris pour parler de la paix dans toute la région."


def test_near_duplicates_share_a_group_whatever_their_articles() -> None:
    texts = [
        WIRE,
        "La sonde a quitté l'orbite de la Terre hier soir, selon l'agence spatiale.",
        WIRE.upper().replace("À PARIS ", ""),
        "Un tout autre texte, sans aucun rapport avec les précédents ni les suivants.",
    ]
    assert [pair.tolist() for pair in near_duplicates(texts)] == [[0], [2]]
    groups = leak_groups(texts, ["a", "b", "c", "b"])
    assert groups[0] == groups[2]
    assert groups[1] == groups[3]
    assert groups[0] != groups[1]


def dated(tmp_path: Path) -> LabelledSet:
    rows = [
        {
            **{"id": f"{i}", "article": f"a{i // 2}", "text": f"Phrase numéro {i} du jour {i}."},
            **{"topics": ["space"][: i % 2], "stance": "neutral", "source": f"s{i % 4 // 2}"},
            **({"date": f"2024-01-{1 + i // 2:02}"} if i < 48 else {}),
        }
        for i in range(60)
    ]
    return load_labels([write_rows(tmp_path / "x.jsonl", rows)], SCHEMA)


def test_folds_by_date_are_scored_by_what_came_before(tmp_path: Path) -> None:
    labels = dated(tmp_path)
    fold = split_folds(labels, indicator(labels), Split.date, 3, 0)
    dates = np.array([p.date or "" for p in labels.paragraphs])
    assert set(fold) == {-1, 0, 1, 2}
    assert (fold[dates == ""] == -1).all()
    for k in range(3):
        assert max(dates[train_rows(fold, k, Split.date)]) < min(dates[fold == k])


def test_scores_by_date_are_calibrated_by_what_came_before(tmp_path: Path) -> None:
    """Labels of the last stretch, whatever they are, do not move the scores of the one before."""
    labels = dated(tmp_path)
    fold = split_folds(labels, indicator(labels), Split.date, 3, 0)
    settings_ = TrainSettings(split=Split.date, n_folds=3)
    counts = FeatureExtractor(settings_.features).count(labels.texts)
    Y = indicator(labels)
    changed = Y.copy()
    changed[fold == 2, 1] ^= 1
    one, two = (
        score_out_of_fold(counts, y, fold, settings_, SCHEMA, progress=silent) for y in (Y, changed)
    )
    assert set(one.fold) == {1, 2}
    assert (one.proba[one.fold == 1] == two.proba[two.fold == 1]).all()


def test_dates_that_do_not_divide_are_said(tmp_path: Path) -> None:
    labels = dated(tmp_path)
    same = tuple(replace(p, date="2024-03-01" if p.date else None) for p in labels.paragraphs[:40])
    labels = replace(labels, paragraphs=(*same, *labels.paragraphs[40:]))
    with pytest.raises(LabelsError, match=r"share a date|dates are too few"):
        split_folds(labels, indicator(labels), Split.date, 3, 0)


def test_folds_by_source_keep_sources_whole(tmp_path: Path) -> None:
    labels = dated(tmp_path)
    fold = split_folds(labels, indicator(labels), Split.source, 2, 0)
    assert {tuple(sorted(set(fold[np.array(labels.sources) == s]))) for s in ("s0", "s1")} == {
        (0,),
        (1,),
    }
    with pytest.raises(LabelsError, match=r"2 groups .by source.* are too few for 5 folds"):
        split_folds(labels, indicator(labels), Split.source, 5, 0)
