"""Damaged records: every field of every kind of line, in every way, through every command that reads records."""

import copy
import json
import re

import pytest

from conformance.cli import claims
from conformance.language.corpus import bundled, load_one

HUGE = 10**30
LONG = "x" * 100_000

CAPTURE = {
    "packets": 2, "lost": 0, "complete": True, "steps": [[1, 1_790_000_000_000_000_000, 1_790_000_000_000_000_100]],
    "hosts": {"192.0.2.1": "client"}, "actors": {"client": "client"}, "sockets": [["192.0.2.1", 40000, "client"]],
}  # fmt: skip
EVIDENCE = {
    "socket": "client", "state": "ESTABLISHED", "local": "192.0.2.1:40000", "peer": "192.0.2.2:50000", "unread": 1,
    "unacknowledged": 2, "unsent": 1, "retransmits": 1, "queued": 1, "timer": "retransmission",
}  # fmt: skip
RAISED = {
    "kind": "raised", "canonical": {"name": "EPIPE", "class": "BrokenPipeError"}, "raw": {"errno": 32}, "seconds": 0.1,
    "released_by": 1, "blame": 1, "reason": "so", "names": {"a": {"canonical": 1, "raw": 1}},
}  # fmt: skip
WAIT = {"call": "recvfrom", "probe": "proc-syscall", "certainty": "proven", "cpu_seconds": 0.0}

FREE = re.compile(r"observation\.raw\b|\.names\.")
"""Fields that hold values of any shape."""

OPTIONAL = re.compile(
    r"^(implementation_version|implementation_path|selection|interrupted|conformance|file|digest|reason|step|expected|observed|measures|units|notes)$"
    r"|^(differential|capture|fixture|given|sources)$|^steps\[\d\]\.sides\.|^hosts\.\w+(\.emulator)?$|^(measures|units|verdicts|capture\.hosts|capture\.actors)\."
    r"|^steps\[\d\]\.(pending|free|group|group_kind|measured|evidence|met|sides|source|basis|where|on|made)$|evidence\[\d\]\.(?!socket)\w+$"
    r"|observation\.(seconds|wait|released_by|blame|reason|names)$|wait\.cpu_seconds$"
)
"""Fields that may be missing."""

NULLABLE = re.compile(
    r"^(implementation_version|implementation_path|selection|interrupted|step|differential|capture|fixture|given|sources)$|emulator$|^capture\.steps\[\d\]\[[12]\]$"
    r"|\.(group|group_kind|evidence|met|sides|source|basis|where|on|made|seconds|wait|released_by|blame|reason|cpu_seconds)$|evidence\[\d\]\.socket$"
)
"""Fields that may be null."""

WORDS = re.compile(
    r"^(reason|expected|observed)$|^(notes|sources)\[|^differential\.(says|raw|here)$|^steps\[\d\]\.(says|did|expected|source)$"
    r"|observation\.(reason|canonical\.(name|class))$"
)
"""Text that somebody wrote or said, which may be long."""


def places(value, path=()):
    """Every field of a line, as the keys that lead to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key), item
        yield from places(item, (*path, key))


def written(place):
    """A path as messages name it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")


def changed(line, place, value=None, *, missing=False):
    """A copy of a line in which a field has another value, or is missing."""
    made = copy.deepcopy(line)
    holder = made
    for key in place[:-1]:
        holder = holder[key]
    if missing:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    return made


def huge(value):
    """The same, but too large."""
    if isinstance(value, str):
        return LONG
    return [HUGE] if isinstance(value, (bool, list, dict)) else HUGE


@pytest.fixture(scope="module")
def record(recorded):
    """The lines of a real record, with everything that a line may have in its second line."""
    header, *cells, footer = map(json.loads, recorded.one_byte.read_text("utf-8").splitlines())
    cell = next(each for each in cells if each["differential"] and each["scenario"].startswith("talk/"))
    first, second = cell["steps"][:2]
    first.update(evidence=[EVIDENCE], pending=False, free=False, group=1, group_kind="together", measured=False)
    first["observation"] = {"kind": "blocked", "wait": WAIT, "names": {}}
    second["observation"] = RAISED
    cell.update(capture=CAPTURE, notes=["a note"], measures={"speed": 1.0}, units={"speed": "s"}, level="measure")
    return [header, cell, footer]


def mutations(record):
    """Number of the line, path of the field, what was done, whether that is legal, and the changed line."""
    for number, line in enumerate(record, 1):
        for place, value in places(line):
            path = written(place)
            free = bool(FREE.search(path))
            of_a_list = isinstance(place[-1], int) and not re.search(r"(steps|sockets)\[\d\]\[", path)
            may_miss = free or of_a_list or bool(OPTIONAL.search(path))
            yield number, path, "missing", may_miss, changed(line, place, missing=True)
            another = 5 if isinstance(value, str) else True if value is None else "oops"
            yield number, path, "of another type", free, changed(line, place, another)
            yield number, path, "huge", free or bool(WORDS.search(path)), changed(line, place, huge(value))
            if value is not None:
                yield number, path, "null", free or bool(NULLABLE.search(path)), changed(line, place, None)


@pytest.fixture
def commands(told, monkeypatch, tmp_path):
    """Runs every command that reads records on a record of these lines; what each answered."""
    one = load_one(bundled() / "using/messages-back-to-back.yaml", bundled())
    monkeypatch.setattr(claims, "load_scenarios", lambda names: (one,))  # all of them take long to load

    def run(lines):
        path = tmp_path / "r.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        calls = (
            ("compare", path, path), ("compare", "--markdown", path, path), ("show", "talk", "--record", path),
            ("show", "talk", "--record", path, "--wire"), ("claims", path), ("claims", "--json", path),
        )  # fmt: skip
        return [(call[:2], told(*call)) for call in calls]

    return run


def test_every_wrong_field_is_named_with_file_and_line_by_every_command(commands, record, tmp_path):
    refused = 0
    for number, path, how, legal, line in mutations(record):
        if legal:
            continue
        refused += 1
        for command, ended in commands([*record[: number - 1], line, *record[number:]]):
            where = f"{tmp_path / 'r.jsonl'}:{number}: "
            assert (ended.status, ended.err.startswith(where)) == (2, True), (command, path, how, ended.err[-500:])
            assert "Traceback" not in ended.err
            assert re.match(r"\w+", path)[0] in ended.err.removeprefix(where), (path, how, ended.err)
    assert refused >= 300


def test_what_may_be_missing_null_or_long_is_read_by_every_command(commands, record):
    legal = [each for each in mutations(record) if each[3]]
    assert len(legal) > 50
    for number, path, how, _, line in legal:
        for command, ended in commands([*record[: number - 1], line, *record[number:]]):
            empty = path == "hosts.local" and command[0] == "claims"
            assert ended.status in ((2,) if empty and how == "missing" else (0, 1)), (command, path, how, ended.err)
            assert "Traceback" not in ended.err, (command, path, how, ended.err)
