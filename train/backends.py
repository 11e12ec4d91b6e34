"""How a model is trained: by which backend, with a teacher or without, one call for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from depeche.labels.dataset import LabelledSet
from depeche.train.tfidf.settings import TrainSettings, parse_settings, read_settings

if TYPE_CHECKING:
    from depeche.train import Progress
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


def choose_settings(path: Path | None, options: Mapping[str, object]) -> TrainSettings:
    """Return the settings of a file, else the defaults, with those given in their place."""
    settings = TrainSettings() if path is None else read_settings(path)
    return parse_settings(settings.to_dict() | _given(options), where="options")


def choose_encoder_settings(path: Path | None, options: Mapping[str, object]) -> EncoderSettings:
    """Return the same for the `camembert` backend."""
    from depeche.train.encoder.settings import EncoderSettings, parse_encoder_settings
    from depeche.train.settings import read_json

    settings = EncoderSettings()
    if path is not None:
        settings = parse_encoder_settings(read_json(path), where=str(path))
    return parse_encoder_settings(settings.to_dict() | _given(options), where="options")


def _given(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that were given."""
    return {key: value for key, value in options.items() if value is not None}
