"""The camembert backend: a tiny encoder fine-tuned, shrunk and used through the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from conftest import ROOT, SEEDS, Classify, put_store, run_classify, some_labels, write_schema
from made_encoder import MAX_LENGTH, make_base
from made_servers import ask, free_port, running

from depeche import load_model
from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.errors import SettingsError, TrainingError
from depeche.labels.schema import read_schema
from depeche.model.artifact import load_artifact, save_artifact
from depeche.model.scoring.encoder import EncoderScorer, join_windows
from depeche.model.scoring.occlusion import occlude, sentences_of
from depeche.model.tagging import SHIPPED
from depeche.train.encoder.base import Base, find_base, load_encoder, load_tokenizer
from depeche.train.encoder.batches import Examples, make_examples, shuffled_batches
from depeche.train.encoder.checkpoint import Checkpoint, State
from depeche.train.encoder.checks import check_memory, fertility_warnings
from depeche.train.encoder.fitting import Task, label_weights, predict_examples, rate_share
from depeche.train.encoder.judging import collapses, stuck
from depeche.train.encoder.settings import EncoderSettings, parse_encoder_settings
from depeche.train.evaluation.metrics import indicator, score
from depeche.train.training import decide_by_best_f1

SCHEMA = read_schema()
ARTICLE = SEEDS / "004_f09b997ef4421a0e.txt"
NEEDED = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime", "tokenizers")
needs_torch = pytest.mark.skipif(
    any(find_spec(name) is None for name in NEEDED),
    reason="needs the extra camembert: pip install -e '.[camembert]'",
)
OPTIONS = (
    *("--backend", "camembert", "--max-length", MAX_LENGTH, "--learning-rate", "0.003"),
    *("--epochs", 3),
)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny base model, as its makers would give it away."""
    texts = load_labels([FOLDER / "composed.jsonl"], SCHEMA).texts
    return make_base(tmp_path_factory.mktemp("base") / "tiny", texts)


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Path:
    """Return the folder of an artifact: the tiny base with a new head, shrunk, but not trained."""
    from depeche.model.scoring.windows import Windower
    from depeche.train.encoder.exporting import export_encoder, quantize

    found, shipped = Base(name="tiny", folder=base), load_artifact(SHIPPED)
    tokenizer, _ = load_tokenizer(found)
    texts = load_labels([FOLDER / "composed.jsonl"], SCHEMA).texts
    windows = [
        w for of_text in Windower(tokenizer, MAX_LENGTH, 0.25).windows(texts) for w in of_text
    ]
    small = quantize(export_encoder(load_encoder(found, SCHEMA.n_labels, 0), MAX_LENGTH), windows)
    settings = {"max_length": MAX_LENGTH, "overlap": 0.25}
    artifact = replace(
        shipped,
        name="tiny",
        backend="camembert",
        scorer=EncoderScorer(small, tokenizer, MAX_LENGTH, 0.25, SCHEMA),
        settings=shipped.settings | settings,
    )
    folder = tmp_path_factory.mktemp("untrained") / "model"
    save_artifact(artifact, folder, card="")
    return folder


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory, empty_store: Path, base: Path) -> Path:
    """Return a folder in which the tiny base was fine-tuned."""
    folder = tmp_path_factory.mktemp("tuned")
    put_store(empty_store, folder)
    done = run_classify(
        "train", *some_labels(folder), *OPTIONS, "--base", base, "--json", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    (folder / "stdout.json").write_text(done.stdout)
    (folder / "stderr.txt").write_text(done.stderr)
    return folder


@pytest.fixture(scope="session")
def no_torch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a machine on which torch and its kin cannot be imported."""
    folder = tmp_path_factory.mktemp("no_torch")
    for name in ("torch", "transformers", "onnx", "onnxscript", "huggingface_hub"):
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name} here')\n")
    return {"PYTHONPATH": str(folder)}


@needs_torch
def test_encoder_tags_with_evidence_where_torch_cannot_be_imported(
    untrained: Path, no_torch: dict[str, str], classify: Classify
) -> None:
    done = classify(ARTICLE, "--model", untrained, "--explain", "--format", "json", **no_torch)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert record["model"]["name"] == "tiny"
    for paragraph in record["paragraphs"]:
        assert set(paragraph["evidence"]) == {*paragraph["topics"], paragraph["stance"]}
        for behind in paragraph["evidence"].values():
            assert behind
            assert all(words in paragraph["text"] for words, _ in behind)


@needs_torch
def test_scores_do_not_depend_on_what_else_is_scored_or_by_how_many_processes(
    untrained: Path, classify: Classify
) -> None:
    model = load_model(untrained)
    texts = [p["text"] for p in model.tag([ARTICLE.read_text()])[0]["paragraphs"]]
    together = model.predict_proba(texts)
    assert (np.concatenate([model.predict_proba([text]) for text in texts]) == together).all()
    assert model.predict_proba([]).shape == (0, SCHEMA.n_labels)
    one, two = (classify(SEEDS, "--model", untrained, "--jobs", n).stdout for n in (1, 2))
    assert one
    assert one == two


@needs_torch
@pytest.mark.slow
def test_training_tells_what_it_reads_and_what_shrinking_costs(tuned: Path) -> None:
    told = (tuned / "stderr.txt").read_text()
    assert "paragraphs are longer than 64 tokens: read in overlapping windows" in told
    assert "tokens of a word, a French one about 1.2" in told
    assert "pass 3 of 3: loss" in told
    assert "8 bits keep" in told
    assert "Warning" not in told
    scores = json.loads((tuned / "stdout.json").read_text())
    assert "|folds:1 of 5 by article|" in scores["signature"]
    assert set(scores["int8"]["loss"]) == {d.id for d in SCHEMA.dimensions}
    assert 0 < scores["int8"]["kept"] <= 1
    assert len(scores["passes"]) == 3
    assert not (tuned / "mlruns" / "checkpoints").exists() or not any(
        (tuned / "mlruns" / "checkpoints").iterdir()
    )


@needs_torch
@pytest.mark.slow
def test_run_has_the_metrics_of_each_pass_and_a_model_with_its_requirements(tuned: Path) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{tuned / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("depeche")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.tags["backend"] == "camembert"
    assert run.data.params["base"] == "tiny"
    losses = client.get_metric_history(run.info.run_id, "pass.loss")
    assert [metric.step for metric in losses] == [1, 2, 3]
    assert "int8.loss.topics" in run.data.metrics
    (required,) = (tuned / "mlruns" / "artifacts").rglob("requirements.txt")
    names = {line.split("==")[0] for line in required.read_text().split()}
    assert {"onnxruntime", "tokenizers"} <= names
    assert not {"torch", "transformers"} & names


@needs_torch
@pytest.mark.slow
def test_artifact_holds_no_pickle_and_its_card_says_what_it_is(tuned: Path) -> None:
    folder = tuned / "mlruns" / "last"
    suffixes = {path.suffix for path in folder.iterdir()}
    assert suffixes == {".json", ".md", ".npy", ".onnx"}
    assert load_artifact(folder).scorer.files()["encoder.onnx"]
    card = (folder / "README.md").read_text()
    assert "The encoder tiny, fine-tuned" in card
    assert "bag of words" not in card


@pytest.mark.parametrize(
    "env",
    [
        {"HF_HUB_OFFLINE": "1"},
        pytest.param({"HF_ENDPOINT": "http://127.0.0.1:9"}, marks=pytest.mark.slow),
    ],
    ids=["switched off", "nobody answers"],
)
@needs_torch
def test_weights_out_of_reach_are_one_line(
    env: dict[str, str], classify: Classify, tmp_path: Path
) -> None:
    labels = ROOT / "labels" / "seeds.jsonl"
    done = classify(
        *("train", "--labels", labels, "--backend", "camembert"), HF_HOME=str(tmp_path), **env
    )
    assert (done.returncode, done.stdout) == (1, "")
    _, last = done.stderr.splitlines()  # the first tells what was read
    assert last.startswith("classify: almanach/camembert-base: not in the cache of Hugging Face")
    assert "--base PATH" in last


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "no config.json"),
        (["config.json"], "no weights as safetensors"),
        (["config.json", "pytorch_model.bin"], "no weights as safetensors"),
        (["config.json", "model.safetensors"], "no tokenizer"),
    ],
)
def test_folder_that_is_no_base_is_said(files: list[str], message: str, tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    with pytest.raises(TrainingError, match=message):
        find_base(str(tmp_path))
    with pytest.raises(TrainingError, match="no folder of a model"):
        find_base(str(tmp_path / "not there"))


def test_options_of_encoders_are_refused_for_other_backends(classify: Classify) -> None:
    done = classify("train", "--epochs", 3)
    assert done.returncode == 2
    assert "for --backend camembert" in done.stderr


@pytest.mark.parametrize("data", [{"overlap": 0.9}, {"epochs": 0}, {"penalty_c": 1}, {"split": 3}])
def test_settings_beyond_their_bounds_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(data))):
        parse_encoder_settings(data, where="x")
    assert parse_encoder_settings(EncoderSettings().to_dict(), where="x") == EncoderSettings()


def test_windows_of_a_text_are_taken_together_by_the_kind_of_the_label(tmp_path: Path) -> None:
    schema = read_schema(
        write_schema(
            tmp_path / "s.toml", {"sujets": ("multi", ["a", "b"]), "ton": ("single", ["c", "d"])}
        )
    )
    logits = np.array([[1.0, -3, 2, 0], [-1, 5, 0, 0], [0, 0, 1, 3]])
    joined = join_windows(logits, [2, 1], schema)
    assert joined.tolist() == [[1, 5, 0.5, -0.5], [0, 0, -1, 1]]


def test_evidence_is_what_scores_lose_without_a_word_of_the_sentence_that_counts() -> None:
    texts = ["Il pleut. Un embargo est voté ! Rien d'autre.", "Beau temps."]

    def logits(given: Any) -> np.ndarray:
        return np.array([[3.0 * ("embargo" in t) + 0.1 * ("pleut" in t), 0.0] for t in given])

    wanted = np.array([[True, False], [False, False]])
    found = occlude(logits, texts, wanted)
    words = [texts[0][s:e] for s, e in zip(found.start, found.end, strict=True)]
    assert words == ["Un", "embargo", "est", "voté"]
    assert found.row.tolist() == [0, 0, 0, 0]
    assert found.values[:, 0].tolist() == pytest.approx([0, 3, 0, 0])
    assert occlude(logits, [], wanted[:0]).values.shape == (0, 2)


def test_sentences_are_the_whole_text() -> None:
    for text in ("", "Un. Deux… « Trois ? » Quatre", "Sans fin", "A.  "):
        assert "".join(text[s:e] for s, e in sentences_of(text)) == text


def test_batches_hold_each_window_once_with_little_padding_and_change_from_pass_to_pass() -> None:
    rng = np.random.default_rng(0)
    n_tokens = rng.integers(5, 200, 500)
    examples = Examples(
        windows=[[1] * n for n in n_tokens],
        target=np.zeros((500, 1), np.float32),
        weight=np.ones(500, np.float32),
        n_windows=[1] * 500,
        Y=np.zeros((500, 1), np.int64),
    )
    one, two = (shuffled_batches(examples, 8, np.random.default_rng(i)) for i in (1, 2))
    assert sorted(np.concatenate(one)) == list(range(500))
    assert [batch.tolist() for batch in one] != [batch.tolist() for batch in two]
    padded = sum(len(batch) * n_tokens[batch].max() for batch in one)
    assert padded < 1.2 * n_tokens.sum()


def test_rate_rises_then_falls_to_nothing() -> None:
    rates = [rate_share(step, 100, 0.1) for step in range(100)]
    assert rates.index(max(rates)) in (9, 10)
    assert rates[0] == pytest.approx(0.1)
    assert 0 < rates[-1] < 0.02


def test_rare_labels_weigh_more_and_single_ones_sum_to_the_whole() -> None:
    Y = np.zeros((100, 7), np.int64)
    Y[:10, 0], Y[:50, 1] = 1, 1
    Y[:, 5] = 1
    Y[:20, 4:6] = [1, 0]
    weights = label_weights(Y, SCHEMA, 0.5)
    assert weights[0] == pytest.approx(3)
    assert weights[1] == 1
    assert (weights[4:] * Y[:, 4:].sum(axis=0)).sum() == pytest.approx(100)
    assert (label_weights(Y, SCHEMA, 0.0)[:2] == 1).all()


def test_collapse_loss_that_stays_foreign_tokenizer_and_little_memory_are_said() -> None:
    Y = np.eye(7, dtype=np.int64)[[0, 4, 5]] + np.eye(7, dtype=np.int64)[[4, 1, 2]]
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 7))
    logits[:, 4:] = [9, 0, 0]
    (line,) = collapses(logits, Y, SCHEMA)
    assert line.startswith("stance collapsed")
    assert stuck([{"loss": 1.0}, {"loss": 0.99}])
    assert not stuck([{"loss": 1.0}, {"loss": 0.6}])
    assert fertility_warnings(2.4, "x")
    assert not fertility_warnings(1.4, "x")
    with pytest.raises(TrainingError, match=r"2\.0 GB of memory, and 1\.0 GB are free"):
        check_memory(2e9, 1e9)
    check_memory(2e9, None)


@needs_torch
def test_long_text_is_read_in_overlapping_windows_to_its_end(base: Path) -> None:
    from depeche.model.scoring.windows import Windower

    tokenizer, _ = load_tokenizer(Base(name="tiny", folder=base))
    windower = Windower(tokenizer, 20, 0.25)
    text = " ".join(f"mot{i}" for i in range(60))
    (tokens,), (windows,) = windower.tokens([text]), windower.windows([text])
    inside = [window[1:-1] for window in windows]
    assert max(map(len, windows)) == 20
    assert inside[0] == tokens[:18]
    assert inside[-1] == tokens[-18:]
    assert inside[1][:4] == inside[0][-4:]
    assert {i for window in inside for i in window} == set(tokens)
    assert [len(w) for w in windower.windows(["", "Bref."])] == [1, 1]


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

    found = Base(name="tiny", folder=base)
    tokenizer, pad_id = load_tokenizer(found)
    labels = load_labels([FOLDER / "seeds.jsonl"], SCHEMA)
    settings = EncoderSettings(epochs=2, batch_size=8, accumulate=2, layer_decay=0.8)
    examples = make_examples(Windower(tokenizer, MAX_LENGTH, 0.25), labels.texts, indicator(labels))
    task = task_of(settings, examples, pad_id)

    def fit(name: str, told: Callable[[str], None]) -> dict[str, Any]:
        model = load_encoder(found, SCHEMA.n_labels, 0)
        state = fit_encoder(model, task, Checkpoint(tmp_path / name), told)
        weights = {key: tensor.numpy() for key, tensor in model.state_dict().items()}
        return weights | {"losses": np.array([entry["loss"] for entry in state.history])}

    def stop(line: str) -> None:
        if line.startswith("pass 2"):
            raise _Stop

    whole = fit("whole", lambda _: None)
    with pytest.raises(_Stop):
        fit("stopped", stop)
    stopped = fit("stopped", lambda _: None)
    assert all((stopped[name] == weights).all() for name, weights in whole.items())
    again = fit("stopped", lambda _: None)  # it is finished: nothing is done anew
    assert all((again[name] == weights).all() for name, weights in whole.items())
    assert len(whole["losses"]) == 2


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
    tensors, told = load_file(path), json.dumps(asdict(state))
    states = {
        "deep": "[" * 100_000,
        "nan": told.replace("0.5", "NaN"),
        "types": told.replace("[", "3,").replace("]", ""),
        "unknown": told.replace('"epoch"', '"age"'),
        "numbers": told.replace('"epoch": 1', '"epoch": 1e300'),
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
        save_file(tensors, path, {"state": told})
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

    found = Base(name="tiny", folder=base)
    labels = load_labels([FOLDER / "composed.jsonl"], SCHEMA).chosen(range(0, 400, 10))
    tokenizer, pad_id = load_tokenizer(found)
    Y = indicator(labels)
    examples = make_examples(Windower(tokenizer, MAX_LENGTH, 0.25), labels.texts, Y)
    settings = EncoderSettings(epochs=250, patience=250, learning_rate=0.005, max_length=MAX_LENGTH)
    model = load_encoder(found, SCHEMA.n_labels, 0)
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


@needs_torch
@pytest.mark.parametrize(("column", "fall"), [(100, 0), (1, -0.2)], ids=["columns", "rows"])
def test_eight_bits_lose_little_where_some_values_are_many_times_as_large(
    column: float, fall: float
) -> None:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    from depeche.train.encoder.exporting import quantize

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
    plain = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    ids = np.arange(50)[None]
    small = quantize(plain.SerializeToString(), [list(range(50))])
    found, whole = (
        onnxruntime.InferenceSession(encoder).run(None, {"input_ids": ids})[0]
        for encoder in (small, plain.SerializeToString())
    )
    lost, of = np.abs(found - whole).mean(axis=2), np.abs(whole).mean(axis=2)
    assert (lost[:, 0] == 0).all()  # the sine of 0 is 0: nothing to divide by
    assert (lost[:, 1:] / of[:, 1:]).mean() < 0.03


@needs_torch
@pytest.mark.slow
def test_torch_and_onnx_agree_on_paragraphs_of_any_length(base: Path) -> None:
    from depeche.model.scoring.windows import Windower
    from depeche.train.encoder.exporting import export_encoder

    found = Base(name="tiny", folder=base)
    tokenizer, pad_id = load_tokenizer(found)
    words = " ".join(load_labels([FOLDER / "composed.jsonl"], SCHEMA).texts).split()
    rng = np.random.default_rng(0)
    lengths = np.geomspace(5, 2000, 200).astype(int)
    starts = [int(rng.integers(len(words) - n)) for n in lengths]
    texts = [" ".join(words[s : s + n]) for s, n in zip(starts, lengths, strict=True)]
    model = load_encoder(found, SCHEMA.n_labels, 0)
    examples = make_examples(
        Windower(tokenizer, MAX_LENGTH, 0.25), texts, np.zeros((200, SCHEMA.n_labels), np.int64)
    )
    expected = predict_examples(model, examples, task_of(EncoderSettings(), examples, pad_id))
    scorer = EncoderScorer(export_encoder(model, MAX_LENGTH), tokenizer, MAX_LENGTH, 0.25, SCHEMA)
    assert np.abs(scorer.logits(texts) - expected).max() < 1e-4


def train_until(line: str, folder: Path, *options: object) -> None:
    """Start a training, and kill it once it tells a line."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "depeche.classify", "train", *map(str, options)],
        cwd=folder,
        env=clean,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    with process.stderr as told:
        assert any(line in text for text in told)
        process.send_signal(signal.SIGKILL)
    process.wait()


@needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("line", ["pass 1 of 3", "pass 2 of 3", "exported"])
def test_killed_training_goes_on_to_the_same_bytes(
    line: str, tuned: Path, base: Path, tmp_path: Path, empty_store: Path
) -> None:
    put_store(empty_store, tmp_path)
    options = [*some_labels(tmp_path), *OPTIONS, "--base", base, "--json"]
    train_until(line, tmp_path, *options)
    assert not (tmp_path / "mlruns" / "last").exists()
    done = run_classify("train", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    if line != "pass 1 of 3":  # which may be killed before it is kept
        assert "going on after pass" in done.stderr
    assert done.stdout == (tuned / "stdout.json").read_text()
    for path in (tuned / "mlruns" / "last").iterdir():
        assert (tmp_path / "mlruns" / "last" / path.name).read_bytes() == path.read_bytes()


@needs_torch
@pytest.mark.slow
def test_runs_of_both_backends_are_compared_and_promoted(
    tuned: Path, base: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    shutil.copytree(tuned, folder)
    done = run_classify("train", *some_labels(folder), cwd=folder)
    assert done.returncode == 0, done.stderr
    rows = json.loads(run_classify("runs", "--json", cwd=folder).stdout)
    ids = {row["backend"]: row["id"] for row in rows}
    assert set(ids) == {"tfidf", "camembert"}
    done = run_classify("compare", ids["tfidf"], ids["camembert"], "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    n_both = json.loads(done.stdout)["n_paragraphs"]
    assert n_both == len(load_artifact(folder / "mlruns" / "last").held_out.Y) or n_both < 60
    done = run_classify("promote", ids["camembert"], "--force", cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(run_classify("info", "--json", cwd=folder).stdout)
    assert (found["backend"], found["run_id"]) == ("camembert", ids["camembert"])
    text = ARTICLE.read_text()
    done = run_classify("-", "--explain", stdin=text, cwd=folder)
    record = {**json.loads(done.stdout), "id": "0"}
    assert record["model"]["name"] == "depeche-camembert"
    port = free_port()
    with running("serve", "--port", port, cwd=folder) as process:
        assert process.stderr is not None
        assert "models:/depeche@champion answers" in process.stderr.readline()
        assert ask(port, [text], explain=True) == [record]


@needs_torch
@pytest.mark.slow
def test_all_folds_are_scored_when_asked_and_the_model_is_fitted_on_everything(
    base: Path, tmp_path: Path, empty_store: Path
) -> None:
    put_store(empty_store, tmp_path)
    options = [*some_labels(tmp_path), *OPTIONS, "--base", base, "--folds", 2, "--full-precision"]
    done = run_classify("train", *options, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    assert "|folds:2 by article|" in scores["signature"]
    assert scores["n_paragraphs"] == load_artifact(tmp_path / "mlruns/last").data["n_paragraphs"]
    assert "int8" not in scores
    assert "all: pass" in done.stderr


@needs_torch
@pytest.mark.slow
def test_windows_longer_than_the_base_reads_are_said(base: Path, classify: Classify) -> None:
    done = classify(
        *("train", "--labels", ROOT / "labels" / "seeds.jsonl", "--backend", "camembert"),
        *("--base", base),
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"classify: tiny: reads {MAX_LENGTH} tokens at once: give that or less with --max-length"
    )
