"""The documentation is right: generated pages are up to date, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from conformance import pytest_plugin as plugin
from conformance.cli import cli
from conformance.language.scenario_syntax import parse
from conformance.platforms import PLATFORMS
from conformance.reference import pages as reference

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
WRITTEN = [page for page in PAGES if page.parent.name != "reference"]

_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
each_written = pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return reference.pages(ROOT)


def test_the_reference_pages_are_up_to_date(made):
    old = [name for name, text in made.items() if not _same(DOCS / name, text)]
    assert old == [], f"out of date; run: {reference.COMMAND}"


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


def test_every_option_of_the_plugin_has_a_row_in_its_page():
    page = (DOCS / "pytest.md").read_text("utf-8")
    assert [name for name in plugin._OPTIONS if f"| `--conformance-{name}" not in page] == []


def test_no_reference_page_is_left_over(made):
    assert {path.relative_to(DOCS).as_posix() for path in (DOCS / "reference").iterdir()} == set(made)


# links


def headings(page: Path) -> set[str]:
    """The fragments of a page."""
    prose = _BLOCK.sub("", page.read_text("utf-8"))
    return {reference.anchor(line.lstrip("# ")) for line in prose.splitlines() if line.startswith("#")}


@pytest.fixture(scope="module")
def fragments() -> dict[Path, set[str]]:
    return {page: headings(page) for page in PAGES}


@each_page
def test_every_link_leads_somewhere(page, fragments):
    broken = []
    for link in _LINK.findall(_BLOCK.sub("", page.read_text("utf-8"))):
        if link.startswith("https://"):
            continue
        name, _, fragment = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.is_file() or (fragment and fragment not in fragments.get(target, set())):
            broken.append(link)
    assert broken == []


# commands


def command_lines(page: Path) -> Iterator[list[str]]:
    """Every call of ``conformance`` that a page shows: in shell blocks, and between backquotes with an argument."""
    text = page.read_text("utf-8")
    lines = [line for kind, block in _BLOCK.findall(text) if kind == "sh" for line in block.splitlines()]
    spans = [span for span in _SPAN.findall(_BLOCK.sub("", text)) if span.startswith("conformance ")]
    for line in [*lines, *spans]:
        for part in line.partition("  #")[0].split("&&"):
            words = shlex.split(part)
            if words and Path(words[0]).name == "conformance":
                yield words[1:]


@each_written
def test_every_command_line_that_is_shown_exists(page):
    for words in command_lines(page):
        mistake = wrong_with(words)
        assert mistake is None, f"conformance {' '.join(words)}: {mistake}"


def wrong_with(words: list[str]) -> str | None:
    """The first unknown command or option of a command line; None if all are known."""
    command: click.Command = cli
    context = click.Context(cli, info_name="conformance")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0]) if words[0] in command.list_commands(context) else None
        if found is None:
            return f"there is no command {words[0]}"
        command, words = found, words[1:]
    options = {
        name for parameter in command.get_params(context) for name in (*parameter.opts, *parameter.secondary_opts)
    }
    unknown = [word for word in words if word.startswith("-") and word.partition("=")[0] not in options]
    return f"there is no option {unknown[0]}" if unknown else None


@each_written
def test_the_options_that_tables_name_are_the_plugins(page, pytestconfig):
    text = page.read_text("utf-8")
    named = re.findall(r"^\| `(--[a-z-]+)", text, re.MULTILINE)
    known = {name for group in pytestconfig._parser._groups for option in group.options for name in option.names()}
    assert [name for name in named if name not in known] == []


def test_every_subcommand_is_described():
    readable = "\n".join(page.read_text("utf-8") for page in WRITTEN)
    names = cli.list_commands(click.Context(cli))
    assert [name for name in names if f"conformance {name}" not in readable] == []


def test_every_platform_is_described():
    text = (DOCS / "platforms.md").read_text("utf-8")
    assert [name for name in PLATFORMS if f"`{name}`" not in text] == []


# examples


@each_written
def test_whole_scenarios_that_are_shown_are_right(page):
    for kind, block in _BLOCK.findall(page.read_text("utf-8")):
        if kind == "yaml" and block.startswith("summary:"):
            scenario, mistakes = parse(block.encode(), page, "example")
            assert mistakes == []
            assert scenario.summary


def test_the_readmes_scenario_is_one_of_ours():
    block = next(block for kind, block in _BLOCK.findall((ROOT / "README.md").read_text("utf-8")) if kind == "yaml")
    real = (ROOT / "scenarios" / "disconnecting" / "half-close-request-reply.yaml").read_text("utf-8")
    steps = block.partition("given:")[2]
    assert steps.strip() == real.partition("given:")[2].strip()


def test_the_wrapper_that_is_shown_wraps_what_it_gives_and_is_right(conformance, tmp_path):
    (block,) = (
        block for kind, block in _BLOCK.findall((DOCS / "implementations.md").read_text("utf-8")) if kind == "python"
    )
    (tmp_path / "mine.py").write_text(block, "utf-8")
    made: dict[str, Any] = {}
    exec(compile(block, "mine.py", "exec"), made)
    mine = made["Mine"]
    with mine() as listener, mine() as client:
        listener.listen()
        client.connect(("127.0.0.1", listener.getsockname()[1]))
        with listener.accept()[0] as accepted, accepted.dup() as duplicate:
            assert (type(accepted), type(duplicate)) == (mine, mine)
    names = ("half-close-request-reply", "dup-keeps-the-connection", "with-block-closes")
    ended = conformance("run", *names, "-i", "mine.py:Mine", "--json", "--reports", tmp_path, folder=tmp_path)
    assert ended.status == 0, ended
    assert set(ended.json["verdicts"]) == {"pass"}


def test_the_readme_holds_the_test_command():
    text = (ROOT / "README.md").read_text("utf-8")
    kind, block = _BLOCK.findall(text.partition("<!-- test command -->")[2])[0]
    assert (kind, "tox run" in block) == ("sh", True)


@each_written
def test_lines_are_short_enough_to_read(page):
    prose = _BLOCK.sub("", page.read_text("utf-8"))
    assert [line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")] == []
