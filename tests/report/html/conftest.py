"""A browser, and pages to look at: of three kept records, and of a record whose texts mean harm."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from html_settings import KEPT

from conformance.report.comparison import compare
from conformance.report.html.document import page
from conformance.report.records import read

NAMES = ("linux-x86_64-cpython3.13", "linux-s390x-cpython3.11-qemu-user", "windows-amd64-cpython3.13-wine")

WHERE_TO_GET_ONE = "no Chromium: apt install chromium, playwright install chromium, or name one in CONFORMANCE_CHROMIUM"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


_WIDER = """() => [document.documentElement, ...document.querySelectorAll("body *")]
    .filter(each => !each.closest("#grid") && each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1)
    .filter(each => each === document.documentElement || /auto|scroll/.test(getComputedStyle(each).overflowX))
    .map(each => `${each.tagName}.${each.className}#${each.id}`)"""


@dataclass
class Reader:
    """Somebody who reads a page, and what the browser reports meanwhile. Counts what they do: click, choose, type."""

    page: Any
    path: Path
    actions: int = 0
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, fragment: str = "") -> Reader:
        """Opens the page at a place of its own; a fragment alone does not load it again."""
        self.page.goto("about:blank")
        self.page.goto(self.path.as_uri() + fragment)
        self.page.wait_for_selector("body.ready")
        return self

    def click(self, selector: str) -> None:
        """Clicks the first visible element."""
        self.actions += 1
        self.page.locator(selector).locator("visible=true").first.click()
        self._wait_until_shown()

    def choose(self, selector: str, words: str) -> None:
        """Chooses the first option that contains the words."""
        self.actions += 1
        option = self.page.locator(f"{selector} option", has_text=words).first
        self.page.select_option(selector, value=option.get_attribute("value"))

    def ask(self, query: str) -> None:
        """Types a query, and waits for the answer."""
        self.actions += 1
        self.page.fill("#query", query)
        self.page.press("#query", "Enter")
        self._wait_until_shown()

    def _wait_until_shown(self) -> None:
        """Waits until the page shows what its address says: an event follows a click on a link."""
        address = json.dumps(self.page.evaluate("location.hash"), ensure_ascii=False)
        self.page.wait_for_selector(f"body[data-shown={address}]", state="attached")

    def text(self, selector: str) -> str:
        """The text of the first such element, as it is seen."""
        return str(self.page.locator(selector).locator("visible=true").first.inner_text())

    @property
    def found(self) -> str:
        """What the live region announces."""
        return self.text("#found")

    @property
    def wider_than_the_window(self) -> list[str]:
        """Elements other than the matrix that can be scrolled sideways; also the page itself."""
        return list(self.page.evaluate(_WIDER))


def _program() -> str | None:
    """The browser: the one that is named, one on the path, else the one that Playwright installed (None)."""
    named = os.environ.get("CONFORMANCE_CHROMIUM")
    return named or next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for one module: while Playwright runs, nothing else of this thread can run an event loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install -e '.[test]'")
    with playwright.sync_playwright() as started:
        program = _program()
        if program is None and not Path(started.chromium.executable_path).is_file():
            pytest.skip(WHERE_TO_GET_ONE)
        with contextlib.closing(started.chromium.launch(executable_path=program, args=["--no-sandbox"])) as browser:
            yield browser


@pytest.fixture(scope="session")
def kept_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three kept records: Linux, big-endian Linux and Windows as Wine has it."""
    path = tmp_path_factory.mktemp("kept") / "report.html"
    path.write_text(page(compare([read(KEPT / name / "stdlib.jsonl.gz") for name in NAMES])), "utf-8")
    return path


@pytest.fixture
def reader_of(chromium: Any) -> Iterator[Any]:
    """Makes readers: of a page, with the options of a browser's context. None may have had anything to complain of."""
    readers: list[Reader] = []
    contexts: list[Any] = []

    def make(path: Path, **options: Any) -> Reader:
        # without motion, so that what is looked at is not half way in
        settings = {"viewport": {"width": 1300, "height": 850}, "reduced_motion": "reduce"}
        context = chromium.new_context(**{**settings, **options})
        reader = Reader(context.new_page(), path)
        reader.page.on("console", lambda message: reader.complaints.append(message.text))
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        reader.page.on("request", lambda request: reader.requests.append(request.url))
        readers.append(reader)
        contexts.append(context)
        return reader

    yield make
    for context in contexts:
        context.close()
    for reader in readers:
        assert reader.complaints == []
        assert {url.partition("#")[0] for url in reader.requests} <= {reader.path.as_uri(), "data:,"}


@pytest.fixture
def reader(reader_of: Any, kept_page: Path) -> Reader:
    """A reader of the page of kept records."""
    return reader_of(kept_page).open()
