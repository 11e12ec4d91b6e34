"""Inputs: files, folders, lists and packed files, each read once and in order."""

import io
import os
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_inputs import TEXT, documents, ids, jsonl, outcomes_of, write

from depeche.labels.errors import InputError
from depeche.model.inputs.documents import encodable
from depeche.model.inputs.inputs import Inputs
from depeche.model.reading.reader import MAX_BYTES


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# Files and folders


def test_file_is_read_with_the_form_of_its_ending() -> None:
    write("a.txt", "un"), write("b.HTM", "deux"), write("c.md", "trois"), write("d.log", "quatre")
    items = documents("./d.log", "a.txt", "b.HTM", "c.md")
    assert [(d.id, d.where, d.form) for d in items] == [
        ("d.log", "d.log", None),
        ("a.txt", "a.txt", "text"),
        ("b.HTM", "b.HTM", "html"),
        ("c.md", "c.md", "markdown"),
    ]
    assert [d.data for d in items] == [b"quatre", b"un", b"deux", b"trois"]


def test_article_is_read_to_one_byte_more_than_the_most() -> None:
    write("a.txt", b"a" * (MAX_BYTES + 9)), write("b.txt", b"b" * (1 << 16))
    assert [len(d.data) for d in documents("a.txt", "b.txt")] == [MAX_BYTES + 1, 1 << 16]


def test_folder_gives_its_known_files_sorted_and_counts_the_others() -> None:
    for path in ("b.txt", "a/c.md", "a.HTML", ".x.txt", ".git/d.txt", "e.pdf", "f.zip", "a/g"):
        write(f"crawl/{path}")
    inputs = Inputs(["crawl"])
    assert (inputs.n_files, inputs.total_bytes) == (3, 3 * len(TEXT.encode()))
    names = [item.where for item in inputs]
    assert names == ["crawl/a.HTML", "crawl/b.txt", "crawl/a/c.md"]
    assert inputs.n_skipped == {"hidden": 2, "other ending": 2, "archive": 1}
    assert ids("crawl/") == names
    os.chdir("crawl")
    assert ids(".") == ["a.HTML", "b.txt", "a/c.md"]


def test_file_reached_twice_is_read_once() -> None:
    write("crawl/a.txt"), write("crawl/sub/b.txt")
    inputs = Inputs(["crawl/sub/b.txt", "crawl", str(Path("crawl").resolve()), "crawl/*.txt"])
    assert [item.where for item in inputs] == ["crawl/sub/b.txt", "crawl/a.txt"]
    assert inputs.n_skipped == {"double": 4}


def test_hard_links_are_files_of_their_own() -> None:
    write("a/x.txt")
    Path("a/y.txt").hardlink_to("a/x.txt")
    assert ids("a", "a/x.txt") == ["a/x.txt", "a/y.txt"]


def test_linked_folders_are_followed_once_and_loops_end() -> None:
    write("crawl/a.txt"), write("other/b.txt")
    Path("crawl/loop").symlink_to(Path("crawl").resolve())
    Path("crawl/other").symlink_to(Path("other").resolve())
    Path("crawl/other2").symlink_to(Path("other").resolve())
    Path("other/back").symlink_to(Path("crawl").resolve())
    assert ids("crawl") == ["crawl/a.txt", "crawl/other/b.txt"]
    assert ids("crawl/**/*.txt") == ["crawl/a.txt", "crawl/other/b.txt"]


def test_pattern_the_shell_left_is_expanded() -> None:
    for path in ("a.txt", "b.text", "2024-01/c.txt", "2024-02/x/d.txt", "2025-01/e.txt", "f.png"):
        write(f"crawl/{path}")
    assert ids("crawl/*.txt") == ["crawl/a.txt"]
    assert ids("crawl/**/*.txt") == [
        "crawl/a.txt",
        "crawl/2024-01/c.txt",
        "crawl/2024-02/x/d.txt",
        "crawl/2025-01/e.txt",
    ]
    assert ids("crawl/2024-*") == ["crawl/2024-01/c.txt", "crawl/2024-02/x/d.txt"]
    assert ids("./crawl/202[!4]-*/?.txt") == ["crawl/2025-01/e.txt"]
    assert ids("cra*/*.text") == ["crawl/b.text"]
    assert ids("crawl/?.t*") == ["crawl/a.txt"]  # an ending that is not spelt has to be known
    assert outcomes_of("crawl/*.rtf", "none/*.txt") == [
        "crawl/*.rtf: no such file or folder, and no article that matches this pattern",
        "none/*.txt: no such file or folder, and no article that matches this pattern",
    ]


def test_file_called_like_a_pattern_is_itself() -> None:
    write("[1] a*.txt"), write("1 ab.txt")
    assert ids("[1] a*.txt") == ["[1] a*.txt"]


def test_include_and_exclude_choose_files_by_name_or_path() -> None:
    for path in ("a.txt", "b.text", "draft/c.txt", "sport/x/d.txt", "sport/e.md"):
        write(f"crawl/{path}")
    assert ids("crawl", include=["*.text", "sport/*"]) == [
        "crawl/b.text",
        "crawl/sport/e.md",
        "crawl/sport/x/d.txt",
    ]
    assert ids("crawl", exclude=["draft", "*.md"]) == ["crawl/a.txt", "crawl/sport/x/d.txt"]
    assert ids("crawl", exclude=["**/x/**"], include=["**/*.txt"]) == [
        "crawl/a.txt",
        "crawl/draft/c.txt",
    ]
    inputs = Inputs(["crawl/a.txt", "crawl"], exclude=["*.txt", "sport/", "[z-a]"])
    assert [item.where for item in inputs] == ["crawl"]
    assert inputs.n_skipped == {"excluded": 4, "other ending": 1}


def test_what_cannot_be_found_is_said() -> None:
    Path("empty").mkdir()
    write("pictures/a.png")
    Path("linked.txt").symlink_to("nowhere.txt")
    Path("round").symlink_to("round")
    outcomes = outcomes_of(
        "none.txt", "", "empty", "pictures", "linked.txt", "round", "pictures/a.png/b"
    )
    assert outcomes[:2] == [
        "none.txt: no such file or folder, nor a command: see classify --help",
        "'': an empty path; give a file, a folder, or - for standard input",
    ]
    assert outcomes[2].startswith("empty: no article in this folder (.txt, .html")
    assert "passed over: 1 other ending; --include 'PATTERN'" in outcomes[3]
    assert outcomes[4].startswith("linked.txt: no such file")
    assert outcomes[5].startswith("round: cannot be read: Too many levels")
    assert outcomes[6].startswith("pictures/a.png/b: no such file")


def test_pipes_and_sockets_are_refused_without_waiting() -> None:
    write("crawl/a.txt")
    os.mkfifo("crawl/b.txt")
    os.mkfifo("crawl/b.jsonl")
    os.mkfifo("crawl/unknown")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("crawl/c.txt")
    Path("crawl/d.txt").symlink_to("nowhere")
    refused = "not a file that can be read"
    assert outcomes_of("crawl", "crawl/unknown") == [
        "crawl/a.txt",
        f"crawl/b.jsonl: {refused}",
        f"crawl/b.txt: {refused}",
        f"crawl/c.txt: {refused}",
        f"crawl/d.txt: {refused}",
        f"crawl/unknown: {refused}",
    ]


def test_file_that_became_a_pipe_after_the_listing_is_refused() -> None:
    write("a.txt"), write("b.txt")
    inputs = Inputs(["a.txt", "b.txt"])
    assert inputs.n_files == 2
    Path("a.txt").unlink()
    Path("b.txt").unlink()
    os.mkfifo("a.txt")
    assert [getattr(item, "reason", None) for item in inputs] == [
        "not a file that can be read",
        "cannot be read: No such file or directory",
    ]


def test_pipe_of_the_shell_is_read() -> None:
    end, start = os.pipe()
    os.write(start, TEXT.encode())
    os.close(start)
    (document,) = documents(f"/dev/fd/{end}")
    os.close(end)
    assert (document.id, document.data) == (f"/dev/fd/{end}", TEXT.encode())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything: run as another user")
def test_what_may_not_be_read_fails_alone() -> None:
    write("crawl/a.txt"), write("crawl/b.txt"), write("crawl/sub/c.txt")
    Path("crawl/a.txt").chmod(0)
    Path("crawl/sub").chmod(0)
    outcomes = outcomes_of("crawl")
    Path("crawl/sub").chmod(0o700)
    assert outcomes == [
        "crawl/a.txt: cannot be read: Permission denied",
        "crawl/b.txt",
        "crawl/sub: cannot be read: Permission denied",
    ]


def test_hostile_names_neither_crash_nor_break_lines() -> None:
    write("crawl/a\nb\x1b[31m.txt")
    write(os.fsdecode(b"crawl/caf\xe9.txt"))
    write(os.fsdecode(b"crawl/t\xe9.jsonl"), jsonl([{"text": TEXT}]))
    items = documents("crawl")
    assert [d.id for d in items] == [
        "crawl/a\nb\x1b[31m.txt",
        "crawl/caf\\udce9.txt",
        "crawl/t\\udce9.jsonl:1",
    ]
    assert [d.where for d in items] == [
        "crawl/a\\nb\\x1b[31m.txt",
        "crawl/caf\\udce9.txt",
        "crawl/t\\udce9.jsonl:1",
    ]
    assert items[1].data == TEXT.encode()


@given(st.text(alphabet="aé/\n\r\x1b\xa0\u202e\u2028\ud800\udce9"))
def test_names_can_be_written_whatever_they_hold(name: str) -> None:
    encodable(name + "\udce9").encode("utf-8")


def test_archives_are_not_unpacked() -> None:
    for name in ("a.zip", "b.tar.gz", "c.7z", "d.parquet.zst"):
        write(name)
    outcomes = outcomes_of("a.zip", "b.tar.gz", "c.7z", "d.parquet.zst")
    assert all("is not unpacked" in line for line in outcomes[:3])
    assert "d.parquet.zst: a compressed Parquet file, which is not read" in outcomes[3]


# Standard input and lists


def standard_input(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_is_one_article(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.txt")
    write("./-", "un fichier")
    standard_input(monkeypatch, TEXT.encode())
    items = documents("a.txt", "-", "-", "./-")
    assert [d.id for d in items] == ["a.txt", "-", "./-"]
    assert [d.data for d in items[1:]] == [TEXT.encode(), b"un fichier"]


def test_closed_standard_input_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert outcomes_of("-") == ["-: standard input is closed"]


def test_paths_are_read_from_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.txt"), write("b c.txt"), write("crawl/d.txt"), write("e\nf.txt")
    write("list", "b c.txt\r\n\ncrawl\nnone.txt\n*.txt\n")
    assert outcomes_of("a.txt", files_from=Path("list")) == [
        "a.txt",
        "b c.txt",
        "crawl/d.txt",
        "none.txt: no such file or folder",
        "*.txt: no such file or folder",
    ]
    standard_input(monkeypatch, b"e\nf.txt\0a.txt\0")
    assert ids(files_from=Path("-")) == ["e\nf.txt", "a.txt"]
    write("blank", "\n")
    assert outcomes_of(files_from=Path("blank")) == ["blank: empty: give a path a line"]
    assert outcomes_of(files_from=Path("lost")) == [
        "lost: cannot be read: No such file or directory"
    ]
    with pytest.raises(InputError, match="not both"):
        Inputs(["-"], files_from=Path("-"))
