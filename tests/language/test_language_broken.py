"""Broken scenario files: the messages and their places, which each file names in its first lines."""

from __future__ import annotations

import re
import resource
import time
from pathlib import Path

import pytest

from conformance.language.corpus import load_all, load_one
from conformance.model.errors import Mistake, ScenarioError

BROKEN = Path(__file__).resolve().parents[1] / "broken"

EXPECT = re.compile(r"# expect: (\d+):(\d+): (.*)")

UNCOMMENTED = {
    "empty.yaml": (1, 1, "is empty; a scenario needs summary"),
    "only-a-comment.yaml": (1, 1, "is empty; a scenario needs summary"),
    "not-utf-8.yaml": (1, 33, "is not UTF-8 text"),
    "binary-junk.yaml": (1, 9, "is not UTF-8 text"),
    "control-character.yaml": (1, 18, r"control character U\+0007"),
}
"""What files expect that cannot say it themselves."""

HEADER = "summary: Generated.\nsources: [POSIX]\ntransports: [unix]\ngiven: connected\n"


def expectations(path: Path) -> list[tuple[int, int, str]]:
    """Line, column and a pattern of the message, for each mistake."""
    if path.name in UNCOMMENTED:
        return [UNCOMMENTED[path.name]]
    matches = (EXPECT.fullmatch(line) for line in path.read_text("utf-8").splitlines())
    return [(int(match[1]), int(match[2]), match[3]) for match in matches if match]


def mistakes_of(path: Path) -> list[Mistake]:
    """The mistakes of a file that cannot be loaded; nothing but ScenarioError may come of it, and with little work."""
    began, before = time.process_time(), peak_megabytes()
    with pytest.raises(ScenarioError) as caught:
        load_one(path, path.parent)
    assert time.process_time() - began < 1.0
    assert peak_megabytes() - before < 100
    return caught.value.mistakes


def peak_megabytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def written(folder: Path, text: str) -> Path:
    """A scenario file with this text."""
    path = folder / "written.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_mistake_of_a_broken_file_is_told_with_its_place_and_its_remedy(path):
    wanted = expectations(path)
    found = mistakes_of(path)
    assert wanted, "the file must say what it expects"
    assert [(each.position.line, each.position.column) for each in found] == [
        (line, column) for line, column, _ in wanted
    ]
    for mistake, (_, _, pattern) in zip(found, wanted):
        assert re.search(pattern, mistake.message)
        assert mistake.position.file == str(path)


def test_all_mistakes_of_a_file_are_told_at_once():
    assert len(mistakes_of(BROKEN / "six-mistakes.yaml")) == 6


def test_a_mistake_is_shown_as_file_line_and_column():
    path = BROKEN / "unknown-transport.yaml"
    assert str(mistakes_of(path)[0]).startswith(f"{path}:4:20: transport")


def test_two_files_with_one_id_are_a_mistake_of_the_second():
    loaded = load_all([BROKEN / "same-id"])
    assert [(each.position.file, each.message) for each in loaded.mistakes] == [
        (str(BROKEN / "same-id/second.yaml"), f'the id "first" belongs to {BROKEN / "same-id/first.yaml"} already')
    ]


def test_one_broken_file_does_not_hide_the_others():
    loaded = load_all([BROKEN])
    assert {scenario.id for scenario in loaded.scenarios} == {"same-id/first", "same-id/second"}
    assert len({each.position.file for each in loaded.mistakes}) == len(list(BROKEN.rglob("*.yaml"))) - 2


def test_a_tag_is_refused_and_executes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mistakes_of(BROKEN / "executing-tag.yaml")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_fifty_megabytes_is_not_read(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    assert "is larger than 256 KiB" in mistakes_of(path)[0].message


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "- " * 100_000,
        "{a: " * 50_000,
        "? " * 100_000,
        "[\n" * 100_000,
        "".join(" " * depth + "a:\n" for depth in range(600)),
    ],
    ids=["brackets", "dashes", "braces", "keys", "lines", "indentation"],
)
def test_deep_nesting_is_told_and_does_no_harm(tmp_path, text):
    assert "is nested deeper than 40 levels" in mistakes_of(written(tmp_path, text))[0].message


def test_deep_nesting_through_the_variables_of_a_case_is_told(tmp_path):
    cases = "cases: {one: {a: " + "[" * 30 + "$a" + "]" * 30 + "}}\n"
    text = HEADER + cases + "steps:\n  - client: {call: {function: len, arguments: $a}}\n"
    assert "is nested deeper than 40 levels" in mistakes_of(written(tmp_path, text))[0].message


def test_a_folder_that_is_called_like_a_scenario_is_told(tmp_path):
    path = tmp_path / "x.yaml"
    path.mkdir()
    assert "it is a folder" in mistakes_of(path)[0].message


def test_a_file_that_does_not_exist_is_told(tmp_path):
    assert "cannot be read: No such file" in mistakes_of(tmp_path / "x.yaml")[0].message


@pytest.mark.skipif(not hasattr(__import__("os"), "mkfifo"), reason="no FIFOs here")
def test_a_fifo_that_is_called_like_a_scenario_is_not_opened(tmp_path):
    import os

    os.mkfifo(tmp_path / "x.yaml")
    assert "not an ordinary file" in mistakes_of(tmp_path / "x.yaml")[0].message


@pytest.mark.parametrize(
    "steps",
    [
        "\n".join(f"  - server: {{recv{i}: 1}}" for i in range(1500)),
        "\n".join(f"  - server: {{recv: 1, using: x{i}}}" for i in range(199)),
        "  - server: {recv: 1, " + ", ".join(f"k{i}: 1" for i in range(3000)) + "}",
        "  - server: {recv: 1, where: {" + ", ".join(f"linux>={i}: {{blocks: true}}" for i in range(2000)) + "}}",
        f"  - server: {{{'x' * 100_000}: 1}}",
        f"  - server: {{recv: {'9' * 100_000}}}",
        f"  - server: {{recv: {'9' * 100_000} KiB}}",
        f"  - server: {{listen: 0x{'f' * 100_000}.}}",
        f"  - server: {{recv: 1, only: 'linux>={'9' * 100_000}'}}",
        f"  - server: {{{'r' * 190}: 1}}",
    ],
    ids=["operations", "objects", "keys", "alternatives", "key", "digits", "unit", "hexadecimal", "version", "word"],
)  # fmt: skip
def test_a_mass_of_mistakes_is_told_in_short(tmp_path, steps):
    found = mistakes_of(written(tmp_path, HEADER + "steps:\n" + steps + "\n"))
    assert 0 < len(found) <= 100
    assert all(len(each.message) < 400 for each in found)


def test_mistakes_that_every_case_repeats_are_told_once(tmp_path):
    cases = "cases:\n" + "".join(f"  c{i}: {{n: {i}}}\n" for i in range(250))
    text = HEADER + cases + "steps:\n  - server: {recv: $n}\n  - server: {recvv: 1}\n"
    assert [each.message for each in mistakes_of(written(tmp_path, text))] == [
        '"recvv" is no operation; did you mean "recv"?'
    ]


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path):
    path = tmp_path / "windows.yaml"
    text = HEADER + "steps:\n  - server: {close: {}}\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_one(path, tmp_path).summary == "Generated."


@pytest.mark.parametrize("word", ["no", "NO", "on", "off", "yes", "y", "1e3x", "2024-01-01", "0b1", "1_000"])
def test_words_that_only_yaml_1_1_converts_stay_text(tmp_path, word):
    path = written(tmp_path, HEADER + f"steps:\n  - client: {{send: {{text: {word}}}}}\n")
    ((_, value),) = load_one(path, tmp_path).cases[0].steps[0].arguments
    assert value.text == word


@pytest.mark.parametrize("word", ["007", "1.5", "null", "true", "~", "0x10", "1e3", "-1"])
def test_words_that_yaml_1_2_converts_must_be_quoted(tmp_path, word):
    path = written(tmp_path, HEADER + f"steps:\n  - client: {{send: {{text: {word}}}}}\n")
    assert mistakes_of(path)[0].message.endswith("quote it")


@pytest.mark.parametrize(
    "where",
    [
        "{linux>=5: {blocks: true}, linux<5: {returns: empty}}",
        "{python>=3.11: {blocks: true}, python<3.11: {returns: empty}, linux+python<3.11: {blocks: true}}",
        "{linux: {blocks: true}, linux>=5: {returns: empty}}",
        "{big-endian: {blocks: true}, little-endian: {returns: empty}}",
        "{linux: {blocks: true}, darwin: {returns: empty}, bsd: {blocks: true}, posix: {blocks: true}}",
        "{unix: {blocks: true}, local: {blocks: true}, stream+local: {blocks: true}}",
    ],
)
def test_alternatives_of_which_one_is_always_the_most_special_are_no_tie(tmp_path, where):
    path = written(tmp_path, HEADER + f"steps:\n  - server: {{recv: 1, blocks: true, where: {where}}}\n")
    assert load_one(path, tmp_path)


@pytest.mark.parametrize(
    "where, told",
    [
        ("{linux>=5: {blocks: true}, linux>=6+unix: {blocks: true}}", '"linux>=5" and "linux>=6+unix"'),
        ("{linux: {blocks: true}, big-endian: {blocks: true}}", '"linux" and "big-endian"'),
        ("{posix: {blocks: true}, unix: {blocks: true}}", '"posix" and "unix"'),
        ("{stream: {blocks: true}, local: {blocks: true}}", '"stream" and "local"'),
        ("{windows: {blocks: true}, python<3.12: {blocks: true}}", '"windows" and "python<3.12"'),
    ],
)
def test_alternatives_that_hold_at_once_on_any_host_are_a_tie(tmp_path, where, told):
    path = written(tmp_path, HEADER + f"steps:\n  - server: {{recv: 1, blocks: true, where: {where}}}\n")
    (mistake,) = mistakes_of(path)
    assert mistake.message.startswith(told)
