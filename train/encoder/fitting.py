"""Fitting an encoder: a loop whose result no kill can change.

Each step draws its random numbers from a seed of the step alone, so that a fitting that goes on
from a checkpoint does what it would have done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.errors import TrainingError
from depeche.labels.schema import Schema
from depeche.model.scoring.encoder import join_windows
from depeche.train import Progress
from depeche.train.encoder.batches import Examples, batches_by_length, collate, shuffled_batches
from depeche.train.encoder.checkpoint import Checkpoint, State
from depeche.train.encoder.judging import collapses, validation_scores
from depeche.train.encoder.settings import EncoderSettings

_LAYER = re.compile(r"\.(?:layers?|h|blocks?)\.(\d+)\.")
_EMBEDDINGS = re.compile(r"(^|\.)embeddings?\.")
_MOST_WEIGHT = 10.0  # of a label's examples; a handful of paragraphs must not outweigh the rest
_MOST_GRADIENT = 1.0  # norm to which gradients are scaled down, as in Devlin et al. 2019
_SAVE_EVERY, _REPORT_EVERY = 300.0, 15.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Task:
    """A fitting of an encoder to examples.

    Parameters
    ----------
    valid
        Examples on which passes are scored, to take the best; without them the last is taken.
    stream
        Numbers that, with the seed, name this fitting's random draws.
    """

    train: Examples
    valid: Examples | None
    schema: Schema
    settings: EncoderSettings
    pad_id: int
    stream: Sequence[int]
    device: str


def fit_encoder(model: Any, task: Task, checkpoint: Checkpoint, progress: Progress) -> State:
    """Fit a model, from its checkpoint on where there is one, and return the final state.

    At the end the model has the weights of its best pass.

    Raises
    ------
    TrainingError
        When the loss is no longer a number, or a checkpoint cannot be written.
    """
    import torch

    settings = task.settings
    model.to(task.device)
    optimizer = torch.optim.AdamW(parameter_groups(model, settings), lr=settings.learning_rate)
    state = checkpoint.load(model, optimizer)
    if state is not None:
        progress(f"going on after pass {state.epoch}, step {state.step}")
    state = state or State()
    while state.epoch < settings.epochs and not _is_stale(state, settings):
        _run_pass(model, optimizer, task, state, checkpoint, progress)
        _end_pass(model, task, state, checkpoint, progress)
        checkpoint.save(model, optimizer, state)
    checkpoint.finish(state)
    checkpoint.load_best(model)
    model.eval()
    return state


def parameter_groups(model: Any, settings: EncoderSettings) -> list[dict[str, Any]]:
    """Return the weights in groups by layer and kind, each with its `scale` of the rate."""
    named = list(model.named_parameters())
    n_layers = 1 + max((int(m[1]) for name, _ in named if (m := _LAYER.search(name))), default=-1)
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in named:
        layer = _LAYER.search(name)
        depth = n_layers + 1  # the head
        if layer:
            depth = int(layer[1]) + 1
        elif _EMBEDDINGS.search(name):
            depth = 0
        decays = parameter.ndim > 1  # neither biases nor norms
        group = groups.setdefault(
            (depth, decays),
            {
                "params": [],
                "weight_decay": settings.weight_decay if decays else 0.0,
                "scale": settings.layer_decay ** (n_layers + 1 - depth),
            },
        )
        group["params"].append(parameter)
    return [groups[key] for key in sorted(groups)]


def rate_share(step: int, n_steps: int, warmup: float) -> float:
    """Return the share of the highest rate at a step: it rises, then falls, in a straight line."""
    n_warm = int(np.ceil(warmup * n_steps))
    if step < n_warm:
        return (step + 1) / n_warm
    return (n_steps - step) / max(n_steps - n_warm, 1)


def loss_of(logits: Any, target: Any, weights: Any, schema: Schema) -> Any:
    """Return the loss of each window, (n_windows,): the sum of the losses of the dimensions.

    A multi dimension has the mean sigmoid cross-entropy of its labels, a single one the softmax
    cross-entropy. `logits` and `target` are tensors (n_windows, n_labels), `weights` (n_labels,).
    """
    from torch.nn import functional

    total: Any = 0
    for dimension, span in schema.columns():
        x, y, weight = logits[:, span], target[:, span], weights[span]
        if dimension.kind == "multi":
            each = functional.binary_cross_entropy_with_logits(
                x, y, pos_weight=weight, reduction="none"
            )
            total = total + each.mean(dim=1)
        else:
            total = total - (weight * y * functional.log_softmax(x, dim=1)).sum(dim=1)
    return total


def label_weights(Y: NDArray[np.int64], schema: Schema, power: float) -> NDArray[np.float32]:
    """Return the weight of each label's examples, (n_labels,).

    In a multi dimension (n_negative / n_positive) to a power; in a single one the balanced weights,
    to the same power, with a mean of 1 over the examples.
    """
    n, n_positive = len(Y), Y.sum(axis=0)
    weights = np.empty(Y.shape[1])
    for dimension, span in schema.columns():
        count = np.maximum(n_positive[span], 1)
        if dimension.kind == "multi":
            weights[span] = np.maximum((n - count) / count, 1.0) ** power
        else:
            balanced = (n / count) ** power
            weights[span] = balanced * n / (balanced * n_positive[span]).sum()
    return np.minimum(weights, _MOST_WEIGHT).astype(np.float32)


def predict_windows(
    model: Any, windows: Sequence[list[int]], task: Task, *, batch_size: int = 32
) -> NDArray[np.float64]:
    """Return the logits of windows, (n_windows, n_labels), in full precision."""
    import torch

    model.eval()
    logits = np.empty((len(windows), task.schema.n_labels))
    with torch.inference_mode():
        for rows in batches_by_length(windows, batch_size):
            batch = collate([windows[i] for i in rows], task.pad_id, task.device)
            logits[rows] = model(**batch).logits.float().cpu().numpy()
    return logits


def predict_examples(model: Any, examples: Examples, task: Task) -> NDArray[np.float64]:
    """Return the logits of paragraphs, (n_paragraphs, n_labels), in full precision."""
    logits = predict_windows(model, examples.windows, task)
    return join_windows(logits, examples.n_windows, task.schema)


def _run_pass(
    model: Any,
    optimizer: Any,
    task: Task,
    state: State,
    checkpoint: Checkpoint,
    progress: Progress,
) -> None:
    """Run the steps of a pass that are left."""
    settings = task.settings
    batches = shuffled_batches(task.train, settings.batch_size, _rng(task, state.epoch))
    steps = [
        batches[i : i + settings.accumulate] for i in range(0, len(batches), settings.accumulate)
    ]
    weights = _tensor(label_weights(task.train.Y, task.schema, settings.class_weight), task)
    n_steps = settings.epochs * len(steps)
    saved = reported = time.monotonic()
    model.train()
    for step in range(state.step, len(steps)):
        rate = rate_share(state.epoch * len(steps) + step, n_steps, settings.warmup)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * rate * group["scale"]
        loss = _step(model, optimizer, task, steps[step], weights, (state.epoch, step))
        if not np.isfinite(loss):
            raise TrainingError(
                f"the loss of pass {state.epoch + 1}, step {step + 1}, is {loss}: give a lower "
                "--learning-rate"
            )
        state.loss, state.weight, state.step = state.loss + loss, state.weight + 1, step + 1
        now = time.monotonic()
        if now - reported > _REPORT_EVERY:
            share = 100 * state.step / len(steps)
            progress(f"pass {state.epoch + 1}, {share:.0f} %: loss {state.loss / state.weight:.3f}")
            reported = now
        if now - saved > _SAVE_EVERY:
            checkpoint.save(model, optimizer, state)
            saved = now


def _step(
    model: Any,
    optimizer: Any,
    task: Task,
    batches: Sequence[NDArray[np.int64]],
    weights: Any,
    position: tuple[int, int],
) -> float:
    """Change the model's weights by the gradient over some batches, and return their loss.

    Parameters
    ----------
    position
        The pass and the step, which seed what is random in it.
    """
    import torch

    torch.manual_seed(int(_rng(task, *position).integers(2**63)))
    examples, total = task.train, 0.0
    total_weight = float(sum(examples.weight[rows].sum() for rows in batches))
    for rows in batches:
        inputs = collate([examples.windows[i] for i in rows], task.pad_id, task.device)
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=task.device == "cuda"):
            logits = model(**inputs).logits
        each = loss_of(logits.float(), _tensor(examples.target[rows], task), weights, task.schema)
        loss = (each * _tensor(examples.weight[rows], task)).sum() / total_weight
        loss.backward()
        total += float(loss.detach())
    torch.nn.utils.clip_grad_norm_(model.parameters(), _MOST_GRADIENT)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total


def _end_pass(
    model: Any, task: Task, state: State, checkpoint: Checkpoint, progress: Progress
) -> None:
    """Score a pass, keep its weights if it is the best, and report it."""
    entry: dict[str, float] = {"loss": state.loss / max(state.weight, 1)}
    message = f"pass {state.epoch + 1} of {task.settings.epochs}: loss {entry['loss']:.3f}"
    if task.valid is not None:
        logits = predict_examples(model, task.valid, task)
        entry |= validation_scores(logits, task.valid.Y, task.schema)
        message += "; set aside to validate: " + ", ".join(
            f"{dimension.id} {entry[dimension.id]:.3f}" for dimension in task.schema.dimensions
        )
        for warning in collapses(logits, task.valid.Y, task.schema):
            message += f"; {warning}"
    reached = entry.get("score", float(state.epoch))
    if reached > state.best_score:
        state.best, state.best_score = state.epoch, reached
        checkpoint.save_best(model)
    state.history.append(entry)
    state.epoch, state.step, state.loss, state.weight = state.epoch + 1, 0, 0.0, 0.0
    progress(message)


def _is_stale(state: State, settings: EncoderSettings) -> bool:
    """Return whether the last passes brought nothing better."""
    return state.best >= 0 and state.epoch - 1 - state.best >= settings.patience


def _rng(task: Task, *position: int) -> np.random.Generator:
    return np.random.default_rng([task.settings.seed, *task.stream, *position])


def _tensor(array: NDArray[np.float32], task: Task) -> Any:
    import torch

    return torch.from_numpy(array).to(task.device)
