"""What the inputs yield: documents, failures, and names that can be shown and written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from depeche.model.reading.reader import Form


@dataclass(frozen=True, kw_only=True)
class Document:
    """The bytes of an article, where they stand and what the table around them says of them.

    `id` is the path, or for a row of a table the value of its id column, else `PATH:LINE`; two
    documents may have the same. `where` is for messages, on one line: path, or `PATH:LINE`. `form`
    is what `reader.parse_article` takes. `date` is a day, as `2024-12-31`.
    """

    id: str
    where: str
    data: bytes
    form: Form | None = None
    title: str | None = None
    date: str | None = None
    source: str | None = None

    @property
    def sha256(self) -> str:
        """Digest of the bytes."""
        return self._digests[0]

    @property
    def key(self) -> str:
        """Digest of all that was read: what tells the document from a changed one."""
        return self._digests[1]

    @cached_property
    def _digests(self) -> tuple[str, str]:
        digest = hashlib.sha256(self.data)
        sha256 = digest.hexdigest()
        digest.update(repr((self.form, self.title, self.date, self.source)).encode())
        return sha256, digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An input that gives no document: where it stands, and why on one line without its name."""

    where: str
    reason: str


def encodable(text: str) -> str:
    r"""Return text that UTF-8 can hold: the undecodable bytes of a file's name are escaped.

    >>> encodable("caf\udce9.txt")
    'caf\\udce9.txt'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
