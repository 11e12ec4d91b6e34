"""The encoder scorer: a fine-tuned transformer run by onnxruntime, without torch.

Each window of a text is run by itself, several at once in threads. So there is no padding, and no
score depends on the other texts: dynamic quantisation takes the range of its activations from all
that is run together.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import parent_process
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.errors import ArtifactError, MissingExtraError
from depeche.labels.schema import Schema
from depeche.model.cores import count_cores
from depeche.model.scoring.occlusion import occlude
from depeche.model.scoring.scorer import Contributions
from depeche.model.scoring.windows import Windower

ENCODER = "encoder.onnx"
TOKENIZER = "tokenizer.json"

_AT_ONCE = 512  # texts whose tokens are held at once


class EncoderScorer:
    """A transformer in ONNX form.

    Parameters
    ----------
    encoder
        The ONNX model: `input_ids` int64 (1, n_tokens) to `logits` float32 (1, n_labels).
    tokenizer
        What tokenizer.json holds.
    max_length, overlap
        Of the windows: see `windows.Windower`.
    schema
        Says how the windows of a long text are joined: see `join_windows`.
    """

    def __init__(
        self, encoder: bytes, tokenizer: bytes, max_length: int, overlap: float, schema: Schema
    ) -> None:
        self._encoder = encoder
        self._tokenizer = tokenizer
        self._windower = Windower(tokenizer, max_length, overlap)
        self._schema = schema
        self._session = _start(encoder)

    def files(self) -> dict[str, bytes]:
        """Return the files of an artifact, from which `load_encoder` makes the scorer again."""
        return {ENCODER: self._encoder, TOKENIZER: self._tokenizer}

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the scores before calibration, (n_samples, n_labels), of each text by itself."""
        parts = [np.empty((0, self._schema.n_labels))]
        with ThreadPoolExecutor(n_threads()) as threads:
            for start in range(0, len(texts), _AT_ONCE):
                windows = self._windower.windows(texts[start : start + _AT_ONCE])
                flat = [window for of_text in windows for window in of_text]
                # The longest first, so that all threads end at about the same time.
                order = sorted(range(len(flat)), key=lambda i: -len(flat[i]))
                scored = np.empty((len(flat), self._schema.n_labels))
                scored[order] = list(threads.map(self._run, (flat[i] for i in order)))
                parts.append(join_windows(scored, [len(w) for w in windows], self._schema))
        return np.concatenate(parts)

    def contributions(self, texts: Sequence[str], wanted: NDArray[np.bool_]) -> Contributions:
        """Return by how much each word of the sentences that count moves the logits."""
        return occlude(self.logits, texts, wanted)

    def _run(self, window: list[int]) -> NDArray[np.float32]:
        try:
            (logits,) = self._session.run(None, {"input_ids": np.array([window], dtype=np.int64)})
        except _faults() as err:
            raise ArtifactError(f"{ENCODER} cannot read a text: {_first_line(err)}") from err
        if logits.shape != (1, self._schema.n_labels) or not np.isfinite(logits).all():
            raise ArtifactError(
                f"{ENCODER} gives logits of shape {logits.shape}, or what is no number: it is not "
                "a model of this schema"
            )
        return np.asarray(logits[0])


def load_encoder(
    files: Mapping[str, bytes], settings: Mapping[str, Any], schema: Schema
) -> EncoderScorer:
    """Return the scorer of an artifact's files: see `backends.load_scorer`."""
    lengths = settings["max_length"], settings["overlap"]
    return EncoderScorer(files[ENCODER], files[TOKENIZER], *lengths, schema)


def join_windows(
    logits: NDArray[np.float64], n_windows: Sequence[int], schema: Schema
) -> NDArray[np.float64]:
    """Return the logits of texts, (n_texts, n_labels), from those of their windows.

    A label of a multi dimension holds where it holds in any window: the highest. Those of a single
    one are averaged, and given as differences from their mean, since a softmax sees no more.
    """
    first = np.cumsum([0, *n_windows[:-1]]).astype(np.int64)
    joined = np.maximum.reduceat(logits, first, axis=0)
    for dimension, span in schema.columns():
        if dimension.kind == "single":
            mean = np.add.reduceat(logits[:, span], first, axis=0) / np.array(n_windows)[:, None]
            joined[:, span] = mean - mean.mean(axis=1, keepdims=True)
    return joined


def n_threads() -> int:
    """Return how many threads to score with: `$OMP_NUM_THREADS`, else one per core.

    It is one in a process that another started, as `--jobs` does: that one shares out the cores.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    if parent_process() is not None:
        return 1
    return count_cores()


def _start(encoder: bytes) -> Any:
    """Return an onnxruntime session that runs a window in the thread that asks for it."""
    try:
        import onnxruntime
    except ModuleNotFoundError as err:
        raise MissingExtraError("onnxruntime", "onnx") from err
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    try:
        session = onnxruntime.InferenceSession(encoder, options, providers=["CPUExecutionProvider"])
    except _faults() as err:
        raise ValueError(f"{ENCODER} cannot be run: {_first_line(err)}") from err
    given, asked = session.get_outputs(), session.get_inputs()
    if [x.name for x in asked] != ["input_ids"] or asked[0].type != "tensor(int64)":
        raise ValueError(f"{ENCODER} asks for other things than the ids of tokens")
    if len(given) != 1 or given[0].type != "tensor(float)":
        raise ValueError(f"{ENCODER} gives other things than one array of logits")
    return session


def _faults() -> tuple[type[Exception], ...]:
    """Return the classes of what onnxruntime raises, which have no common base."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    classes = [value for value in vars(state).values() if isinstance(value, type)]
    return (*(c for c in classes if issubclass(c, Exception)), RuntimeError)


def _first_line(err: Exception) -> str:
    return f"{(str(err).splitlines() or [type(err).__name__])[0]:.200}"
