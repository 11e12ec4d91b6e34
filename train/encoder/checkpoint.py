"""Checkpoints of a fitting, as safetensors: a killed one goes on as if nothing had happened.

```
mlruns/checkpoints/0123456789abcdef/fold-0/state.safetensors   weights, moments, state
mlruns/checkpoints/0123456789abcdef/fold-0/best.safetensors    weights of the best pass so far
```
The name of the folder is a digest of all that the result depends on, so that the same command finds
the folder again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from depeche.labels.errors import TrainingError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.system.places import put_in_place

_STATE, _BEST = "state.safetensors", "best.safetensors"
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # of AdamW, for each weight


@dataclass(kw_only=True)
class State:
    """How far a fitting is: `step` steps of pass `epoch` are done, both counted from 0.

    `loss` and `weight` are sums over the pass so far. `history` has one entry per finished pass;
    `best` is the pass with the best score, and `best_score` that score.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    weight: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best: int = -1
    best_score: float = -1.0


class Checkpoint:
    """The checkpoint of one fitting.

    Raises
    ------
    TrainingError
        When it cannot be written, or what is there is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, model: Any, optimizer: Any, state: State) -> None:
        """Save how far a fitting is, completely or not at all."""
        tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        for i, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{i}.{name}": moments[name] for name in _MOMENTS}
        self._write(_STATE, tensors, {"state": json.dumps(asdict(state))})

    def load(self, model: Any, optimizer: Any) -> State | None:
        """Restore a model and its optimizer and return how far they are; None if not begun."""
        if not (self.folder / _STATE).is_file():
            return None
        tensors, metadata = self._read(_STATE)
        with self._checking(_STATE):
            state = _parse_state(metadata["state"])
            if not tensors:  # the fitting is finished
                return state
            _restore(model, optimizer, tensors)
        return state

    def finish(self, state: State) -> None:
        """Save that a fitting is finished; of its weights only the best are kept."""
        self._write(_STATE, {}, {"state": json.dumps(asdict(state))})

    def save_best(self, model: Any) -> None:
        """Save the weights of the best pass so far."""
        self._write(_BEST, model.state_dict(), {})

    def load_best(self, model: Any) -> None:
        """Give a model the weights of its best pass."""
        weights, _ = self._read(_BEST)
        with self._checking(_BEST):
            model.load_state_dict(weights)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, name: str, tensors: dict[str, Any], metadata: dict[str, str]) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        path = self.folder / name
        temporary = path.with_suffix(".tmp")
        on_cpu = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)  # a link is not followed
            save_file(on_cpu, temporary, metadata)
            put_in_place(temporary, path)
        except (OSError, SafetensorError) as err:
            raise TrainingError(
                f"{path}: the checkpoint cannot be written: {err}; the same command goes on from "
                "the one before"
            ) from err

    def _read(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        from safetensors import SafetensorError, safe_open

        path = self.folder / name
        try:
            with safe_open(path, framework="pt") as file:
                names = list(file.keys())
                return {key: file.get_tensor(key) for key in names}, file.metadata() or {}
        except (OSError, SafetensorError) as err:
            raise _damaged(path, err) from err

    @contextmanager
    def _checking(self, name: str) -> Iterator[None]:
        """Turn the faults of a file that holds no checkpoint of this model into `TrainingError`."""
        try:
            yield
        except (RuntimeError, KeyError, ValueError, TypeError) as err:
            raise _damaged(self.folder / name, err) from err


def _damaged(path: Path, err: Exception) -> TrainingError:
    reason = (str(err).splitlines() or [type(err).__name__])[0]
    return TrainingError(
        f"{path}: the checkpoint is damaged ({reason:.200}): remove the folder to begin anew"
    )


def _parse_state(text: str) -> State:
    """Return the state in a text; raise `ValueError` or `TypeError` where there is none."""
    fields = parse_json(text)
    state = State(**fields)
    for name in ("epoch", "step", "best"):
        least = -1 if name == "best" else 0
        if type(fields[name]) is not int or fields[name] < least:
            raise ValueError(f"{name} is {fields[name]!r:.60}")
    for name in ("loss", "weight", "best_score"):
        if type(fields[name]) not in (int, float):
            raise ValueError(f"{name} is {fields[name]!r:.60}")
    passes = state.history
    if not isinstance(passes, list) or not all(isinstance(entry, dict) for entry in passes):
        raise ValueError(f"history is {passes!r:.60}")
    if state.best >= len(passes):
        raise ValueError(f"pass {state.best} is the best of {len(passes)}")
    return state


def _restore(model: Any, optimizer: Any, tensors: dict[str, Any]) -> None:
    """Give a model and its optimizer the weights and moments that were saved."""
    saved: dict[int, dict[str, Any]] = {}
    for name in [name for name in tensors if name.startswith("adam.")]:
        _, number, moment = name.split(".")
        saved.setdefault(int(number), {})[moment] = tensors.pop(name)
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for i, moments in saved.items():
        _check_moments(i, moments, weights)
    model.load_state_dict({name.removeprefix("model."): t for name, t in tensors.items()})
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": saved, "param_groups": groups})


def _check_moments(i: int, moments: dict[str, Any], weights: list[Any]) -> None:
    """Raise `ValueError` unless moments are those of weight `i`."""
    if not 0 <= i < len(weights) or moments.keys() != set(_MOMENTS):
        raise ValueError(f"moments of weight {i}: {', '.join(sorted(moments))}")
    if any(moments[name].shape != weights[i].shape for name in _MOMENTS if name != "step"):
        raise ValueError(f"moments of weight {i} are of another shape")
