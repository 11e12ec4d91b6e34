"""Fine-tuning: folds that do not leak, the model as it will run, and what shrinking it costs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.errors import TrainingError
from depeche.model.deciding.calibration import DIGITS
from depeche.model.scoring.encoder import EncoderScorer
from depeche.model.scoring.windows import Windower
from depeche.train import Progress, Split
from depeche.train.calibrating import fit_calibration
from depeche.train.encoder.base import Base, load_encoder, load_tokenizer, longest_window
from depeche.train.encoder.batches import make_examples
from depeche.train.encoder.checkpoint import Checkpoint
from depeche.train.encoder.checks import (
    check_memory,
    fertility,
    fertility_warnings,
    free_memory,
    needed_memory,
)
from depeche.train.encoder.exporting import export_encoder, quantize
from depeche.train.encoder.fitting import Task, fit_encoder, predict_examples
from depeche.train.encoder.judging import collapses, stuck
from depeche.train.encoder.settings import EncoderSettings
from depeche.train.evaluation.comparison import compare_predictions
from depeche.train.evaluation.held_out import Predictions
from depeche.train.evaluation.metrics import indicator
from depeche.train.splits import held_out_parts, split_folds, train_rows
from depeche.train.training import (
    OutOfFold,
    Training,
    calibrate_out_of_fold,
    decide_by_best_f1,
    make_artifact,
)

CHECKPOINTS = Path("mlruns") / "checkpoints"

_OF_FOLDS = 5  # of which one is held out where only one is asked for
_VALIDATION = 10  # one part in so many of what a model is fitted on is set aside
_MOST_DIFFERENCE = 1e-4  # between the logits of torch and those of its ONNX form
_MOST_LOSS = 0.02  # of a dimension's main score, by shrinking
_N_COMPARED = 64  # windows on which torch and ONNX are compared


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """A model fitted without some paragraphs, `scorer`, and what it says of them.

    `full` are the logits of the torch model, `logits` those of the scorer, (n_scored, n_labels).
    """

    scorer: EncoderScorer
    full: NDArray[np.float64]
    logits: NDArray[np.float64]
    history: list[dict[str, float]]
    best: int


class FineTuning:
    """A fine-tuning of a base model on labelled paragraphs.

    Parameters
    ----------
    shrink
        Whether the model's weights are rounded to 8 bits.
    checkpoints
        Where a fitting is kept until its model is saved.
    """

    def __init__(
        self,
        labels: LabelledSet,
        settings: EncoderSettings,
        base: Base,
        *,
        progress: Progress,
        shrink: bool = True,
        checkpoints: Path = CHECKPOINTS,
    ) -> None:
        import torch

        self.labels, self.settings, self.base = labels, settings, base
        self.shrink = shrink
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self._progress = progress
        self._schema, self._Y = labels.schema, indicator(labels)
        self._tokenizer, self._pad_id = load_tokenizer(base)
        self._windower = Windower(self._tokenizer, settings.max_length, settings.overlap)
        self._folder = checkpoints / self._digest[:16]

    def run(self) -> Training:
        """Return the fine-tuned model with its out-of-fold scores.

        Of one held-out fold, the model that was fitted without it; of several, one that is fitted
        on everything, for as many passes as theirs took. All scores are those of the model as it
        will run.

        Raises
        ------
        LabelsError
            When there are fewer groups than folds.
        TrainingError
            When the memory is short, the fitting fails, or the model as it would run is not what
            was fitted.
        """
        warnings = self._check()
        fold, held = self._folds()
        full, logits = np.zeros(self._Y.shape), np.zeros(self._Y.shape)
        fitted = []
        for k in held:
            rows, scored = train_rows(fold, k, self.settings.split), fold == k
            one = self._fit(f"fold-{k}", rows, scored, stream=(k,))
            full[scored], logits[scored] = one.full, one.logits
            fitted.append(one)
            warnings += stuck(one.history)
        fold, split = self._scored_parts(fold, held)
        schema = self._schema
        found_full = calibrate_out_of_fold(full, self._Y, fold, split, schema)
        found = calibrate_out_of_fold(logits, self._Y, fold, split, schema)
        warnings += collapses(found.logits, found.Y, schema)
        measured: dict[str, Any] = {"passes": fitted[0].history, "warnings": warnings}
        if self.shrink:
            measured["int8"] = self._loss_by_shrinking(found_full, found)
        last = fitted[0].scorer if len(held) == 1 else self._fit_all(fitted).scorer
        n_folds = len(held) if len(held) > 1 else f"1 of {_OF_FOLDS}"
        recorded = {"base": self.base.name, "precision": "int8" if self.shrink else "float32"}
        return Training(
            artifact=make_artifact(
                self.labels,
                found,
                last,
                backend="camembert",
                settings=self.settings.to_dict() | recorded,
                folds=f"{n_folds} by {self.settings.split.value}",
            ),
            settings=self.settings,
            labels=self.labels,
            Y=self._Y,
            out_of_fold=found,
            measured=measured,
        )

    def forget(self) -> None:
        """Remove the checkpoints, once the model is saved."""
        Checkpoint(self._folder).remove()

    @cached_property
    def _digest(self) -> str:
        """SHA-256 of all that a fitting depends on."""
        sha = hashlib.sha256(self._tokenizer)
        for path in sorted(self.base.folder.iterdir()):
            if path.name == "config.json" or path.suffix == ".safetensors":
                sha.update(hashlib.sha256(path.read_bytes()).digest())
        parts = [self.settings.to_dict(), self.labels.digest, self._schema.digest, self.device]
        sha.update(json.dumps([*parts, version("depeche")]).encode())
        return sha.hexdigest()

    def _check(self) -> list[str]:
        """Tell what is to be known before, and return what there is to warn of.

        Raises
        ------
        TrainingError
            When windows are longer than the base reads, or the memory is short.
        """
        settings, texts = self.settings, self.labels.texts
        model = load_encoder(self.base, self._schema.n_labels, settings.seed)
        if settings.max_length > longest_window(model):
            raise TrainingError(
                f"{self.base.name}: reads {longest_window(model)} tokens at once: give that or "
                "less with --max-length"
            )
        windows = self._windower.windows(texts)
        n_long = sum(len(of_text) > 1 for of_text in windows)
        longest = max(len(window) for of_text in windows for window in of_text)
        needed = needed_memory(model, settings.batch_size, longest)
        tokens = fertility(self._windower, texts)
        self._progress(
            f"{self.base.name} on {self.device}: {model.num_parameters() / 1e6:.0f} million "
            f"weights, about {needed / 1e9:.1f} GB of memory, {tokens:.1f} tokens a word"
        )
        if n_long:
            self._progress(
                f"{n_long} paragraphs are longer than {settings.max_length} tokens: read in "
                "overlapping windows"
            )
        check_memory(needed, free_memory(self.device))
        warnings = fertility_warnings(tokens, self.base.name)
        for warning in warnings:
            self._progress(warning)
        return warnings

    def _folds(self) -> tuple[NDArray[np.int64], Sequence[int]]:
        """Return the fold of each paragraph, and those that are held out in turn."""
        settings = self.settings
        n = settings.n_folds if settings.n_folds > 1 else _OF_FOLDS
        fold = split_folds(self.labels, self._Y, settings.split, n, settings.seed)
        if settings.n_folds > 1:
            return fold, range(n)
        return fold, [n - 1 if settings.split is Split.date else 0]

    def _scored_parts(
        self, fold: NDArray[np.int64], held: Sequence[int]
    ) -> tuple[NDArray[np.int64], Split]:
        """Return the folds that calibrate one another, and what they keep together.

        Where one fold is held out, its parts, which keep articles whole.
        """
        if len(held) > 1:
            return fold, self.settings.split
        rows = np.flatnonzero(fold == held[0])
        return held_out_parts(self.labels, self._Y, rows, self.settings.seed), Split.article

    def _fit(
        self,
        name: str,
        fitted_on: NDArray[np.bool_],
        scored: NDArray[np.bool_],
        stream: Sequence[int],
    ) -> _Fitted:
        """Return a model fitted on some paragraphs, a part of them set aside to validate."""
        rows = np.flatnonzero(fitted_on)
        parts = held_out_parts(self.labels, self._Y, rows, self.settings.seed, _VALIDATION)
        aside = parts[rows] == 0
        task = self._task(rows[~aside], rows[aside], self.settings, stream)
        held_out = np.flatnonzero(scored)
        return self._finish(name, task, held_out)

    def _fit_all(self, fitted: Sequence[_Fitted]) -> _Fitted:
        """Return the model fitted on all paragraphs, for as many passes as folds took."""
        n_passes = int(np.median([found.best for found in fitted])) + 1
        settings = replace(self.settings, epochs=n_passes)
        rows = np.arange(len(self._Y))
        task = self._task(rows, rows[:0], settings, (len(fitted),))
        return self._finish("all", task, rows[:_N_COMPARED])

    def _task(
        self,
        rows: NDArray[np.int64],
        aside: NDArray[np.int64],
        settings: EncoderSettings,
        stream: Sequence[int],
    ) -> Task:
        texts = self.labels.texts
        fitted_on, valid = (
            make_examples(self._windower, [texts[i] for i in part], self._Y[part])
            if len(part)
            else None
            for part in (rows, aside)
        )
        if fitted_on is None:
            raise TrainingError("no paragraph is left to fit on: label more articles")
        return Task(
            train=fitted_on,
            valid=valid,
            schema=self._schema,
            settings=settings,
            pad_id=self._pad_id,
            stream=stream,
            device=self.device,
        )

    def _finish(self, name: str, task: Task, held_out: NDArray[np.int64]) -> _Fitted:
        """Return the model of a task as it will run, with what it says of paragraphs held out."""
        model = load_encoder(self.base, self._schema.n_labels, self.settings.seed)
        checkpoint = Checkpoint(self._folder / name)
        state = fit_encoder(model, task, checkpoint, lambda line: self._progress(f"{name}: {line}"))
        texts = [self.labels.texts[i] for i in held_out]
        examples = make_examples(self._windower, texts, self._Y[held_out])
        full = predict_examples(model, examples, task)
        plain = export_encoder(model.cpu(), self.settings.max_length)
        self._check_export(self._scorer(plain), texts, full)
        kept = quantize(plain, task.train.windows) if self.shrink else plain
        scorer = self._scorer(kept)
        logits = scorer.logits(texts)
        self._progress(f"{name}: exported, {len(scorer.files()['encoder.onnx']) / 1e6:.0f} MB")
        return _Fitted(
            scorer=scorer, full=full, logits=logits, history=state.history, best=state.best
        )

    def _scorer(self, encoder: bytes) -> EncoderScorer:
        lengths = self.settings.max_length, self.settings.overlap
        return EncoderScorer(encoder, self._tokenizer, *lengths, self._schema)

    def _check_export(
        self, scorer: EncoderScorer, texts: Sequence[str], full: NDArray[np.float64]
    ) -> None:
        """Raise `TrainingError` when the ONNX form does not give the logits of torch."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        some = order[np.linspace(0, len(order) - 1, min(_N_COMPARED, len(order))).astype(int)]
        found = scorer.logits([texts[i] for i in some])
        difference = float(np.abs(found - full[some]).max())
        if difference > _MOST_DIFFERENCE:
            raise TrainingError(
                f"{self.base.name}: its ONNX form gives other logits than torch, by "
                f"{difference:.1e}: choose another base"
            )

    def _loss_by_shrinking(self, full: OutOfFold, small: OutOfFold) -> dict[str, Any]:
        """Return what 8 bits cost: `kept` of the decisions, and a `loss` a dimension.

        Raises
        ------
        TrainingError
            When a dimension loses too much, beyond what the choice of articles explains.
        """
        schema = self._schema
        calibration = fit_calibration(small.logits, small.Y, small.fold, schema)
        given = [
            decide_by_best_f1(calibration, calibration.predict_proba(x.logits, schema), schema)
            for x in (full, small)
        ]
        kept = round(float((given[0] == given[1]).mean()), DIGITS)
        found = compare_predictions(self._predictions(full), self._predictions(small), schema)
        main = [d for d in found if d.main]
        loss = {d.dimension: round(-d.value, DIGITS) for d in main}
        told = ", ".join(f"{100 * value:.1f} points on {name}" for name, value in loss.items())
        self._progress(f"8 bits keep {100 * kept:.1f} % of the decisions and lose {told}")
        if any(-d.value > _MOST_LOSS and d.high < 0 for d in main):
            raise TrainingError(
                f"8 bits lose {told}, more than {100 * _MOST_LOSS:.0f} and beyond noise: the same "
                "command with --full-precision keeps the model as it was fitted"
            )
        return {"kept": kept, "loss": loss}

    def _predictions(self, found: OutOfFold) -> Predictions:
        labels = self.labels.chosen(found.rows)
        return Predictions(
            ids=tuple(p.id for p in labels.paragraphs),
            articles=tuple(labels.articles),
            Y=found.Y,
            proba=found.proba,
            given=found.given,
        )
