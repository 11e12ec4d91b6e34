"""What is checked before a fine-tuning begins: tokens per word, memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from depeche.labels.errors import TrainingError
from depeche.model.scoring.windows import Windower

# Tokens per word, measured on OrangeSum's articles: 32,000 pieces learnt on French news (BPE, as
# many as CamemBERT has) make 1.2, the English pieces of MiniLM 2.0.
MOST_TOKENS = 1.7
_BYTES_PER_WEIGHT = 16  # the weight, its gradient and AdamW's two moments, 4 bytes each
_GB = 1e9


def fertility(windower: Windower, texts: Sequence[str]) -> float:
    """Return how many tokens a tokenizer makes of a word, on average."""
    n_words = sum(len(text.split()) for text in texts)
    return sum(map(len, windower.tokens(texts))) / max(n_words, 1)


def fertility_warnings(tokens: float, base: str) -> list[str]:
    """Return a warning where a tokenizer does not know the language of the texts."""
    if tokens <= MOST_TOKENS:
        return []
    return [
        f"{base}: its tokenizer makes {tokens:.1f} tokens of a word, a French one about 1.2: "
        "choose a base that was trained on French"
    ]


def needed_memory(model: Any, batch_size: int, n_tokens: int) -> float:
    """Return about how many bytes a fitting takes.

    These are the weights with what AdamW keeps of each, and the activations of a batch:
    s b h (34 + 5 a s / h) bytes per layer in half precision (Korthikanti et al. 2022, "Reducing
    activation recomputation in large transformer models", 4.1), twice that in full precision.
    """
    config = model.config
    hidden = getattr(config, "hidden_size", 768)
    heads = getattr(config, "num_attention_heads", 12)
    layers = getattr(config, "num_hidden_layers", 12)
    weights = _BYTES_PER_WEIGHT * sum(p.numel() for p in model.parameters())
    per_layer = n_tokens * batch_size * hidden * (34 + 5 * heads * n_tokens / hidden)
    return float(weights + 2 * layers * per_layer)


def check_memory(needed: float, free: float | None) -> None:
    """Raise `TrainingError` when a fitting would take more memory than is free."""
    if free is not None and needed > free:
        raise TrainingError(
            f"the fitting takes about {needed / _GB:.1f} GB of memory, and {free / _GB:.1f} GB are "
            "free: give a smaller --batch-size (and as many more 'accumulate' in --settings) or "
            "--max-length"
        )


def free_memory(device: str) -> float | None:
    """Return the bytes of memory that are free, None where the system does not say."""
    if device == "cuda":
        import torch

        return float(torch.cuda.mem_get_info()[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    (free,) = (1024.0 * int(x.split()[1]) for x in lines if x.startswith("MemAvailable"))
    try:  # a container may have less
        limit, used = (
            Path("/sys/fs/cgroup", name).read_text(encoding="ascii").strip()
            for name in ("memory.max", "memory.current")
        )
        return min(free, float(limit) - float(used)) if limit != "max" else free
    except OSError:
        return free
