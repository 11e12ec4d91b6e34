"""Evidence of a scorer that is not linear: what its logits lose when words are taken away.

This is erasure (Li, Monroe and Jurafsky 2016, "Understanding neural networks through representation
erasure"), from the coarse to the fine: each sentence in turn, then each word of the sentences that
count. So a paragraph takes some tens of passes and not one for each of its words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from depeche.model.scoring.scorer import Contributions

_Span = tuple[int, int]
_Logits = Callable[[Sequence[str]], NDArray[np.float64]]

_END_OF_SENTENCE = re.compile(r"[.!?…](?:[»”\")]*\s)+")
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_MOST_SENTENCES, _MOST_WORDS = 16, 40  # taken away in turn; where there are more, several at once


def occlude(logits: _Logits, texts: Sequence[str], wanted: NDArray[np.bool_]) -> Contributions:
    """Return what words add to the logits, which is what these lose without them.

    The words are those of the sentences that move a wanted label of their text the most.

    Parameters
    ----------
    logits
        Of texts, (n_texts, n_labels).
    wanted
        (n_texts, n_labels): the labels to explain.
    """
    complete = logits(texts)
    sentences = [
        _grouped(sentences_of(text), _MOST_SENTENCES) if labels.any() else []
        for text, labels in zip(texts, wanted, strict=True)
    ]
    several = [of_text if len(of_text) > 1 else [] for of_text in sentences]
    lost = _lost(logits, texts, several, complete)
    words: list[list[_Span]] = []
    for i, text in enumerate(texts):
        counting = set(range(len(sentences[i])))
        if several[i]:
            counting = set(np.abs(lost[i][:, wanted[i]]).argmax(axis=0).tolist())
        spans: list[_Span] = []
        for k in sorted(counting):
            matches = _WORD.finditer(text, *sentences[i][k])
            spans += _grouped([match.span() for match in matches], _MOST_WORDS)
        words.append(spans)
    values = _lost(logits, texts, words, complete)
    places = np.array([span for spans in words for span in spans], dtype=np.int64).reshape(-1, 2)
    return Contributions(
        row=np.repeat(np.arange(len(texts)), [len(spans) for spans in words]),
        start=places[:, 0],
        end=places[:, 1],
        values=np.concatenate([np.empty((0, wanted.shape[1])), *values]),
    )


def sentences_of(text: str) -> list[_Span]:
    """Return where the sentences of a text stand; together they are the text."""
    ends = [m.end() for m in _END_OF_SENTENCE.finditer(text) if m.end() < len(text)]
    return list(zip([0, *ends], [*ends, len(text)], strict=True))


def _grouped(spans: list[_Span], most: int) -> list[_Span]:
    """Return neighbouring spans together, so that there are no more than `most`."""
    n = -(-len(spans) // most) or 1
    groups = [spans[i : i + n] for i in range(0, len(spans), n)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _lost(
    logits: _Logits,
    texts: Sequence[str],
    spans: Sequence[Sequence[_Span]],
    complete: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """Return what the complete logits of each text lose without each of its spans.

    (n_spans, n_labels) for each text.
    """
    without = [
        text[:start] + text[end:]
        for text, of_text in zip(texts, spans, strict=True)
        for start, end in of_text
    ]
    cuts = np.cumsum([len(of_text) for of_text in spans])[:-1]
    parts = np.split(logits(without), cuts) if len(spans) else []
    return [complete[i] - part for i, part in enumerate(parts)]
