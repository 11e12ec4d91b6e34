"""Training with any backend, with or without a teacher: make a trainer, then `train_and_save`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from depeche.labels.dataset import LabelledSet
from depeche.train import DEFAULT_BASE, Progress
from depeche.train.tfidf.settings import TrainSettings, parse_settings, read_settings

if TYPE_CHECKING:
    from depeche.train.encoder.settings import EncoderSettings
    from depeche.train.encoder.training import FineTuning
    from depeche.train.training import Training


class Trainer(Protocol):
    """A backend with its settings."""

    def train(self, labels: LabelledSet, progress: Progress) -> Training:
        """Return the model fitted on labelled paragraphs, with its out-of-fold scores."""

    def forget(self) -> None:
        """Remove what was kept to go on from, once the model is saved."""


@dataclass(frozen=True, kw_only=True)
class LinearTrainer:
    """The `tfidf` backend."""

    settings: TrainSettings

    def train(self, labels: LabelledSet, progress: Progress) -> Training:
        """Return the model fitted on labelled paragraphs: see `tfidf.training.train_model`."""
        from depeche.train.tfidf.training import train_model

        return train_model(labels, self.settings, progress=progress)

    def forget(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class StudentTrainer:
    """The `tfidf` backend, taught by the model of a run on unlabelled articles."""

    settings: TrainSettings
    teacher: str
    unlabelled: list[str]

    def train(self, labels: LabelledSet, progress: Progress) -> Training:
        """Return the model: see `distilling.train_student`."""
        from depeche.train.distilling import fetch_teacher, prepare_lesson, train_student
        from depeche.train.tracking.store import open_store

        with open_store() as store:
            teacher = fetch_teacher(store, store.find(self.teacher), labels)
        lesson = prepare_lesson(teacher, labels, self.unlabelled, progress=progress)
        return train_student(labels, self.settings, lesson, progress=progress)

    def forget(self) -> None:
        """Do nothing."""


@dataclass(kw_only=True)
class EncoderTrainer:
    """The `camembert` backend; `base` is a folder or a name on the hub."""

    settings: EncoderSettings
    base: str
    shrink: bool
    _tuning: FineTuning | None = field(default=None, init=False)

    def train(self, labels: LabelledSet, progress: Progress) -> Training:
        """Return the model: see `encoder.training.FineTuning`."""
        from depeche.train.encoder.base import find_base

        base = find_base(self.base)  # before torch, which takes seconds to import
        from depeche.train.encoder.training import FineTuning

        self._tuning = FineTuning(
            labels, self.settings, base, progress=progress, shrink=self.shrink
        )
        return self._tuning.run()

    def forget(self) -> None:
        """Remove the checkpoints."""
        if self._tuning is not None:
            self._tuning.forget()


def make_linear_trainer(
    path: Path | None,
    options: Mapping[str, object],
    *,
    teacher: str | None = None,
    unlabelled: list[str] | None = None,
) -> Trainer:
    """Return a trainer of the `tfidf` backend: see `choose_settings`.

    Parameters
    ----------
    teacher, unlabelled
        A run, and the articles that its model tags for the one to be trained: both or neither.
    """
    settings = choose_settings(path, options)
    if teacher and unlabelled:
        return StudentTrainer(settings=settings, teacher=teacher, unlabelled=unlabelled)
    return LinearTrainer(settings=settings)


def make_encoder_trainer(
    path: Path | None, options: Mapping[str, object], *, base: str | None, shrink: bool
) -> Trainer:
    """Return a trainer of the `camembert` backend: see `choose_encoder_settings`."""
    settings = choose_encoder_settings(path, options)
    return EncoderTrainer(settings=settings, base=base or DEFAULT_BASE, shrink=shrink)


def train_and_save(
    trainer: Trainer, labels: LabelledSet, folder: Path, *, progress: Progress
) -> tuple[Training, dict[str, Any]]:
    """Return a training, saved in a folder, and its evaluation: see `diagnostics`."""
    from depeche.train.diagnostics import evaluate_training
    from depeche.train.reports.card import model_card

    progress(f"{len(labels.paragraphs)} paragraphs of {len(set(labels.articles))} articles")
    training = trainer.train(labels, progress)
    evaluation = evaluate_training(training, progress=progress)
    training = training.with_evaluation(evaluation)
    training = training.save(folder, card=model_card(training.artifact))
    progress(f"model in {folder}")
    trainer.forget()
    return training, evaluation


def choose_settings(path: Path | None, options: Mapping[str, object]) -> TrainSettings:
    """Return the settings of a file, else the defaults, with the options that were given.

    An option that is None was not given.
    """
    settings = TrainSettings() if path is None else read_settings(path)
    return parse_settings(settings.to_dict() | _given(options), where="options")


def choose_encoder_settings(path: Path | None, options: Mapping[str, object]) -> EncoderSettings:
    """Return the settings of the `camembert` backend in the same way."""
    from depeche.train.encoder.settings import EncoderSettings, parse_encoder_settings
    from depeche.train.settings import read_json

    settings = EncoderSettings()
    if path is not None:
        settings = parse_encoder_settings(read_json(path), where=str(path))
    return parse_encoder_settings(settings.to_dict() | _given(options), where="options")


def _given(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that were given."""
    return {key: value for key, value in options.items() if value is not None}
