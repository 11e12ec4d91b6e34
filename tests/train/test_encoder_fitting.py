"""Fitting an encoder: what a stop changes, what is learnt, what exporting loses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_encoder import MAX_LENGTH, make_tiny_base, needs_torch

from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.errors import TrainingError
from depeche.labels.schema import read_schema
from depeche.model.scoring.encoder import EncoderScorer
from depeche.train.encoder.base import Base, load_encoder, load_tokenizer
from depeche.train.encoder.batches import Examples, make_examples
from depeche.train.encoder.checkpoint import Checkpoint, State
from depeche.train.encoder.fitting import Task, predict_examples
from depeche.train.encoder.settings import EncoderSettings
from depeche.train.evaluation.metrics import indicator, score
from depeche.train.training import decide_by_best_f1

SCHEMA = read_schema()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory)


def task_of(settings: EncoderSettings, examples: Examples, pad_id: int) -> Task:
    return Task(
        train=examples,
        valid=None,
        schema=SCHEMA,
        settings=settings,
        pad_id=pad_id,
        stream=(0,),
        device="cpu",
    )


class _Stop(Exception):  # what a test raises in place of a kill
    pass


@needs_torch
def test_fitting_that_stops_goes_on_to_the_same_weights(base: Path, tmp_path: Path) -> None:
    from depeche.model.scoring.windows import Windower
    from depeche.train.encoder.fitting import fit_encoder

    tiny = Base(name="tiny", folder=base)
    tokenizer, pad_id = load_tokenizer(tiny)
    labels = load_labels([FOLDER / "seeds.jsonl"], SCHEMA)
    settings = EncoderSettings(epochs=2, batch_size=8, accumulate=2, layer_decay=0.8)
    examples = make_examples(Windower(tokenizer, MAX_LENGTH, 0.25), labels.texts, indicator(labels))
    task = task_of(settings, examples, pad_id)

    def fit(name: str, progress: Callable[[str], None]) -> dict[str, Any]:
        model = load_encoder(tiny, SCHEMA.n_labels, 0)
        state = fit_encoder(model, task, Checkpoint(tmp_path / name), progress)
        weights = {key: tensor.numpy() for key, tensor in model.state_dict().items()}
        return weights | {"losses": np.array([entry["loss"] for entry in state.history])}

    def stop(line: str) -> None:
        if line.startswith("pass 2"):
            raise _Stop

    uncut = fit("whole", lambda _: None)
    with pytest.raises(_Stop):
        fit("stopped", stop)
    stopped = fit("stopped", lambda _: None)
    assert all((stopped[name] == weights).all() for name, weights in uncut.items())
    again = fit("stopped", lambda _: None)  # it is finished: nothing is done anew
    assert all((again[name] == weights).all() for name, weights in uncut.items())
    assert len(uncut["losses"]) == 2


@needs_torch
@pytest.mark.parametrize("name", ["state", "best"])
@pytest.mark.parametrize(
    "change",
    [
        *("garbage", "empty", "header", "no state", "deep", "nan", "types", "unknown", "weights"),
        *("shapes", "moments", "numbers"),
    ],
)
def test_checkpoint_that_is_none_is_said(name: str, change: str, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    checkpoint = Checkpoint(tmp_path / "fold")
    state = State(history=[{"loss": 0.5}], best=0, epoch=1)
    checkpoint.save(model, optimizer, state)
    checkpoint.save_best(model)
    assert checkpoint.load(model, optimizer) == state
    checkpoint.load_best(model)
    path = tmp_path / "fold" / f"{name}.safetensors"
    tensors, state_text = load_file(path), json.dumps(asdict(state))
    states = {
        "deep": "[" * 100_000,
        "nan": state_text.replace("0.5", "NaN"),
        "types": state_text.replace("[", "3,").replace("]", ""),
        "unknown": state_text.replace('"epoch"', '"age"'),
        "numbers": state_text.replace('"epoch": 1', '"epoch": 1e300'),
    }
    if change in ("garbage", "empty", "header"):
        data = {"garbage": b"x" * 99, "empty": b"", "header": (1 << 60).to_bytes(8, "little")}
        path.write_bytes(data[change])
    elif name == "best":
        save_file({"weight": torch.ones(9)}, path)
    elif change in ("weights", "shapes", "moments"):
        if change == "weights":
            tensors["model.weight"] = torch.ones(9)
        elif change == "shapes":
            tensors["adam.0.exp_avg"] = torch.ones(9)
        else:
            tensors["adam.7.x"] = torch.ones(9)
        save_file(tensors, path, {"state": state_text})
    else:
        save_file(tensors, path, {} if change == "no state" else {"state": states[change]})
    with pytest.raises(TrainingError, match=rf"{name}\.safetensors: the checkpoint is damaged"):
        checkpoint.load(model, optimizer) if name == "state" else checkpoint.load_best(model)


@needs_torch
def test_checkpoint_is_not_written_through_a_link(tmp_path: Path) -> None:
    import torch

    (tmp_path / "fold").mkdir()
    (tmp_path / "victim").write_text("precious")
    for name in ("state", "best"):
        (tmp_path / "fold" / f"{name}.tmp").symlink_to(tmp_path / "victim")
        (tmp_path / "fold" / f"{name}.safetensors").symlink_to(tmp_path / "victim")
    checkpoint = Checkpoint(tmp_path / "fold")
    checkpoint.save_best(torch.nn.Linear(3, 2))
    checkpoint.finish(State())
    assert (tmp_path / "victim").read_text() == "precious"


@needs_torch
@pytest.mark.slow
def test_forty_paragraphs_are_learnt_by_heart(base: Path, tmp_path: Path) -> None:
    import torch

    from depeche.model.scoring.windows import Windower
    from depeche.train.calibrating import fit_calibration
    from depeche.train.encoder.exporting import export_encoder, quantize
    from depeche.train.encoder.fitting import fit_encoder

    tiny = Base(name="tiny", folder=base)
    labels = load_labels([FOLDER / "composed.jsonl"], SCHEMA).chosen(range(0, 400, 10))
    tokenizer, pad_id = load_tokenizer(tiny)
    Y = indicator(labels)
    examples = make_examples(Windower(tokenizer, MAX_LENGTH, 0.25), labels.texts, Y)
    settings = EncoderSettings(epochs=250, patience=250, learning_rate=0.005, max_length=MAX_LENGTH)
    model = load_encoder(tiny, SCHEMA.n_labels, 0)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0  # what keeps from learning by heart
    fit_encoder(
        model, task_of(settings, examples, pad_id), Checkpoint(tmp_path / "c"), lambda _: None
    )
    small = quantize(export_encoder(model, MAX_LENGTH), examples.windows)
    logits = EncoderScorer(small, tokenizer, MAX_LENGTH, 0.25, SCHEMA).logits(labels.texts)
    calibration = fit_calibration(logits, Y, np.zeros(40, np.int64), SCHEMA)
    proba = calibration.predict_proba(logits, SCHEMA)
    scores = score(Y, proba, decide_by_best_f1(calibration, proba, SCHEMA), SCHEMA)
    assert scores["topics"]["micro_f1"] > 0.95  # but for what 8 bits may cost, on some machines
    assert scores["stance"]["macro_f1"] > 0.95


def made_product(column: float, fall: float) -> bytes:
    """Return an ONNX model that multiplies by a matrix, with some columns or rows far larger.

    Parameters
    ----------
    column, fall
        How many times as large the first columns are, and how the size of rows falls.
    """
    from onnx import TensorProto, helper, numpy_helper

    chance = np.random.default_rng(0)
    size = np.where(np.arange(32) < 2, column, 1)
    tensors = {
        "axis": np.array([2]),
        "frequency": chance.normal(size=32).astype(np.float32),
        "size": size.astype(np.float32),
        "fall": np.float32(fall),
        "matrix": (chance.normal(size=(32, 4)) / size[:, None]).astype(np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["input_ids"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["number", "axis"], ["column"]),
            helper.make_node("Mul", ["column", "frequency"], ["angle"]),
            helper.make_node("Sin", ["angle"], ["sine"]),
            helper.make_node("Mul", ["sine", "size"], ["sized"]),
            helper.make_node("Mul", ["column", "fall"], ["power"]),
            helper.make_node("Exp", ["power"], ["row"]),
            helper.make_node("Mul", ["sized", "row"], ["values"]),
            helper.make_node("MatMul", ["values", "matrix"], ["logits"], name="product"),
        ],
        "columns",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, None])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, None, 4])],
        [numpy_helper.from_array(np.asarray(tensor), name) for name, tensor in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return bytes(model.SerializeToString())


@needs_torch
@pytest.mark.parametrize(("column", "fall"), [(100, 0), (1, -0.2)], ids=["columns", "rows"])
def test_eight_bits_lose_little_where_some_values_are_many_times_as_large(
    column: float, fall: float
) -> None:
    import onnxruntime

    from depeche.train.encoder.exporting import quantize

    plain = made_product(column, fall)
    ids = np.arange(50)[None]
    small = quantize(plain, [list(range(50))])
    rounded, exact = (
        onnxruntime.InferenceSession(encoder).run(None, {"input_ids": ids})[0]
        for encoder in (small, plain)
    )
    lost, size = np.abs(rounded - exact).mean(axis=2), np.abs(exact).mean(axis=2)
    assert (lost[:, 0] == 0).all()  # the sine of 0 is 0: nothing to divide by
    assert (lost[:, 1:] / size[:, 1:]).mean() < 0.03


@needs_torch
@pytest.mark.slow
def test_torch_and_onnx_agree_on_paragraphs_of_any_length(base: Path) -> None:
    from depeche.model.scoring.windows import Windower
    from depeche.train.encoder.exporting import export_encoder

    tiny = Base(name="tiny", folder=base)
    tokenizer, pad_id = load_tokenizer(tiny)
    words = " ".join(load_labels([FOLDER / "composed.jsonl"], SCHEMA).texts).split()
    rng = np.random.default_rng(0)
    lengths = np.geomspace(5, 2000, 200).astype(int)
    starts = [int(rng.integers(len(words) - n)) for n in lengths]
    texts = [" ".join(words[s : s + n]) for s, n in zip(starts, lengths, strict=True)]
    model = load_encoder(tiny, SCHEMA.n_labels, 0)
    examples = make_examples(
        Windower(tokenizer, MAX_LENGTH, 0.25), texts, np.zeros((200, SCHEMA.n_labels), np.int64)
    )
    expected = predict_examples(model, examples, task_of(EncoderSettings(), examples, pad_id))
    scorer = EncoderScorer(export_encoder(model, MAX_LENGTH), tokenizer, MAX_LENGTH, 0.25, SCHEMA)
    assert np.abs(scorer.logits(texts) - expected).max() < 1e-4
