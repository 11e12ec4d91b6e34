"""The features and the scores of a text one at a time, which those made in arrays must equal."""

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from depeche.model.scoring.features import FeatureSettings
from depeche.model.scoring.linear import LinearScorer
from depeche.model.scoring.spelling import normalise, words
from depeche.model.scoring.word_vectors import VectorForm

SETTINGS = FeatureSettings()
TABLE = 1 << SETTINGS.table_bits


def plain_counts(text: str) -> Counter[int]:
    """Count the features of a text one at a time, as the module's docstrings define them."""
    tokens = re.findall(
        "[\\w\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff]+['’ʼ‘`´]?|[«»“”„\"!?…]", text
    )
    spelled = [word for word in map(normalise, tokens) if word]
    hashes = [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in spelled]
    pairs = {(a * 31 + b * 0x9E3779B1 + 1) % 2**32 for a, b in pairwise(hashes)}
    counts = Counter(column(h) for h in [*set(hashes), *pairs])
    for word in set(spelled):
        if word[0].isalnum():
            counts.update(TABLE + column(h) for h in gram_hashes(f" {word[:64]} "))
    return counts


def column(hash_: int) -> int:
    """Return the column of a table for a hash of 32 bits."""
    return (hash_ * 0x9E3779B1 % 2**32) >> (32 - SETTINGS.table_bits)


def gram_hashes(padded: str) -> Iterator[int]:
    """Yield the hash of every n-gram of a word."""
    for n in range(SETTINGS.char_min, SETTINGS.char_max + 1):
        for start in range(len(padded) - n + 1):
            hash_ = 0x9747B28C
            for sign in padded[start : start + n]:
                hash_ = (hash_ * 0x01000193 + ord(sign)) % 2**32
            yield (hash_ + n * 0x9E3779B1) % 2**32


def plain_logits(scorer: LinearScorer, text: str) -> list[float]:
    """Score a text one feature at a time, in whole numbers of Python's own."""
    n_labels = len(scorer.bias)
    sums = [[0] * (n_labels + 1), [0] * (n_labels + 1)]
    for where, n in plain_counts(text).items():
        idf = float(scorer.idf[where])
        values = [idf * float(weight) for weight in scorer.weights[where]]
        for j, value in enumerate([*values, idf * idf]):
            sums[where >= TABLE][j] += n * round(value * 65536)
    lengths = [math.sqrt(max(table[-1], 1) * 65536) for table in sums]
    of_vectors = plain_form(scorer.form, text)
    return [
        sums[0][j] / lengths[0] + sums[1][j] / lengths[1] + float(scorer.bias[j]) + of_vectors[j]
        for j in range(n_labels)
    ]


def plain_form(form: VectorForm, text: str) -> list[float]:
    """Score a text by its words' vectors one number at a time, in whole numbers of Python's own."""
    held = {int(hash_): i for i, hash_ in enumerate(form.words.hashes)}
    sums = [0] * form.n_dims
    for word in set(words(text)):
        i = held.get(zlib.crc32(word.encode("utf-8", "surrogatepass")))
        for d in range(form.n_dims if i is not None else 0):
            value = float(form.words.directions[i, d]) * float(form.words.lengths[i])
            sums[d] += round(value * 65536)
    length = max(math.sqrt(sum(value * value for value in sums)), 1)
    u = [round(value / length * 4096) for value in sums]
    logits = []
    for j in range(form.linear.shape[1]):
        total = 0
        for d in range(form.n_dims):
            quadratic = form.quadratic[:, j, d].tolist()
            slope = sum(a * round(b * 4096) for a, b in zip(u, quadratic, strict=True))
            total += (round(slope / 4096) + round(float(form.linear[d, j]) * 4096)) * sums[d]
        logits.append(total / (length * 4096))
    return logits
