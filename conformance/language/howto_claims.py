"""The claims of the Socket Programming HOWTO and the steps that act them out, from the data file beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Union

_FILE = Path(__file__).with_name("howto_claims.yaml")

CONFIRMS, CONTRADICTS = "confirms", "contradicts"
"""What a step shows of a claim."""

ALWAYS, USUALLY, SOMETIMES = SENSES = ("always", "usually", "sometimes")
"""How a sentence is meant: whether one step against it contradicts it, is its exception, or does not matter."""


@dataclass(frozen=True)
class Quoted:
    """A step of a scenario by its number, and the beginning of its words: ``server recv 10``."""

    number: int
    words: str


@dataclass(frozen=True)
class Steps:
    """Steps of a scenario that confirm or contradict a claim if they do what the scenario expects."""

    scenario: str
    bearing: str
    steps: tuple[Quoted, ...]
    shows: str
    """What the machine did where these steps count, in the reader's words."""
    only: frozenset[str] = frozenset()
    """Selector terms that must hold: families, transports, cases."""
    when: str = ""
    """The kind of observation with which a step counts, expected or not; empty: the expected outcome."""


@dataclass(frozen=True)
class Difference:
    """A step whose results must differ between two kinds of systems."""

    scenario: str
    step: Quoted
    between: tuple[str, str]
    shows: str
    only: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Faster:
    """A measure that must be better over one transport than over another, perhaps of another scenario."""

    scenario: str
    measure: str
    over: str
    than_scenario: str
    than: str
    shows: str


Evidence = Union[Steps, Difference, Faster]


@dataclass(frozen=True)
class Claim:
    """A sentence of the HOWTO in our words, where practice is known to be more subtle, and what acts it out."""

    id: str
    says: str
    caveat: str = ""
    only: str = ""
    """The family that the claim speaks of; empty: all of them."""
    formerly: str = ""
    """An earlier id, which scenarios may still name."""
    holds: str = ALWAYS
    evidence: tuple[Evidence, ...] = ()

    @property
    def section(self) -> str:
        """The section of the HOWTO, by the name of the folder of its scenarios."""
        return self.id.partition("/")[0]

    @property
    def example(self) -> Evidence:
        """The evidence that shows the claim best."""
        return self.evidence[0]

    @property
    def systems(self) -> tuple[str, ...]:
        """The two kinds of systems that the claim is about; empty where one system can decide it."""
        return next((each.between for each in self.evidence if isinstance(each, Difference)), ())


@lru_cache(maxsize=1)
def claims() -> dict[str, Claim]:
    """Every claim by its id, in the order of the HOWTO."""
    import yaml  # only the controller reads claims; the worker needs no YAML

    rows = yaml.load(_FILE.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["claims"]
    return {row["id"]: _claim(row) for row in rows}


def claim_ids() -> list[str]:
    """The ids of all claims."""
    return list(claims())


def former_ids() -> dict[str, str]:
    """The present id of each claim by its earlier one."""
    return {claim.formerly: claim.id for claim in claims().values() if claim.formerly}


def _claim(row: Mapping[str, Any]) -> Claim:
    return Claim(**{**row, "evidence": tuple(_evidence(each) for each in row["evidence"])})


def _evidence(row: Mapping[str, Any]) -> Evidence:
    scenario, shows = row["scenario"], row["shows"]
    if "faster" in row:
        return Faster(scenario, row["measure"], row["faster"], row.get("than_scenario", scenario), row["than"], shows)
    only = frozenset(row["only"].split("+")) if "only" in row else frozenset()
    if "differs" in row:
        first, second = row["between"]
        return Difference(scenario, _quoted(row["differs"])[0], (first, second), shows, only)
    bearing = CONFIRMS if CONFIRMS in row else CONTRADICTS
    return Steps(scenario, bearing, _quoted(row[bearing]), shows, only, row.get("when", ""))


def _quoted(steps: Mapping[int, str]) -> tuple[Quoted, ...]:
    return tuple(Quoted(number, words) for number, words in steps.items())
