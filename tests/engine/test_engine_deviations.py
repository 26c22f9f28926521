"""Known deviations: declared ones pass, vanished and other ones fail."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest

from conformance.engine.deviations import Deviation, apply, forbidden
from conformance.engine.judge import FAIL, INCONCLUSIVE, KNOWN, PASS, UNSUPPORTED, Verdict
from conformance.language.deviation_files import (
    ADAPTED,
    PLATFORM_FILES,
    load_deviations,
    platform_deviations,
    shipped_deviations,
)
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.model.errors import Position, ScenarioError
from conformance.model.plan import Given
from conformance.tables.selectors import Host
from conformance.worker.adapters import ADAPTERS

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"

HERE = Position("deviations.yaml", 7, 3)
CASE = s.Case("small", frozenset({"small"}), Given(), ())
SCENARIO = s.Scenario(
    "using/behaviour",
    Path("x.yaml"),
    "",
    "",
    "",
    "",
    "must",
    (),
    (),
    (),
    (),
    ("unix",),
    {},
    {},
    (),
    (),
    None,
    (CASE,),
    HERE,
)
LINUX = Host({"family": "linux", "kernel": "6.1", "python_version": "3.12"}, frozenset({"linux", "posix"}))
RAISED = o.Observation(o.RAISED, {"name": "EINVAL", "class": "OSError"})
FAILED = Verdict(FAIL, "", 2, "returns", "raised EINVAL (OSError)")


def declared(observed: str = "raised EINVAL (OSError)", **more) -> Deviation:
    """A declaration that is about the scenario above."""
    return Deviation(
        **{"scenario": "using/behaviour", "observed": observed, "reason": "so be it", "position": HERE, **more}
    )


def judged(verdict: Verdict, *deviations: Deviation) -> Verdict:
    """The verdict with these declarations."""
    return apply(deviations, Cell(SCENARIO, CASE, "unix"), LINUX, verdict, {2: RAISED})


def test_a_failure_that_was_declared_is_a_known_deviation():
    assert judged(FAILED, declared()) == Verdict(KNOWN, "so be it", 2, "returns", "raised EINVAL (OSError)")


def test_a_declared_deviation_that_does_not_happen_any_more_fails():
    verdict = judged(Verdict(PASS), declared())
    assert verdict.kind == FAIL
    assert verdict.reason == "the known deviation of deviations.yaml:7:3 does not happen any more: so be it"


def test_another_deviation_than_the_declared_one_fails_and_names_both():
    verdict = judged(FAILED, declared("raised EPIPE (BrokenPipeError)"))
    assert (verdict.kind, verdict.step, verdict.observed) == (FAIL, 2, "raised EINVAL (OSError)")
    assert verdict.reason == (
        "a deviation is known, but another one: raised EPIPE (BrokenPipeError) (deviations.yaml:7:3)"
    )


def test_what_it_was_last_seen_with_is_told_when_it_does_not_happen_any_more():
    verdict = judged(Verdict(PASS), declared(seen="gevent 26.9.0"))
    assert "deviations.yaml:7:3, last seen with gevent 26.9.0, does not happen any more" in verdict.reason


def test_brackets_of_observed_stand_for_themselves():
    ready = Verdict(FAIL, "", 3, "returns", "returned self: [POLLIN, POLLOUT]")
    assert judged(ready, declared("returned *: [POLLIN, POLLOUT]")).kind == KNOWN
    assert judged(ready, declared("returned *: [POLLIN]")).kind == FAIL


@pytest.mark.parametrize("kind", [UNSUPPORTED, INCONCLUSIVE])
def test_what_could_not_be_judged_stays_as_it_is(kind):
    assert judged(Verdict(kind, "why"), declared()) == Verdict(kind, "why")


@pytest.mark.parametrize(
    "about",
    [
        {"scenario": "using/other"},
        {"cell": "large-*"},
        {"cell": "unix"},
        {"implementation": "gevent"},
        {"only": (frozenset({"windows"}),)},
    ],
)
def test_a_declaration_about_something_else_changes_nothing(about):
    assert judged(FAILED, declared(**about)) == FAILED
    assert judged(Verdict(PASS), declared(**about)) == Verdict(PASS)


@pytest.mark.parametrize(
    "about",
    [
        {"scenario": "using/*"},
        {"cell": "small-unix"},
        {"cell": "*-unix"},
        {"implementation": "std*"},
        {"only": (frozenset({"linux", "unix"}),)},
        {"observed": "raised *"},
    ],
)
def test_declarations_may_use_patterns_and_guards(about):
    assert judged(FAILED, declared(**about)).kind == KNOWN


def forbidden_here(*deviations: Deviation, transport: str = "unix") -> Verdict | None:
    """The declaration that forbids to run the scenario above, if any."""
    return forbidden(deviations, Cell(SCENARIO, CASE, transport), LINUX)


def test_a_cell_that_must_not_be_run_is_unsupported_with_the_reason():
    verdict = forbidden_here(declared("", run=False))
    assert verdict == Verdict(UNSUPPORTED, "not run here: so be it")


def test_a_cell_is_run_unless_an_entry_forbids_just_that():
    assert forbidden_here(declared()) is None
    assert forbidden_here(declared("", run=False, cell="large-*")) is None
    assert forbidden_here(declared("", run=False, only=(frozenset({"windows"}),))) is None


def test_an_entry_that_deviates_does_not_hide_one_that_forbids():
    assert forbidden_here(declared(), declared("", run=False)) == Verdict(UNSUPPORTED, "not run here: so be it")


def loaded(folder: Path, text: str) -> Deviation:
    """The only entry of a file of known deviations."""
    file = folder / "deviations.yaml"
    file.write_text("deviations:\n" + text, "utf-8")
    (found,) = load_deviations((file,))
    return found


def test_a_file_says_what_is_not_run_without_saying_what_is_observed(tmp_path):
    entry = loaded(tmp_path, "  - {scenario: using/behaviour, run: false, reason: so be it}\n")
    assert (entry.run, entry.observed, entry.reason) == (False, "", "so be it")
    assert loaded(tmp_path, "  - {scenario: a/b, observed: returned, reason: so be it}\n").run


def test_one_reason_may_stand_for_several_scenarios(tmp_path):
    file = tmp_path / "deviations.yaml"
    file.write_text(
        "seen: mine 1.0\ndeviations:\n"
        "  - observed:\n      a/b: returned 0\n      c/*: hung*\n"
        "    only: linux\n    reason: so be it\n",
        "utf-8",
    )
    first, second = load_deviations((file,))
    assert (first.scenario, first.observed, second.scenario, second.observed) == ("a/b", "returned 0", "c/*", "hung*")
    assert {first.reason, second.reason} == {"so be it"}
    assert (first.only, first.seen) == (second.only, second.seen) == ((frozenset({"linux"}),), "mine 1.0")
    assert (first.position.line, second.position.line) == (4, 5)


@pytest.mark.parametrize(
    "entry, complaint",
    [
        ("{scenario: a/b, reason: so}", "a known deviation needs observed"),
        ("{scenario: a/b, run: true, reason: so}", "a known deviation needs observed"),
        ("{scenario: a/b, run: false}", "a known deviation needs reason"),
        ("{scenario: a/b, run: false, observed: x, reason: so}", "has nothing that is observed"),
        ("{scenario: a/b, run: never, observed: x, reason: so}", "run is true or false"),
        ("{scenario: a/b, observed: {c/d: x}, reason: so}", "observed names the scenarios already"),
        ("{observed: {c/d: x}}", "a known deviation needs reason"),
        ("{observed: {c/d: 1}, reason: so}", "observed is text"),
        ("{observed: {}, reason: so}", "observed names no scenario"),
    ],
)
def test_entries_that_make_no_sense_are_refused(tmp_path, entry, complaint):
    with pytest.raises(ScenarioError, match=complaint):
        loaded(tmp_path, f"  - {entry}\n")


SHIPPED = [(folder, path.stem) for folder in (PLATFORM_FILES, ADAPTED) for path in sorted(folder.glob("*.yaml"))]


@pytest.mark.parametrize("folder, name", SHIPPED, ids=[name for _, name in SHIPPED])
def test_what_is_shipped_names_scenarios_that_exist(folder, name):
    ids = {path.relative_to(SCENARIOS).with_suffix("").as_posix() for path in SCENARIOS.rglob("*.yaml")}
    entries = shipped_deviations(folder, name)
    assert entries
    assert [entry.scenario for entry in entries if not fnmatch.filter(ids, entry.scenario)] == []


def test_a_real_host_has_no_known_deviations():
    assert platform_deviations({"emulator": None, "python_implementation": "cpython"}) == ()
    assert platform_deviations({"emulator": "no-such-emulator", "python_implementation": "cpython"}) == ()


def test_a_platform_has_the_known_deviations_of_its_emulator_and_of_its_python():
    found = platform_deviations({"emulator": "qemu-user", "python_implementation": "PyPy"})
    assert {Path(each.position.file).stem for each in found} == {"qemu-user", "pypy"}


def test_what_is_shipped_for_libraries_is_found_by_the_names_of_adapters_and_says_their_versions():
    names = {path.stem for path in ADAPTED.glob("*.yaml")}
    assert names <= set(ADAPTERS)
    assert [name for name in names if not shipped_deviations(ADAPTED, name)[0].seen.startswith(f"{name} ")] == []


@pytest.mark.parametrize("name", ["no-such-emulator", "stdlib", "../deviations/wine", "*"])
def test_nothing_is_known_of_what_has_no_file(name):
    assert shipped_deviations(PLATFORM_FILES, name) == ()
    assert shipped_deviations(ADAPTED, name) == ()
