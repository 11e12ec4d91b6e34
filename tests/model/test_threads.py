"""One model under many threads: the records of one, whatever was interrupted, in bounded memory."""

import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import ROOT
from made_kernel import kernel_is

from depeche import Model, load_model
from depeche.model.kernel import find_kernel
from depeche.model.scoring import linear
from depeche.model.scoring.features import FeatureExtractor
from depeche.model.scoring.linear import LinearScorer
from depeche.model.scoring.scorer import Scorer
from depeche.model.scoring.tokens import TokenTable
from depeche.model.scoring.word_sums import WordSums
from depeche.model.tagging import SHIPPED

N_THREADS = 8
PAGES = [
    path.read_text(errors="replace")
    for path in sorted((ROOT / "tests" / "gold" / "pages").glob("*.html"))
]


def made_texts(n: int, seed: int) -> list[str]:
    """Return texts that share words with each other and have words of their own; a few are pages.

    From the composed paragraphs, some words changed.
    """
    rng = random.Random(seed)
    lines = (ROOT / "labels" / "composed.jsonl").read_text().splitlines()
    known = [json.loads(line)["text"] for line in lines]
    texts = []
    for i in range(n):
        words = [*rng.choice(known).split(), *rng.choice(known).split()]
        for _ in range(8):
            words[rng.randrange(len(words))] = "".join(rng.choices("aeilnorstué", k=9)).title()
        texts.append(rng.choice(PAGES) if i % 50 == 0 else " ".join(words))
    return texts


def tagged(model: Model, text: str, *, explain: bool) -> str:
    return json.dumps(model.tag([text], explain=explain))


def scored(scorer: Scorer, text: str) -> list[object]:
    """Return the logits of a text and what its words add to them."""
    logits = scorer.logits([text])
    contributions = scorer.contributions([text], np.ones(logits.shape, dtype=bool))
    return [logits.tolist(), contributions.start.tolist(), contributions.values.tolist()]


def tagged_by_threads(texts: list[str], seed: int) -> list[str]:
    """Return the records that threads make, of a model that meets each word in one of them."""
    model = load_model(SHIPPED)
    order = list(range(len(texts)))
    random.Random(seed).shuffle(order)
    with ThreadPoolExecutor(N_THREADS) as threads:
        records = list(
            threads.map(lambda i: tagged(model, texts[i], explain=i % 7 == 0), order, chunksize=1)
        )
    return [record for _, record in sorted(zip(order, records, strict=True))]


def tagged_alone(texts: list[str]) -> list[str]:
    model = load_model(SHIPPED)
    return [tagged(model, text, explain=i % 7 == 0) for i, text in enumerate(texts)]


@pytest.mark.parametrize("compiled", [True, False])
def test_threads_give_the_records_of_one(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "_MOST_TOKENS_KEPT", 3_000)  # words are forgotten meanwhile
    texts = made_texts(300, seed=1)
    with kernel_is(find_kernel() if compiled else None):
        assert tagged_by_threads(texts, seed=2) == tagged_alone(texts)


@pytest.mark.slow
def test_eight_threads_and_five_thousand_texts_give_the_records_of_one() -> None:
    texts = made_texts(5_000, seed=3)
    assert tagged_by_threads(texts, seed=4) == tagged_alone(texts)


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (WordSums, "learn"),
        (LinearScorer, "_sums"),
        (WordSums, "take"),
        (FeatureExtractor, "_learn"),
        (FeatureExtractor, "padded"),
        (TokenTable, "_meet"),
    ],
)
@pytest.mark.parametrize("fault", [KeyboardInterrupt, MemoryError])
def test_what_an_interrupt_leaves_half_done_changes_no_later_record(
    owner: type, step: str, fault: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise fault

    texts = [f"{text} {chr(0x2D30 + i)}" for i, text in enumerate(made_texts(40, seed=5))]
    interrupted, alone = (load_model(SHIPPED).artifact.scorer for _ in range(2))
    for text in texts[:20]:
        assert scored(interrupted, text) == scored(alone, text)
    for text in texts[20:]:
        with monkeypatch.context() as patched:
            patched.setattr(owner, step, fail)
            with pytest.raises(fault):
                scored(interrupted, text)
    for text in texts:
        assert scored(interrupted, text) == scored(alone, text)


GROWTH = """
import random, re, sys
from pathlib import Path
from depeche import load_model
from depeche.model.tagging import SHIPPED

def kilobytes(what):
    return int(re.search(what + r":\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

model, rng = load_model(SHIPPED), random.Random(0)
letters = "abcdefghijklmnopqrstuvwxyzéèàç"
sizes = []
for n_texts in (20_000, 180_000):
    for _ in range(n_texts // 100):
        words = iter("".join(rng.choices(letters, k=9)) for _ in range(1_000))
        model.tag(["Le ministre a dit " + " ".join(next(words) for _ in range(10)) + "."
                   for _ in range(100)])
    sizes.append((kilobytes("VmRSS"), kilobytes("VmHWM")))
(then, peak_then), (now, peak) = sizes
print(max(now / then, peak / peak_then))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read as Linux states it")
def test_memory_stays_the_same_however_many_new_words_are_met() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert float(done.stdout) < 1.2
