"""Training of the encoder backend: models fine-tuned fold by fold, and the final one."""

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
from depeche.model.scoring.encoder import EncoderScorer
from depeche.model.scoring.windows import Windower
from depeche.train import Progress, Split
from depeche.train.encoder.base import Base, load_encoder, load_tokenizer, longest_window
from depeche.train.encoder.batches import Examples, make_examples
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
from depeche.train.encoder.shrinking import N_COMPARED, check_export, loss_by_shrinking
from depeche.train.evaluation.metrics import indicator
from depeche.train.splits import held_out_parts, split_folds, train_rows
from depeche.train.training import (
    OutOfFold,
    Training,
    calibrate_out_of_fold,
    make_artifact,
)

CHECKPOINTS = Path("mlruns") / "checkpoints"

_FOLDS_FOR_ONE = 5  # of which one is held out, where one fold is asked for
_VALIDATION_PARTS = 10  # one of which is set aside from the paragraphs that a model is fitted on


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """A model fitted without some paragraphs, and its logits of these, (n_scored, n_labels).

    `scorer` is the model as it will run and `logits` are its own; `full` are those of the torch
    model. `history` and `best` are those of `checkpoint.State`.
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
        Whether the weights of the final model are rounded to 8 bits.
    checkpoints
        Folder that keeps each fitting until the model is saved.
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

        With one held-out fold, it is the model fitted without that fold; with several, one fitted
        on everything, for as many passes as theirs took. All scores are of models as they will run.

        Raises
        ------
        LabelsError
            When there are fewer groups than folds.
        TrainingError
            When the memory is short, the fitting fails, or exporting changes the model.
        """
        warnings = self._check()
        fold, held_out = self._folds()
        fitted, full, out_of_fold = self._score_folds(fold, held_out)
        warnings += [warning for fold_model in fitted for warning in stuck(fold_model.history)]
        warnings += collapses(out_of_fold.logits, out_of_fold.Y, self._schema)
        measured: dict[str, Any] = {"passes": fitted[0].history, "warnings": warnings}
        if self.shrink:
            measured["int8"] = loss_by_shrinking(self.labels, full, out_of_fold, self._progress)
        last = fitted[0] if len(held_out) == 1 else self._fit_all(fitted)
        n_folds = len(held_out) if len(held_out) > 1 else f"1 of {_FOLDS_FOR_ONE}"
        recorded = {"base": self.base.name, "precision": "int8" if self.shrink else "float32"}
        artifact = make_artifact(
            self.labels,
            out_of_fold,
            last.scorer,
            backend="camembert",
            settings=self.settings.to_dict() | recorded,
            folds=f"{n_folds} by {self.settings.split.value}",
        )
        return Training(
            artifact=artifact,
            settings=self.settings,
            labels=self.labels,
            Y=self._Y,
            out_of_fold=out_of_fold,
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
        """Report what there is to know before the fitting, and return the warnings.

        Raises
        ------
        TrainingError
            When windows are longer than the base model reads, or the memory is short.
        """
        settings, texts = self.settings, self.labels.texts
        model = load_encoder(self.base, self._schema.n_labels, settings.seed)
        if settings.max_length > longest_window(model):
            raise TrainingError(
                f"{self.base.name}: reads {longest_window(model)} tokens at once: give that or "
                "less with --max-length"
            )
        windows = self._windower.windows(texts)
        n_long = sum(len(text_windows) > 1 for text_windows in windows)
        longest = max(len(window) for text_windows in windows for window in text_windows)
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
        """Return the fold of each paragraph, and the folds that are held out in turn."""
        settings = self.settings
        n = settings.n_folds if settings.n_folds > 1 else _FOLDS_FOR_ONE
        fold = split_folds(self.labels, self._Y, settings.split, n, settings.seed)
        if settings.n_folds > 1:
            return fold, range(n)
        return fold, [n - 1 if settings.split is Split.date else 0]

    def _score_folds(
        self, fold: NDArray[np.int64], held_out: Sequence[int]
    ) -> tuple[list[_Fitted], OutOfFold, OutOfFold]:
        """Return the models of held-out folds, their scores in torch, and as they will run."""
        full, logits = np.zeros(self._Y.shape), np.zeros(self._Y.shape)
        fitted = []
        for k in held_out:
            rows, scored = train_rows(fold, k, self.settings.split), fold == k
            fold_model = self._fit(f"fold-{k}", rows, scored, stream=(k,))
            full[scored], logits[scored] = fold_model.full, fold_model.logits
            fitted.append(fold_model)
        parts, split = self._scored_parts(fold, held_out)
        full_scores, scores = (
            calibrate_out_of_fold(x, self._Y, parts, split, self._schema) for x in (full, logits)
        )
        return fitted, full_scores, scores

    def _scored_parts(
        self, fold: NDArray[np.int64], held_out: Sequence[int]
    ) -> tuple[NDArray[np.int64], Split]:
        """Return the folds that calibrate one another, and what they keep together.

        Where a single fold is held out, these are its parts, by article.
        """
        if len(held_out) > 1:
            return fold, self.settings.split
        rows = np.flatnonzero(fold == held_out[0])
        return held_out_parts(self.labels, self._Y, rows, self.settings.seed), Split.article

    def _fit(
        self,
        name: str,
        fitted_on: NDArray[np.bool_],
        scored: NDArray[np.bool_],
        stream: Sequence[int],
    ) -> _Fitted:
        """Return a model fitted on some paragraphs, with a part of them set aside to validate."""
        rows = np.flatnonzero(fitted_on)
        parts = held_out_parts(self.labels, self._Y, rows, self.settings.seed, _VALIDATION_PARTS)
        aside = parts[rows] == 0
        task = self._task(rows[~aside], rows[aside], self.settings, stream)
        held_out = np.flatnonzero(scored)
        return self._finish(name, task, held_out)

    def _fit_all(self, fitted: Sequence[_Fitted]) -> _Fitted:
        """Return the model fitted on all paragraphs, for as many passes as folds took."""
        n_passes = int(np.median([fold_model.best for fold_model in fitted])) + 1
        settings = replace(self.settings, epochs=n_passes)
        rows = np.arange(len(self._Y))
        task = self._task(rows, rows[:0], settings, (len(fitted),))
        return self._finish("all", task, rows[:N_COMPARED])

    def _task(
        self,
        rows: NDArray[np.int64],
        aside: NDArray[np.int64],
        settings: EncoderSettings,
        stream: Sequence[int],
    ) -> Task:
        """Return the task of fitting on `rows`, with the rows `aside` to validate."""
        if not len(rows):
            raise TrainingError("no paragraph is left to fit on: label more articles")
        return Task(
            train=self._examples(rows),
            valid=self._examples(aside) if len(aside) else None,
            schema=self._schema,
            settings=settings,
            pad_id=self._pad_id,
            stream=stream,
            device=self.device,
        )

    def _examples(self, rows: NDArray[np.int64]) -> Examples:
        texts = [self.labels.texts[i] for i in rows]
        return make_examples(self._windower, texts, self._Y[rows])

    def _finish(self, name: str, task: Task, held_out: NDArray[np.int64]) -> _Fitted:
        """Return the fitted model of a task, with its logits of held-out paragraphs."""
        model = load_encoder(self.base, self._schema.n_labels, self.settings.seed)
        checkpoint = Checkpoint(self._folder / name)
        state = fit_encoder(model, task, checkpoint, lambda line: self._progress(f"{name}: {line}"))
        texts = [self.labels.texts[i] for i in held_out]
        full = predict_examples(model, self._examples(held_out), task)
        plain = export_encoder(model.cpu(), self.settings.max_length)
        check_export(self._scorer(plain), texts, full, self.base.name)
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
