"""The shares in which the queue mixes its reasons to ask, and the draw of the random share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Literal

from depeche.labels.errors import SettingsError

Reason = Literal["random", "diverse", "uncertain", "rare"]

BATCH = 25  # labels between two trainings


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Shares of a batch, each in [0, 1]; their sum is 1."""

    uncertain: float = 0.8
    rare: float = 0.1
    random: float = 0.1

    def __str__(self) -> str:
        return ",".join(f"{field.name}={getattr(self, field.name):g}" for field in fields(self))

    def counts(self, n: int) -> tuple[int, int, int]:
        """Return how many of `n` are uncertain, rare and random."""
        n_random = round(self.random * n)
        n_rare = min(round(self.rare * n), n - n_random)
        return n - n_rare - n_random, n_rare, n_random


def parse_mix(text: str) -> Mix:
    """Return the shares in a text such as `uncertain=0.5,rare=0.25,random=0.25`.

    Raises
    ------
    SettingsError
        When a name is unknown, a share is not a number from 0 to 1, or the sum is not 1.
    """
    shares = dict.fromkeys((field.name for field in fields(Mix)), 0.0)
    for part in text.split(","):
        name, _, value = (x.strip() for x in part.partition("="))
        if name not in shares:
            raise SettingsError(f"--mix: unknown share {name!r}; shares are {', '.join(shares)}")
        try:
            shares[name] = float(value)
        except ValueError as err:
            raise SettingsError(f"--mix: {part!r}: give a number, as in {name}=0.5") from err
    total = sum(shares.values())
    if not all(0 <= share <= 1 for share in shares.values()) or not abs(total - 1) < 1e-6:
        raise SettingsError(f"--mix: {text!r}: give shares from 0 to 1 that add up to 1")
    return Mix(**shares)


def draw_of(id: str, seed: int) -> float:
    """Return a number in [0, 1) that depends only on an id and a seed, not on the rest of the pool.

    The random share takes the lowest numbers first, as `RandomOrder` does.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{id}".encode()).digest()[:6]) / 2**48
