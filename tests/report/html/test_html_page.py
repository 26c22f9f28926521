"""The HTML page as a text: the same bytes each time, small parts of its data, and when it is written."""

import base64
import json
import subprocess
import sys
import zlib
from dataclasses import replace

import pytest
from html_settings import KEPT

from conformance.model.captures import NoCapture
from conformance.platforms.registry import PLATFORMS
from conformance.report.comparison import compare
from conformance.report.html.close_observation import drawings
from conformance.report.html.commands import platform_argument
from conformance.report.html.numbering import Numbering, shown
from conformance.report.html.packing import packed
from conformance.report.html.page_data import page_data
from conformance.report.html.scenario_texts import KINDS, coloured, found
from conformance.report.records import read

WRITE = """
import sys
from pathlib import Path
from conformance.report.comparison import compare
from conformance.report.html.document import page
from conformance.report.records import read
sys.stdout.write(page(compare([read(Path(name)) for name in sys.argv[1:]])))
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two short records: the first cells of two kept ones."""
    import gzip

    paths = []
    for name in ("linux-x86_64-cpython3.13", "windows-amd64-cpython3.13-wine"):
        path = tmp_path_factory.mktemp("small") / f"{name}.jsonl"
        with gzip.open(KEPT / name / "stdlib.jsonl.gz") as file:
            path.write_bytes(b"".join(next(file) for _ in range(60)))
        paths.append(path)
    return paths


def test_the_same_records_make_the_same_bytes(small):
    def written(seed):
        command = [sys.executable, "-c", WRITE, *map(str, small)]
        return subprocess.run(
            command, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}, timeout=120
        ).stdout

    assert written("1") == written("2")


def test_data_is_packed_into_characters_without_meaning_in_html():
    text = packed({"a": ["</script>", "\u2028", "é"]})
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    assert json.loads(zlib.decompress(base64.b64decode(text))) == {"a": ["</script>", "\u2028", "é"]}


def test_equal_values_have_one_number():
    numbers = Numbering()
    assert [numbers.of(value) for value in ("a", "b", "a")] == [0, 1, 0]
    assert numbers.values == ["a", "b"]


def test_characters_that_cannot_be_seen_are_written_out():
    assert shown("a\0\u202eb\nc\ud800") == "a\\x00\\u202eb\nc\\ud800"
    assert shown("x" * 5_000) == "x" * 4_000 + "… (5,000 characters)"


def test_a_platform_can_be_run_by_the_name_that_the_page_gives():
    for path in KEPT.glob("*/*.gz"):
        assert platform_argument(_header(path)) in PLATFORMS


def _header(path):
    import gzip

    from conformance.report.records import read_header

    with gzip.open(path) as file:
        header = read_header(path, json.loads(file.readline()))
    return next(iter(header.hosts.values()))


def test_systems_that_no_platform_stands_for_are_native():
    facts = _header(next(KEPT.glob("*cpython3.13/*.gz")))
    assert platform_argument(replace(facts, family="macos")) == "native"
    assert platform_argument(None) == "native"


def test_yaml_is_coloured_without_a_change_of_its_text():
    text = "# note\nkey: [1, 'a']\nother: {inner: text}\n"
    pieces = coloured(text)
    assert sum(length for length, _ in pieces) == len(text)
    assert {KINDS[kind] for _, kind in pieces} >= {"comment", "key", "text"}


def test_a_scenario_is_shown_only_as_the_record_ran_it(small):
    cell = read(small[0]).cells[0]
    assert found(cell).id == cell.scenario
    assert found(replace(cell, digest="0" * 64)) is None
    assert found(replace(cell, scenario="../" + cell.scenario)) is not None  # by its file, with the same content
    assert found(replace(cell, scenario="a\0b", file="")) is None
    assert found(replace(cell, scenario="x" * 9_000, file="x" * 9_000 + ".yaml")) is None


def test_a_capture_that_is_lacking_says_why(small):
    cell = replace(read(small[0]).cells[0], capture=NoCapture("no packet sockets here"))
    wide, narrow = drawings(small[0], cell)
    assert [line.text for line in (*wide, *narrow)] == ["no packets: no packet sockets here"] * 2


def test_equal_behaviour_is_in_the_data_once(small):
    record = read(small[0])
    one = page_data(compare([record, replace(record, path=small[1])]))
    assert len(one["kept"]) == len({tuple(map(str, each)) for each in one["kept"]})
    assert len(one["texts"]) == len(set(one["texts"]))
    assert all(
        set(groups) == {"A"} for groups, codes in zip(one["groups"], one["codes"], strict=True) if "u" not in codes
    )


def test_the_help_imports_no_templates():
    program = (
        "import sys\nfrom conformance.cli import main\nsys.argv[1:] = ['--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('jinja2', 'pygments.lexers.data') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip().endswith("[]")


def test_the_command_writes_the_page(small, tmp_path):
    out = tmp_path / "report.html"
    command = [sys.executable, "-m", "conformance", "compare", *map(str, small), "--fail-on", "none", "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    assert out.read_text("utf-8").startswith("<!doctype html>")
