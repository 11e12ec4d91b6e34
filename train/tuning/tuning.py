"""Tuning: a search through the settings that matter, which can be interrupted and goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from depeche.labels.dataset import LabelledSet
from depeche.train import Progress
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tuning.nested import Division, Inner, Verdict, divide, judge, mean_score
from depeche.train.tuning.study import open_study

# The defaults lie within, as the first trial has them.
SPACE: dict[str, BaseDistribution] = {
    "penalty_c": FloatDistribution(1, 100, log=True),
    "naive_bayes_c": FloatDistribution(0.1, 10, log=True),
    "naive_bayes_share": FloatDistribution(0, 1),
    "min_df": IntDistribution(1, 4),
    "char_min": IntDistribution(2, 4),
    "char_max": IntDistribution(4, 7),
}
_OF_FEATURES = ("char_min", "char_max")
_DIGITS = 3  # significant, of a setting: more make no difference to a score


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Settings that were tried, and the main score of each dimension on the inner folds.

    `number` counts the finished trials of a study from 1; the defaults come first.
    """

    number: int
    settings: TrainSettings
    scores: dict[str, float]
    start: datetime
    end: datetime

    @property
    def score(self) -> float:
        """What the search maximises: the mean of the scores."""
        return mean_score(self.scores)

    @property
    def params(self) -> dict[str, float]:
        """The settings that the search varies."""
        return params_of(self.settings)


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """A finished search: its trials, best first, and what the outer fold says of the best."""

    study: str
    trials: tuple[Trial, ...]
    verdict: Verdict

    @property
    def best(self) -> TrainSettings:
        """The settings with the highest inner score."""
        return self.trials[0].settings

    def to_dict(self) -> dict[str, Any]:
        """Return the tuning as JSON-ready data."""
        return {
            "study": self.study,
            "settings": self.best.to_dict(),
            "trials": [
                {"number": t.number, "score": t.score, "scores": t.scores, "params": t.params}
                for t in self.trials
            ],
            "outer": self.verdict.to_dict(),
        }


# Takes the study's name and all its finished trials, before the search and after each trial.
Record = Callable[[str, Sequence[Trial]], None]


def tune(
    labels: LabelledSet,
    settings: TrainSettings,
    *,
    n_trials: int,
    storage: Path,
    progress: Progress,
    record: Record = lambda *_: None,
) -> Tuning:
    """Return the best settings of a search and what they are worth: see `nested.judge`.

    One outer fold is set aside, which the search never sees; three inner folds of the rest score
    each trial, by the mean of `metrics.main_scores`. Whoever goes on tuning after reading the outer
    score begins to choose by it as well.

    Parameters
    ----------
    settings
        The defaults: the folds, all that the search does not vary, and the first trial.
    n_trials
        Number of trials that the study will have, those finished before included.
    storage
        SQLite file of the studies; made where there is none.

    Raises as `nested.divide` and `study.open_study` do.
    """
    division = divide(labels, settings)
    inner, name = Inner(division), study_name(division, settings)
    progress(
        f"{len(division.outer.paragraphs)} paragraphs set aside; "
        f"{len(division.seen.paragraphs)} to search on; study {name}"
    )
    with open_study(storage, name) as study:
        trials = _search(study, inner, settings, n_trials, progress, record)
    # The earliest of equals, so that the defaults win ties.
    ranked = tuple(sorted(trials, key=lambda trial: (-trial.score, trial.number)))
    progress("outer fold")
    verdict = judge(division, inner, ranked[0].settings, settings)
    return Tuning(study=name, trials=ranked, verdict=verdict)


def study_name(division: Division, settings: TrainSettings) -> str:
    """Return a name that trials share when they were scored in the same way on the same data."""
    sha = hashlib.sha256(division.inner.tobytes())
    for labels in (division.seen, division.outer):
        sha.update(f"{labels.digest} {labels.schema.digest} ".encode())
    space = [f"{name} {distribution}" for name, distribution in SPACE.items()]
    sha.update(json.dumps([settings.digest, space, version("depeche")]).encode())
    return f"depeche-{sha.hexdigest()[:16]}"


def params_of(settings: TrainSettings) -> dict[str, float]:
    """Return the settings that the search varies, by name."""
    return {
        name: getattr(settings.features if name in _OF_FEATURES else settings, name)
        for name in SPACE
    }


def with_params(settings: TrainSettings, params: dict[str, float]) -> TrainSettings:
    """Return settings with those that the search varies replaced."""
    rounded = {
        name: float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
        for name, value in params.items()
    }
    features: dict[str, Any] = {name: rounded.pop(name) for name in _OF_FEATURES}
    others: dict[str, Any] = rounded
    return replace(settings, **others, features=replace(settings.features, **features))


def _search(
    study: optuna.Study,
    inner: Inner,
    settings: TrainSettings,
    n_trials: int,
    progress: Progress,
    record: Record,
) -> list[Trial]:
    """Return the finished trials of the study, in order, at least `n_trials`.

    There is no pruning: a score needs all inner folds, as each is cut by the others' thresholds.
    """
    for cut_off in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(cut_off.number, state=TrialState.FAIL)
    trials = _finished(study, settings)
    record(study.study_name, trials)
    if trials:
        progress(f"{len(trials)} trials are done, best {max(t.score for t in trials):.4f}")
    while len(trials) < n_trials:
        _try_one(study, inner, settings, n_done=len(trials))
        trials = _finished(study, settings)
        record(study.study_name, trials)
        last, best = trials[-1], max(trial.score for trial in trials)
        seconds = (last.end - last.start).total_seconds()
        progress(
            f"trial {last.number} of {n_trials}: {last.score:.4f}, best {best:.4f}, {seconds:.1f} s"
        )
    return trials


def _try_one(study: optuna.Study, inner: Inner, settings: TrainSettings, *, n_done: int) -> None:
    """Draw settings, score them and store the score.

    They are drawn by the tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for
    hyper-parameter optimization", 4), seeded by the number of trials done: a study that was
    interrupted goes on as if it had not been, and draws again what was cut off. (One sampler from
    a fixed seed, made anew, would repeat its first draws.)
    """
    seed = int(np.random.SeedSequence([settings.seed, n_done]).generate_state(1)[0])
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    if not n_done:
        study.enqueue_trial(params_of(settings))
    trial = study.ask(SPACE)
    scores = inner.scores(with_params(settings, trial.params))
    trial.set_user_attr("scores", scores)
    study.tell(trial, mean_score(scores))


def _finished(study: optuna.Study, settings: TrainSettings) -> list[Trial]:
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [
        Trial(
            number=number,
            settings=with_params(settings, trial.params),
            scores=trial.user_attrs["scores"],
            start=trial.datetime_start or datetime.now(),
            end=trial.datetime_complete or datetime.now(),
        )
        for number, trial in enumerate(done, start=1)
    ]
