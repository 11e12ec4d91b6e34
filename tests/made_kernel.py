"""The modules that use the compiled kernel, given another one or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from depeche.model.kernel import Kernel

USERS = (
    "depeche.model.scoring.tokens",
    "depeche.model.scoring.word_sums",
    "depeche.model.reading.counts.words",
    "depeche.model.reading.line_kinds.trees",
    "depeche.model.reading.counts.characters",
)


@contextmanager
def kernel_is(kernel: Kernel | None) -> Iterator[None]:
    """Give every module that uses the kernel another one, or none."""
    patches = [patch(f"{user}.find_kernel", lambda: kernel) for user in USERS]
    for each in patches:
        each.start()
    yield
    for each in patches:
        each.stop()
