"""Sets platforms up in stages. A finished stage is marked and not repeated; a last file says that all are finished.

The stages fill the folder of a platform. When all have finished, `ready.json` is renamed into place; it holds the
facts that the new platform stated about itself. If the number of the recipe has changed, the folder is removed and
filled again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.platforms import host
from conformance.platforms import python_facts as facts
from conformance.platforms.base import Finding, Report, SetupError
from conformance.platforms.locks import alone, alone_or_refused

StateFacts = Callable[[], Mapping[str, str]]
"""Starts the finished platform and returns the facts that it states about itself."""

_READY = "ready.json"


@dataclass(frozen=True)
class Stage:
    """One part of a setup; `run` may find files that an interrupted run of it left."""

    name: str
    run: Callable[[], None]


def tidying(folder: Path, *leftovers: str) -> Stage:
    """The last stage, which removes folders that only the other stages needed."""

    def tidy() -> None:
        for leftover in leftovers:
            shutil.rmtree(folder / leftover, ignore_errors=True)

    return Stage("tidy", tidy)


@dataclass(frozen=True)
class Recipe:
    """The setup of a platform: `number` changes when its stages do; `megabytes` is the disk space that it needs."""

    platform: str
    number: int
    megabytes: int
    unable: Callable[[], str] = host.unable_to_provision

    def folder(self, cache: Path) -> Path:
        """The platform's part of the cache."""
        return cache / self.platform

    def lock(self, cache: Path) -> Path:
        """The lock file that setup and clean hold alone, and that runs share."""
        return cache / "locks" / f"{self.platform}.lock"

    def facts(self, cache: Path) -> Mapping[str, str] | None:
        """The facts that the platform stated at the end of its setup; None if it is not set up."""
        try:
            ready = json.loads((self.folder(cache) / _READY).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return dict(ready["facts"]) if ready.get("recipe") == self.number else None

    def probe(self, cache: Path) -> Finding:
        """Check whether the platform is set up, without starting a program."""
        stated = self.facts(cache)
        if stated is not None:
            return Finding(True, facts.describe(stated), facts=stated)
        reason = self.unable()
        if reason:
            return Finding(False, reason)
        return Finding(False, "not set up", f"conformance platforms setup {self.platform}")

    def require(self, cache: Path) -> None:
        """Raise `SetupError` unless the platform is set up."""
        if self.facts(cache) is None:
            raise SetupError(f"{self.platform} is not set up", f"conformance platforms setup {self.platform}")

    def carry_out(self, cache: Path, stages: Sequence[Stage], state_facts: StateFacts, report: Report) -> None:
        """Run the stages that have not finished yet, then record the facts. Raises `SetupError`."""
        with alone(self.lock(cache), report):
            if self.facts(cache) is not None:
                report(f"{self.platform} is set up already")
                return
            self._check_host(cache)
            marks = self._marks(cache)
            for stage in stages:
                _once(marks / stage.name, stage.run)
            self._complete(cache, state_facts())

    def clean(self, cache: Path) -> None:
        """Remove the platform's folder. Raises `SetupError` while another run uses it."""
        if not self.folder(cache).exists():
            return
        with alone_or_refused(self.lock(cache), self.platform):
            shutil.rmtree(self.folder(cache))

    @contextmanager
    def changing(self, cache: Path, report: Report) -> Iterator[None]:
        """Hold the platform alone during the block, to install packages; `SetupError` unless it is set up."""
        with alone(self.lock(cache), report):
            self.require(cache)
            yield

    def _check_host(self, cache: Path) -> None:
        reason = self.unable()
        if reason:
            raise SetupError(reason)
        host.require_space(cache, self.megabytes)

    def _marks(self, cache: Path) -> Path:
        marks = self.folder(cache) / f"stages-{self.number}"
        if not marks.is_dir():
            shutil.rmtree(self.folder(cache), ignore_errors=True)
            marks.mkdir(parents=True)
        return marks

    def _complete(self, cache: Path, facts: Mapping[str, str]) -> None:
        ready = self.folder(cache) / _READY
        unfinished = ready.with_suffix(".new")
        unfinished.write_text(json.dumps({"recipe": self.number, "facts": dict(facts)}, indent=1), "utf-8")
        os.replace(unfinished, ready)


def _once(mark: Path, work: Callable[[], None]) -> None:
    if not mark.exists():
        work()
        mark.touch()


@contextmanager
def built_aside(target: Path) -> Iterator[Path]:
    """A new folder, which replaces `target` when the block ends without an error."""
    aside = target.with_name(f"{target.name}.unfinished")
    for leavings in (aside, target):
        shutil.rmtree(leavings, ignore_errors=True)
    aside.mkdir(parents=True)
    yield aside
    os.replace(aside, target)
