"""A tiny CamemBERT with random weights and a tokenizer of its own, made from texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

MAX_LENGTH = 64


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
