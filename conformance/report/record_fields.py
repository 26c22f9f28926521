"""What the fields of a record's lines hold: a record that was damaged or made by hand is refused by name and place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.engine.judge import VERDICTS
from conformance.model import observation as o

Fields = Mapping[str, tuple[type, ...]]

_NUMBER, _OPTIONAL_NUMBER = (int, float), (int, type(None))

_HEADER: Fields = {"implementation": (str,), "hosts": (dict,), "suite": (str,), "started": (str,)}
_CELL: Fields = {
    **dict.fromkeys(("id", "scenario", "case", "transport", "implementation", "level", "verdict"), (str,)),
    "hosts": (dict,),
    "steps": (list,),
    "seconds": _NUMBER,
}
_CELL_OPTIONAL: Fields = {
    **dict.fromkeys(("file", "digest", "reason", "expected", "observed"), (str,)),
    "step": _OPTIONAL_NUMBER,
    "measures": (dict,),
    "units": (dict,),
    "notes": (list,),
    "capture": (dict, type(None)),
}
_STEP: Fields = {
    **dict.fromkeys(("number", "line"), (int,)),
    **dict.fromkeys(("actor", "operation", "says", "did", "expected"), (str,)),
    "observation": (dict,),
}
_STEP_OPTIONAL: Fields = {"group": (int,), "group_kind": (str,), "evidence": (list,)}
_EVIDENCE_OPTIONAL: Fields = {
    **dict.fromkeys(("state", "local", "peer", "timer"), (str,)),
    **dict.fromkeys(("unread", "unacknowledged", "unsent", "retransmits", "queued"), (int,)),
}
_ERROR: Fields = {"name": (str,), "class": (str,)}

_WORDS = {str: "text", int: "a number", float: "a number", dict: "an object", list: "a list", type(None): "null"}


def mistake_in_header(header: Mapping[str, Any]) -> str | None:
    """What is wrong with a header, as what follows its name: ``has no suite``; None where nothing is."""
    return next(_header(header), None)


def mistake_in_cell(cell: Mapping[str, Any]) -> str | None:
    """What is wrong with a cell; None where nothing is."""
    return next(_cell(cell), None)


def _header(header: Mapping[str, Any]) -> Iterator[str]:
    yield from _fields(header, _HEADER)
    for name, facts in header["hosts"].items():
        yield from _types({f"hosts.{name}": facts}, {f"hosts.{name}": (dict,)})


def _cell(cell: Mapping[str, Any]) -> Iterator[str]:
    yield from _fields(cell, _CELL, _CELL_OPTIONAL)
    if cell["verdict"] not in VERDICTS:
        yield f"has the verdict {_brief(cell['verdict'])}, not one of {', '.join(VERDICTS)}"
    for name, value in cell.get("measures", {}).items():
        yield from _types({f"measures.{name}": value}, {f"measures.{name}": _NUMBER})
    for name, value in cell.get("units", {}).items():
        yield from _types({f"units.{name}": value}, {f"units.{name}": (str,)})
    for number, note in enumerate(cell.get("notes", ())):
        yield from _types({f"notes[{number}]": note}, {f"notes[{number}]": (str,)})
    for number, step in enumerate(cell["steps"]):
        yield from _step(step, f"steps[{number}]")


def _step(step: Any, where: str) -> Iterator[str]:
    yield from _types({where: step}, {where: (dict,)})
    yield from _fields(step, _STEP, _STEP_OPTIONAL, where)
    seen, place = step["observation"], f"{where}.observation"
    if seen.get("kind") not in o.KINDS:
        yield f"has the kind {_brief(seen.get('kind'))} at {place}, not one of {', '.join(o.KINDS)}"
    if seen["kind"] == o.RAISED:
        yield from _fields(seen, {"canonical": (dict,)}, where=place)
        yield from _fields(seen["canonical"], _ERROR, where=f"{place}.canonical")
    for number, socket in enumerate(step.get("evidence", ())):
        place = f"{where}.evidence[{number}]"
        yield from _types({place: socket}, {place: (dict,)})
        yield from _fields(socket, {"socket": (str, type(None))}, _EVIDENCE_OPTIONAL, place)


def _fields(
    value: Mapping[str, Any], required: Fields, optional: Fields | None = None, where: str = ""
) -> Iterator[str]:
    at = f" at {where}" if where else ""
    yield from (f"has no {name}{at}" for name in required if name not in value)
    yield from (mistake + at for mistake in _types(value, {**required, **(optional or {})}))


def _types(value: Mapping[str, Any], fields: Fields) -> Iterator[str]:
    for name, types in fields.items():
        found = value.get(name)
        if name in value and (not isinstance(found, types) or isinstance(found, bool)):
            yield f"has {name} {_brief(found)}, not {_WORDS[types[0]]}"


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"
