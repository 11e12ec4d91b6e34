"""Distillation: the `tfidf` backend learns from labels and from a better model's probabilities.

Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network": the teacher scores
paragraphs that nobody labelled, and the student is fitted on its scores as if they were labels.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.errors import InputError, TrainingError
from depeche.labels.labelling.queue import folded
from depeche.labels.schema import check_same_schema
from depeche.model.inputs.inputs import Inputs
from depeche.model.scoring.features import Counts, FeatureExtractor
from depeche.model.tagging import Model, load_model
from depeche.train import Progress, Split
from depeche.train.active.pool import read_pool
from depeche.train.evaluation.metrics import indicator, main_scores, score
from depeche.train.splits import held_out_parts
from depeche.train.tfidf.fitting import fit_scorer
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tracking.store import Run, Store
from depeche.train.training import OutOfFold, Training, calibrate_out_of_fold, make_artifact


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """The model of a run, and the ids of the labelled paragraphs that it was not fitted on."""

    run: Run
    model: Model
    held_out: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Unlabelled paragraphs with a teacher's scores.

    `proba`, (n_texts, n_labels), are calibrated. `held_out` are the ids of the labelled paragraphs
    that the teacher was not fitted on: only on these can a student be scored.
    """

    teacher: str
    texts: list[str]
    proba: NDArray[np.float64]
    held_out: frozenset[str]


def fetch_teacher(store: Store, run: Run, labels: LabelledSet) -> Teacher:
    """Return a run's model as a teacher for some labels.

    Raises
    ------
    TrainingError
        When it was trained on other data, or held out nothing.
    """
    if run.data != labels.digest:
        raise TrainingError(
            f"{run} was trained on data {run.data[:12] or 'unknown'}, but these labels are "
            f"{labels.digest[:12]}: give the labels that the teacher was given"
        )
    with tempfile.TemporaryDirectory(prefix="classify-") as folder:
        model = load_model(store.fetch_model(run, Path(folder)))
        _, predictions = store.held_out(run, Path(folder))
    check_same_schema(labels.schema, model.schema, ours_is="the labels", theirs_is=str(run))
    if model.artifact.settings["n_folds"] > 1:
        raise TrainingError(
            f"{run}: its model was fitted on every paragraph, so that no student of it can be "
            "scored: train the teacher without --folds, with --backend camembert"
        )
    return Teacher(run=run, model=model, held_out=frozenset(predictions.ids))


def prepare_lesson(
    teacher: Teacher, labels: LabelledSet, paths: list[str], *, progress: Progress
) -> Lesson:
    """Return the paragraphs of some inputs with a teacher's scores, those with labels left out.

    A student that had read the very paragraphs on which it is scored would score too well.

    Raises
    ------
    InputError
        When the inputs have no paragraph.
    """
    pool = read_pool(Inputs(paths), {}, source="")
    labelled = {folded(text) for text in labels.texts}
    texts = [item.text for item in pool.items.values() if item.folded not in labelled]
    if not texts:
        raise InputError(f"{', '.join(paths)}: no paragraph to learn from")
    message = f"{len(texts)} unlabelled paragraphs for {teacher.run}"
    progress(f"{message}; {pool.n_failed} inputs cannot be read" if pool.n_failed else message)
    return Lesson(
        teacher=teacher.run.id,
        texts=texts,
        proba=teacher.model.predict_proba(texts),
        held_out=teacher.held_out,
    )


def train_student(
    labels: LabelledSet, settings: TrainSettings, lesson: Lesson, *, progress: Progress
) -> Training:
    """Return the model fitted on labels and lesson.

    It is scored on the paragraphs that the teacher held out: neither the model that scores them nor
    its teacher was fitted on them. The final weights are fitted on everything.
    """
    schema, Y = labels.schema, indicator(labels)
    settings = replace(settings, vector_dims=0)  # products are fitted on labels alone
    counts = FeatureExtractor(settings.features).count(labels.texts + lesson.texts)
    targets = np.concatenate([Y.astype(np.float64), lesson.proba])
    students = _score_students(labels, lesson, counts, targets, settings, progress=progress)
    scores = {
        name: main_scores(score(x.Y, x.proba, x.given, schema), schema)
        for name, x in students.items()
    }
    scorer = fit_scorer(counts, targets, settings)
    progress("final fit on all paragraphs")
    return Training(
        artifact=make_artifact(
            labels,
            students["student"],
            scorer,
            backend="tfidf",
            settings=settings.to_dict() | {"n_folds": 1, "teacher": lesson.teacher},
            folds=f"those of its teacher by {settings.split.value}",
        ),
        settings=settings,
        labels=labels,
        Y=Y,
        out_of_fold=students["student"],
        measured={"distilled": {"n_unlabelled": len(lesson.texts), **scores}},
    )


def _score_students(
    labels: LabelledSet,
    lesson: Lesson,
    counts: Counts,
    targets: NDArray[np.float64],
    settings: TrainSettings,
    *,
    progress: Progress,
) -> dict[str, OutOfFold]:
    """Return the scores of a `student`, and those of a model fitted on the labels `alone`.

    Parameters
    ----------
    counts, targets
        Of the labelled paragraphs, then of the lesson's.
    """
    Y = indicator(labels)
    scored = np.array([p.id in lesson.held_out for p in labels.paragraphs])
    is_labelled = np.arange(len(targets)) < len(Y)
    taught = ~is_labelled
    taught[: len(Y)] = ~scored
    parts = held_out_parts(labels, Y, np.flatnonzero(scored), settings.seed)
    scores = {}
    for name, rows in (("student", taught), ("alone", taught & is_labelled)):
        scorer = fit_scorer(counts.rows_where(rows), targets[rows], settings)
        logits = np.zeros(Y.shape)
        logits[scored] = scorer.logits([labels.texts[i] for i in np.flatnonzero(scored)])
        scores[name] = calibrate_out_of_fold(logits, Y, parts, Split.article, labels.schema)
        progress(f"{name}: fitted on {rows.sum()} paragraphs, scored on {scored.sum()}")
    return scores
