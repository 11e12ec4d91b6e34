"""Parts of the encoder backend: the base, settings, windows, batches, weights, evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Classify, write_schema
from made_encoder import make_tiny_base, needs_torch

from depeche.labels.errors import SettingsError, TrainingError
from depeche.labels.schema import read_schema
from depeche.model.scoring.encoder import join_windows
from depeche.model.scoring.occlusion import occlude, sentences_of
from depeche.train.encoder.base import Base, find_base, load_tokenizer
from depeche.train.encoder.batches import Examples, shuffled_batches
from depeche.train.encoder.checks import check_memory, fertility_warnings
from depeche.train.encoder.fitting import label_weights, rate_share
from depeche.train.encoder.judging import collapses, stuck
from depeche.train.encoder.settings import EncoderSettings, parse_encoder_settings

SCHEMA = read_schema()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory)


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
    evidence = occlude(logits, texts, wanted)
    words = [texts[0][s:e] for s, e in zip(evidence.start, evidence.end, strict=True)]
    assert words == ["Un", "embargo", "est", "voté"]
    assert evidence.row.tolist() == [0, 0, 0, 0]
    assert evidence.values[:, 0].tolist() == pytest.approx([0, 3, 0, 0])
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
