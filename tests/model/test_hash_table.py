"""The hash table gives each hash the number that it was put in with, and 0 to all others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from depeche.model.hash_table import HashTable, hash_spans

HASHES = st.integers(0, (1 << 63) - 1).map(lambda n: 2 * n + 1)
CLOSE = st.integers(0, 99).map(lambda n: n << 40 | 7 << 20 | 1)  # all want the same slot


@given(st.lists(st.lists(HASHES | CLOSE), max_size=4), st.lists(HASHES | CLOSE))
def test_numbers_are_those_of_a_dict_however_the_table_grows(
    calls: list[list[int]], others: list[int]
) -> None:
    table, numbers = HashTable(8), dict[int, int]()
    for hashes in calls:
        new = [hash_ for hash_ in dict.fromkeys(hashes) if hash_ not in numbers]
        given_numbers = range(len(numbers) + 1, len(numbers) + len(new) + 1)
        numbers |= zip(new, given_numbers, strict=True)
        table.make_room(len(numbers))
        table.put(np.array(new, dtype=np.uint64), np.array(given_numbers, dtype=np.int32))
    asked = [*numbers, *others]
    assert table.look_up(np.array(asked, dtype=np.uint64)).tolist() == [
        numbers.get(hash_, 0) for hash_ in asked
    ]


@given(st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=9))
def test_hash_of_a_span_depends_on_its_characters_only(words: list[str]) -> None:
    ends = np.cumsum([len(word) for word in words])
    starts = ends - [len(word) for word in words]
    codes = np.array([ord(character) + 1 for word in words for character in word], dtype=np.uint64)
    hashes = hash_spans(codes, starts, ends)
    for i, word in enumerate(words):
        alone = codes[starts[i] : ends[i]]
        assert hash_spans(alone, np.array([0]), np.array([len(word)])) == hashes[i]
    assert len(set(hashes.tolist())) == len(set(words))
