"""Texts as the token ids that an encoder reads; long ones in windows, so that none is cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from depeche.labels.errors import MissingExtraError

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class Windower:
    """Cuts texts into windows of tokens, in training and in use alike.

    Parameters
    ----------
    tokenizer
        What tokenizer.json holds.
    max_length
        Tokens of a window at most, those around the text (`<s>`, `</s>`) included.
    overlap
        Share of a window that repeats the one before it, at most a half. The last ends with the
        text, and is as long as the others.
    """

    def __init__(self, tokenizer: bytes, max_length: int, overlap: float) -> None:
        self._tokenizer = _parse_tokenizer(tokenizer)
        before, after = _around(self._tokenizer)
        self._before, self._after = before, after
        self._room = max_length - len(before) - len(after)
        if self._room < 2 or not 0 <= overlap <= 0.5:
            raise ValueError(f"windows of {max_length} tokens, of which {overlap} overlap")
        self._step = self._room - int(overlap * self._room)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text's tokens, with nothing around them."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def windows(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """Return the windows of each text, at least one, as ids ready for the encoder."""
        return [self._cut(ids) for ids in self.tokens(texts)]

    def _cut(self, ids: list[int]) -> list[list[int]]:
        last = max(len(ids) - self._room, 0)
        starts = [*range(0, last, self._step), last]
        return [[*self._before, *ids[s : s + self._room], *self._after] for s in starts]


def _parse_tokenizer(data: bytes) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as err:
        raise MissingExtraError("tokenizers", "onnx") from err
    try:
        tokenizer = Tokenizer.from_str(data.decode())
    except Exception as err:  # tokenizers raises no other kind
        raise ValueError(f"the tokenizer cannot be read: {err!s:.200}") from err
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _around(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the ids that a tokenizer puts before and after each text."""
    probe = tokenizer.encode("a")
    inside = [i for i, special in enumerate(probe.special_tokens_mask) if not special]
    return probe.ids[: inside[0]], probe.ids[inside[-1] + 1 :]
