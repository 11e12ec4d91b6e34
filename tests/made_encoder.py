"""A tiny CamemBERT with random weights and a tokenizer of its own, made from texts."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import made_once

from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.schema import read_schema

MAX_LENGTH = 64
NEEDED = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime", "tokenizers")
needs_torch = pytest.mark.skipif(
    any(find_spec(name) is None for name in NEEDED),
    reason="needs the extra camembert: pip install -e '.[camembert]'",
)


def make_tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny base model, as its makers would give it away."""
    texts = load_labels([FOLDER / "composed.jsonl"], read_schema()).texts
    folder = made_once(tmp_path_factory, "base", lambda folder: make_base(folder / "tiny", texts))
    return folder / "tiny"


def make_base(folder: Path, texts: Sequence[str]) -> Path:
    """Write a base model as its makers do: config.json, model.safetensors and a tokenizer."""
    import torch
    from transformers import CamembertConfig, CamembertModel, CamembertTokenizer

    tokenizer = CamembertTokenizer().train_new_from_iterator(texts, vocab_size=600)
    torch.manual_seed(0)
    config = CamembertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=MAX_LENGTH + 2,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    CamembertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
