"""The base model: looked for on the disk and the hub, and checked before anything long begins."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from depeche.labels.errors import TrainingError

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_PATIENCE = 5.0  # seconds for the hub to answer
# Files to download of a repository: no pickled weights, no code.
_WANTED = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "*.model",
    "special_tokens_map.json",
    "vocab.*",
    "merges.txt",
    "added_tokens.json",
)
_TOKENIZERS = (
    "tokenizer.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
)


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base model on the disk, under the name by which it was asked for."""

    name: str
    folder: Path


def find_base(asked: str) -> Base:
    """Return a base model, downloaded unless it is a folder or in the cache of Hugging Face.

    Raises
    ------
    TrainingError
        When it is on neither, or lacks weights as safetensors or a tokenizer.
    """
    path = Path(asked)
    if path.is_dir():
        folder, name = path, path.resolve().name
    elif path.exists() or not _HUB_NAME.fullmatch(asked):
        raise TrainingError(
            f"{asked}: no folder of a model: give one with config.json, model.safetensors and "
            "the tokenizer, or a name on the Hugging Face hub"
        )
    else:
        folder, name = _from_hub(asked), asked
    _check_files(folder, asked)
    return Base(name=name, folder=folder)


def load_tokenizer(base: Base) -> tuple[bytes, int]:
    """Return a base model's tokenizer.json, and the id of its padding."""
    from transformers import AutoTokenizer

    tokenizer: Any = _loading(
        base,
        lambda: AutoTokenizer.from_pretrained(
            base.folder, local_files_only=True, trust_remote_code=False
        ),
    )
    if not tokenizer.is_fast or tokenizer.pad_token_id is None:
        raise TrainingError(
            f"{base.name}: its tokenizer has no form that runs without transformers (a "
            "tokenizer.json with a padding token): choose another base"
        )
    return tokenizer.backend_tokenizer.to_str().encode(), int(tokenizer.pad_token_id)


def load_encoder(base: Base, n_labels: int, seed: int) -> Any:
    """Return a base model as a torch module with a new head, its weights drawn by the seed."""
    import torch
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging

    logging.set_verbosity_error()  # or it warns that the head is new, as it must be
    logging.disable_progress_bar()
    torch.manual_seed(seed)
    return _loading(
        base,
        lambda: AutoModelForSequenceClassification.from_pretrained(
            base.folder,
            num_labels=n_labels,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            dtype=torch.float32,
        ),
    )


def longest_window(model: Any) -> int:
    """Return how many tokens an encoder reads at once."""
    # Some models reserve their first positions, up to that of the padding: RoBERTa and its kin, 2.
    return int(getattr(model.config, "max_position_embeddings", 514)) - 2


def _loading(base: Base, load: Callable[[], Any]) -> Any:
    from safetensors import SafetensorError

    try:
        return load()
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as err:
        lines = str(err).strip().splitlines() or [type(err).__name__]
        raise TrainingError(f"{base.name}: cannot be loaded as an encoder: {lines[0]}") from err


def _check_files(folder: Path, name: str) -> None:
    if not (folder / "config.json").is_file():
        raise TrainingError(f"{name}: no config.json in it: not the folder of a model")
    if not list(folder.glob("*.safetensors")):
        raise TrainingError(
            f"{name}: no weights as safetensors in it; pickled ones (pytorch_model.bin) are not "
            "read, for they can run code: convert them, or choose another base"
        )
    if not any((folder / file).is_file() for file in _TOKENIZERS):
        raise TrainingError(f"{name}: no tokenizer in it, such as tokenizer.json")


def _from_hub(name: str) -> Path:
    """Return the folder of a model of the hub in the cache, downloaded where it is not there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, HTTPError, LocalEntryNotFoundError

    try:
        reachable = not _is_offline() and _answers(name)
        folder = snapshot_download(
            name, allow_patterns=list(_WANTED), local_files_only=not reachable
        )
    except LocalEntryNotFoundError as err:
        raise TrainingError(
            f"{name}: not in the cache of Hugging Face, and the hub is "
            f"{'switched off (HF_HUB_OFFLINE)' if _is_offline() else 'out of reach'}: give a "
            f"folder with --base PATH, or run 'hf download {name}' where there is a network and "
            "bring its cache ($HF_HOME) here"
        ) from err
    except (HTTPError, HFValidationError, OSError) as err:
        raise TrainingError(f"{name}: cannot be downloaded: {str(err).splitlines()[0]}") from err
    return Path(folder)


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _answers(name: str) -> bool:
    """Return whether the hub answers within `_PATIENCE`, the look-up of its name included.

    Raises
    ------
    TrainingError
        When it answers that it has no such model.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError, RepositoryNotFoundError

    answer: list[bool] = []

    def ask() -> None:
        try:
            HfApi().model_info(name, timeout=_PATIENCE)
            answer.append(True)
        except RepositoryNotFoundError:
            answer.append(False)
        except (HTTPError, OSError):
            pass  # no answer; the caller tells it from a refusal by what it asks next

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if answer == [False]:
        token = " or it is private (see 'hf auth login')" if not os.environ.get("HF_TOKEN") else ""
        raise TrainingError(f"{name}: the Hugging Face hub has no such model{token}")
    return bool(answer)
