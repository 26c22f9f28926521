"""The scenario language as a JSON Schema (draft 2020-12), for editors: made from the tables that the loader reads by.

It knows the shape of a file, not its meaning: names, ties and parked calls are the loader's to check.
"""

from __future__ import annotations

from typing import Any

from conformance.language.howto_claims import claims, former_ids
from conformance.language.outcome_syntax import MAX_ALTERNATIVES
from conformance.language.scenario_syntax import REQUIRED_KEYS
from conformance.language.step_syntax import GROUP_KINDS, MAX_LIMIT, MAX_REPEAT, MAX_STEPS
from conformance.language.value_syntax import MAX_SECONDS
from conformance.model.cell import LEVELS
from conformance.model.scenario import BASES
from conformance.tables.capabilities import CAPABILITIES
from conformance.tables.error_names import CLASSES, ERROR_NAMES, GETADDRINFO_NAMES
from conformance.tables.faults import ACTORS, CONDITIONS, FAULTS, Fault
from conformance.tables.operations import OPERATIONS, PARAMETER_TYPES, RESULT_TYPES, Operation, Parameter, Result
from conformance.tables.options import OPTIONS
from conformance.tables.places import HOSTS
from conformance.tables.symbols import SIGNALS
from conformance.tables.topologies import TOPOLOGIES
from conformance.tables.transports import FIXTURES, GROUPS, TRANSPORTS

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_NAME = "[a-z][a-z0-9_-]*"
_WRITTEN_AS_MAPPING = ("data", "parts", "address", "options", "events")
_READY = ("read", "write", "error")


def schema() -> Schema:
    """The schema of one scenario file, as plain JSON values."""
    return {
        "$schema": DRAFT,
        "title": "A socket conformance scenario",
        "description": "A small conversation between sockets, in the order in which it happens.",
        **_closed(_file_keys(), required=REQUIRED_KEYS),
        "$defs": {
            **_words(),
            **_fillable(_followed()),
        },
    }


def _followed() -> Schema:
    """The definitions of all that stands under ``given`` and ``steps``, which are filled in for each case."""
    return {
        "given": _given(),
        **_values(),
        **_expectations(),
        **_outcomes(),
        **{f"operation-{name}": _arguments(row) for name, row in OPERATIONS.items()},
        "action": _action(),
        **{f"fault-{actor}": _fault_action(actor) for actor in ACTORS},
        "step": _step(),
    }


# building blocks


def _ref(name: str, description: str = "") -> Schema:
    found: Schema = {"$ref": f"#/$defs/{name}"}
    return {**found, "description": description} if description else found


def _closed(properties: Schema, required: tuple[str, ...] | list[str] = (), description: str = "") -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    found |= {"required": list(required)} if required else {}
    return {**found, "description": description} if description else found


def _any(*options: Schema, description: str = "") -> Schema:
    found: Schema = {"anyOf": list(options)}
    return {**found, "description": description} if description else found


def _list(item: Schema, description: str = "", **more: Any) -> Schema:
    found: Schema = {"type": "array", "items": item, **more}
    return {**found, "description": description} if description else found


def _text(description: str) -> Schema:
    return {"type": "string", "minLength": 1, "description": description}


def _pattern(pattern: str, description: str) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}$", "description": description}


def _enum(known: dict[str, str]) -> Schema:
    """One of these words; ``enumDescriptions`` is what editors show beside each."""
    return {"type": "string", "enum": list(known), "enumDescriptions": list(known.values())}


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


_PARTS = ("properties", "patternProperties")


def _fillable(schema: Any) -> Any:
    """The same schema with each part open to a ``$variable`` of the cases table, which stands for a whole node.

    The parts stand behind ``else``: unlike anyOf, this lets editors say what is wrong within them.
    """
    if isinstance(schema, list):
        return [_fillable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _fillable(value) for key, value in schema.items() if key not in _PARTS}
    for key in (each for each in _PARTS if each in schema):
        found[key] = {name: _or_variable(_fillable(part)) for name, part in schema[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = _or_variable(found[key])
    if "prefixItems" in found:
        found["prefixItems"] = [_or_variable(each) for each in found["prefixItems"]]
    return found


def _or_variable(schema: Schema) -> Schema:
    description = {"description": schema["description"]} if "description" in schema else {}
    return {**description, "if": _ref("reference"), "else": schema}


# the file


def _file_keys() -> Schema:
    return {
        "summary": _text("The behaviour, in one sentence."),
        "why": _text("Why it is so, or why it matters."),
        "fails_only_if": _text("What it would take to fail this, where no implementation of sockets can."),
        "level": _ref("level", "Who promises it: must (a standard), platform (each its own), measure (a number)."),
        "claims": _list(_ref("claim"), "The sentences of the Socket Programming HOWTO that this is about."),
        "sources": _list(_text("A standard, manual or source file."), "Where the expected outcome is written."),
        "tags": _list(_ref("name"), "Words to select scenarios by."),
        "formerly": _list(_text("An id."), "Ids that this scenario had before."),
        "transports": _list(_ref("transport"), "How the sockets are joined; a cell for each.", minItems=1),
        "given": _or_variable(_ref("given", "What is ready before the first step.")),
        "actors": _mapping(_placement(), "Where actors live that do not live where the transport puts them."),
        "topology": {
            **_enum({row.name: row.summary for row in TOPOLOGIES.values()}),
            "description": "How hosts are joined.",
        },
        "hosts": _mapping(_host(), "Settings of the host on which the actor of that name lives."),
        "needs": _list(_ref("capability"), "What the host must have; without it the cell is unsupported."),
        "only": _ref("guard", "The platforms that this is about; elsewhere the cell is unsupported."),
        "cases": _any(_ref("axis"), _list(_ref("axis")), description="Variations; a list of tables is crossed."),
        "limit": _ref("limit"),
        "steps": _or_variable(
            _list(_or_variable(_ref("step")), "What happens, in this order.", minItems=1, maxItems=MAX_STEPS)
        ),
    }


def _mapping(value: Schema, description: str) -> Schema:
    return {
        "type": "object",
        "patternProperties": {f"^{_NAME}$": value},
        "additionalProperties": False,
        "description": description,
    }


def _placement() -> Schema:
    return _closed(
        {
            "beside": _ref("name", "A thread of the same process as this actor."),
            "process": {"const": "own", "description": "A process of its own."},
            "user": {"const": "unprivileged", "description": "Another user, without privileges."},
            "byteorder": {"enum": ["big", "little"], "description": "The byte order of its host."},
            "host": {"const": "own", "description": "A host of its own, at the link of the client's."},
            "peer": {"const": "raw", "description": "The plain socket module, whatever is under test."},
        },
        description="Where an actor lives.",
    )


def _host() -> Schema:
    setting: Schema = {"type": ["string", "number", "boolean"]}
    faults = {name: _condition(row) for name, row in CONDITIONS.items()}
    settings: Schema = {"type": "object", "additionalProperties": setting, "description": "Kernel settings: net.…"}
    return _closed({"sysctl": settings, **faults}, description="How a host is before the fixture is made.")


def _condition(row: Fault) -> Schema:
    """A fault that a host has from the start: its main parameter alone, or several by name."""
    own = {each.name: _parameter(each) for each in row.parameters if each.name != row.host_parameter}
    return _any(own[str(row.main)], _closed(own), description=row.summary)


def _claims() -> dict[str, str]:
    """Each claim by its id, and by its earlier one."""
    known = {name: claim.says.strip() for name, claim in claims().items()}
    return {**known, **{former: f"Now {name}." for former, name in former_ids().items()}}


def _words() -> Schema:
    """The vocabularies: what is one of a set of words, or has the form of one."""
    transports = {name: row.summary for name, row in TRANSPORTS.items()}
    groups = {name: f"each of {', '.join(members)}" for name, members in GROUPS.items()}
    options = {name: f"{level}, {kind}" for name, (level, kind) in OPTIONS.items()}
    errors = [*sorted(ERROR_NAMES), *sorted(GETADDRINFO_NAMES)]
    return {
        "name": _pattern(_NAME, "A name: a lower-case letter, then letters, digits, - or _."),
        "reference": _pattern(rf"\$({_NAME}|case)(\.[a-z_]+)?", "A saved value, or a variable of the cases table."),
        "symbol": _pattern("([A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z][A-Z0-9]{2,})", "A constant, such as SHUT_WR."),
        "level": {"enum": list(LEVELS), "description": "Who promises it: a standard, each platform, or nobody."},
        "claim": _enum(_claims()),
        "transport": _enum({**transports, **groups}),
        "capability": _enum(CAPABILITIES),
        "fixture": _enum(_fixtures()),
        "option": _enum(options),
        "operation": _enum({name: row.summary for name, row in OPERATIONS.items()}),
        "error-name": {"enum": errors, "description": "A system error by its POSIX name, or a getaddrinfo error."},
        "error-class": {"enum": sorted(CLASSES), "description": "An exception class."},
        "limit": {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_LIMIT, "description": "Seconds."},
        "axis": {"type": "object", "additionalProperties": {"type": "object"}},
        "selector": _text("Terms joined by +, all of which must hold: family, fact, version, transport, group, case."),
        "guard": _any(_ref("selector"), _list(_ref("selector"))),
    }


def _fixtures() -> dict[str, str]:
    return {name: f"on {', '.join(sorted(possible))}" for name, possible in FIXTURES.items()}


def _given() -> Schema:
    fixtures = _fixtures()
    backlog = _described({"type": "integer"}, "The backlog of the listener; 8 unless given.")
    details = _closed({"backlog": backlog, "options": _ref("value-options")})
    detailed = _closed({name: _described(details, text) for name, text in fixtures.items()})
    alone = {**detailed, "minProperties": 1, "maxProperties": 1}
    return _any(_ref("fixture"), alone, description="What is ready before the first step.")


# values


def _values() -> Schema:
    """Every parameter type as ``value-TYPE``."""
    return {
        "size": _any(
            {"type": "integer", "minimum": 0},
            _pattern("[0-9]+ (KiB|MiB)", "Binary units."),
            _ref("reference"),
            description=PARAMETER_TYPES["size"],
        ),
        "data": _data(),
        "host": _any({"enum": list(HOSTS)}, _ref("name"), _ref("reference"), description="A host, or an actor's."),
        "port": _any(
            {"type": "integer", "minimum": 0, "maximum": 65535}, _ref("name"), _ref("reference"),
            description="A port, or the object whose port it is.",
        ),
        "plain": _any(_ref("data"), {"type": ["string", "number", "boolean", "null", "array", "object"]}),
        **{f"value-{kind}": {**found, "description": PARAMETER_TYPES[kind]} for kind, found in _parameters().items()},
    }  # fmt: skip


def _parameters() -> Schema:
    ordinal: Schema = {"type": "integer", "minimum": 1}
    seconds: Schema = {"type": ["number", "null"], "minimum": -1, "maximum": MAX_SECONDS}
    objects = _list(_any(_ref("name"), _ref("reference")))
    flags = _list(_any(_ref("symbol"), _ref("reference")))
    events = {"type": "object", "additionalProperties": flags}
    return {
        "data": _ref("data"),
        "parts": _any(_ref("data"), _list(_ref("data"))),
        "size": _ref("size"),
        "int": {"type": "integer"},
        "ordinal": ordinal,
        "times": _any(ordinal, {"const": "all"}),
        "seconds": seconds,
        "bool": {"type": "boolean"},
        "symbol": _any(_ref("symbol"), _ref("reference")),
        "flags": flags,
        "events": events,
        "address": _address(),
        "object": _any(_ref("name"), _ref("reference")),
        "objects": objects,
        "actor": _ref("name"),
        "option": _ref("option"),
        "options": _closed({name: _option(name) for name in OPTIONS}),
        "option-value": _ref("plain"),
        "values": {"type": "array"},
        "text": {"type": "string"},
        "signal-name": {"enum": list(SIGNALS)},
        "format": {"type": "string"},
        "fields": _list({"type": "string"}),
    }


def _option(name: str) -> Schema:
    level, kind = OPTIONS[name]
    return _ref("plain", f"{level}; {kind}")


def _data() -> Schema:
    inner = _ref("data")
    bounds = {"prefixItems": [inner, {"type": "integer"}, {"type": "integer"}], "minItems": 3, "maxItems": 3}
    kinds = {
        "text": {"type": "string", "description": "UTF-8 text; quote what YAML takes for a number or boolean."},
        "hex": _pattern(" *(([0-9a-fA-F]{2})+ *)*", "Pairs of hexadecimal digits."),
        "pattern": _ref("size", "So many bytes of the reproducible pattern."),
        "seed": {"type": "integer", "description": "Which pattern; 0 unless given."},
        "join": _list(inner, "Data, one after the other."),
        "slice": {"type": "array", **bounds, "description": "[data, from, to]"},
    }
    texts = {
        name: _described(kind, kind["description"]) if name in ("text", "hex") else kind for name, kind in kinds.items()
    }
    written = {**_closed(texts), "minProperties": 1, "maxProperties": 2, "dependentRequired": {"seed": ["pattern"]}}
    return _any(written, {"const": "empty"}, _ref("reference"), description=PARAMETER_TYPES["data"])


def _address() -> Schema:
    return _any(
        _ref("name", "An object (its address), or free, nobody, unnamed."),
        _ref("reference"),
        _closed({"host": _written_host(), "port": _ref("port")}, ["host", "port"]),
        _closed({"path": {"type": "string", "description": "A name in the cell's own folder."}}, ["path"]),
        _closed({"abstract": {"type": "string", "description": "A name in Linux's abstract space."}}, ["abstract"]),
    )


def _written_host() -> Schema:
    name: Schema = {"type": "string", "minLength": 1, "description": "A name that the implementation looks up."}
    text = "A host, an actor's, any address (the empty string), or a name to look up."
    return _any(_ref("host"), {"const": ""}, _closed({"name": name}, ["name"]), description=text)


# what a step does


def _parameter(parameter: Parameter) -> Schema:
    if parameter.choices:
        return _described({"enum": list(parameter.choices)}, PARAMETER_TYPES["word"])
    return _ref(f"value-{parameter.type}")


def _arguments(row: Operation) -> Schema:
    """The arguments of an operation: by name, or the main one alone."""
    required = [each.name for each in row.parameters if each.required]
    named = _closed({each.name: _parameter(each) for each in row.parameters}, required)
    if row.main is None:
        return {**named, "description": row.summary}
    main = row.parameter(row.main)
    assert main is not None, f"{row.name} has no parameter {row.main}"
    if main.type in _WRITTEN_AS_MAPPING:
        return _any(_parameter(main), named, description=row.summary)
    return {**_by_shape(named, _parameter(main)), "description": row.summary}


def _by_shape(mapping: Schema, other: Schema) -> Schema:
    """A mapping of one kind, or something else: unlike anyOf, this lets editors say what is wrong within it."""
    return {"if": {"type": "object"}, "then": mapping, "else": other}


def _common() -> Schema:
    """The keys that every action may have beside what it does."""
    return {
        "using": _described(_ref("name"), "The object it is done to; the actor's own socket otherwise."),
        "as": _ref("names", "Names for what it makes or returns."),
        **_outcome_keys(),
        "where": _where(_ref("outcome")),
        "only": _ref("guard", "Where this step is done at all."),
        "level": _described(_ref("level"), "The level of this step alone."),
        "measures": _text("The name of what is measured: the result if it is a number, else how long it took."),
        "limit": _described(_ref("limit"), "Seconds after which the step counts as hung."),
    }


def _action() -> Schema:
    operations = {name: _ref(f"operation-{name}", row.summary) for name, row in OPERATIONS.items()}
    pending = _described(_ref("operation"), "What became of the call that was left waiting.")
    return {
        **_closed({**operations, "pending": pending, "repeat": _repeat(), **_common()}),
        "minProperties": 1,
        "description": "One operation, or pending: OPERATION, and what it may do.",
        "if": {"required": ["repeat"]},
        "then": _ref(_outcome_of("count", "")),
        "else": {"dependentSchemas": {name: _ref(_outcome_of(row.result, name)) for name, row in OPERATIONS.items()}},
    }


def _repeat() -> Schema:
    text = "The call is made up to so many times, until an error; the result is how many succeeded."
    return _described({"type": "integer", "minimum": 1, "maximum": MAX_REPEAT}, text)


def _fault_action(actor: str) -> Schema:
    """A fault: its main parameter is written behind its name, the others beside it."""
    properties: Schema = {}
    for name, row in FAULTS.items():
        if row.by != actor:
            continue
        for each in row.parameters if row.main else ():
            if each.name != row.main:
                properties.setdefault(each.name, _parameter(each))
        properties[name] = _arguments(row)
    return {**_closed({**properties, **_common()}), "minProperties": 1}


def _step() -> Schema:
    single = f"^(?!({'|'.join((*GROUP_KINDS, *ACTORS))})$){_NAME}$"
    overlapping = _list(_ref("step"), minItems=1)
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "together": {**overlapping, "description": "All begin at once, one per actor; over when all are."},
            "exactly_one": {**overlapping, "description": "One comes to its outcome while each of the others waits."},
            **{actor: _by_shape(_ref(f"fault-{actor}", "A disturbance."), _ref("reference")) for actor in ACTORS},
        },
        "patternProperties": {single: _ref("action")},
        "additionalProperties": False,
        "description": "One actor and what it does, or a group of steps that overlap.",
    }


# what may come of it


def _outcome_keys() -> Schema:
    blocks = _closed(
        {
            "for_at_least": {"type": "number", "description": "Seconds for which the call waits at least."},
            "cpu_at_most": {"type": "number", "description": "Seconds of processor time that it uses at most."},
        }
    )
    return {
        "returns": {"description": "It returns, with this result."},
        "raises": _any(_ref("error"), _list(_ref("error"), minItems=1), description="It raises one of these."),
        "blocks": _any({"const": True}, blocks, description="It is seen waiting, and left there."),
        "dies": _described({"enum": list(SIGNALS)}, "The process is ended by this signal."),
        "any_of": _described(_list(_ref("outcome"), minItems=1), "Any of these outcomes."),
        "expect": _any(_ref("reference"), _ref("outcome"), description="An outcome kept in the cases table."),
        "lasts": _described(_ref("range"), "Seconds that the call takes."),
        "source": _described(_text("Who says so."), "Who says so."),
        "basis": {**_enum(BASES), "description": "How it is known: the surest of these that applies."},
    }


def _where(outcome: Schema) -> Schema:
    text = "Outcomes by selector; the most special one replaces the whole outcome."
    limits: Schema = {"maxProperties": MAX_ALTERNATIVES, "description": text}
    return {"type": ["object", "string"], "additionalProperties": outcome, **limits}


def _outcome_of(result: Result, operation: str) -> str:
    return f"outcome-{result if isinstance(result, str) else operation}"


def _outcomes() -> Schema:
    """The outcomes, once in general and once for each result type (which only says what ``returns`` may be)."""
    kinds = {_outcome_of(row.result, row.name): _expected_name(row.result, row.name) for row in OPERATIONS.values()}
    names = _any(
        _ref("name"),
        _list(_ref("names")),
        {"type": "object", "additionalProperties": _ref("names")},
        _ref("reference"),
    )
    name, cls = {"anyOf": [_ref("error-name"), _ref("error-class")]}, _ref("error-class")
    both = _closed({"name": _ref("error-name"), "class": cls}, ["name", "class"])
    return {
        "names": names,
        "error": _any(*name["anyOf"], both, _ref("reference"), description="An error name, a class, or both."),
        "outcome": _any(_closed(_outcome_keys()), _ref("reference")),
        **{kind: _typed_outcome(kind, expected) for kind, expected in kinds.items()},
    }


def _typed_outcome(name: str, expected: str) -> Schema:
    again = _ref(name)
    return {
        "properties": {
            "returns": _ref(expected),
            "any_of": {"items": again, "description": "Any of these outcomes."},
            "where": {"additionalProperties": again, "description": "Outcomes by selector."},
        }
    }


def _expected_name(result: Result, operation: str) -> str:
    return f"expected-{result if isinstance(result, str) else operation}"


def _expectations() -> Schema:
    """What ``returns`` may be, by result type; and for results that have fields, by operation."""
    records = {row.name: dict(row.result) for row in OPERATIONS.values() if not isinstance(row.result, str)}
    bound = _any({"type": "number"}, _ref("size"))
    two = _list(bound, minItems=2, maxItems=2)
    return {
        "range": {
            **_closed(
                {
                    "between": {**two, "description": "The lowest and the highest number."},
                    "at_least": {**bound, "description": "The lowest number."},
                    "at_most": {**bound, "description": "The highest number."},
                }
            ),
            "minProperties": 1,
            "description": "A number within bounds, both included.",
        },
        **{f"expected-{kind}": _expected(kind, found) for kind, found in _results().items()},
        **{f"expected-{name}": _record(name, fields) for name, fields in records.items()},
    }


def _expected(kind: str, value: Schema) -> Schema:
    again = _ref(f"expected-{kind}")
    combined: Schema = {"any_of": _list(again, "Any of these.", minItems=1), "not": again}
    if kind in ("data", "option", "value"):
        combined |= {"prefix_of": _ref("data"), "size": _ref("expected-count")}
    alone = {**_closed(combined), "minProperties": 1, "maxProperties": 1}
    words = {"enum": ["anything", "nothing"]}
    ranges = [_ref("range")] if kind in ("count", "seconds", "option", "value") else []
    return _any(words, value, *ranges, alone, _ref("reference"), description=RESULT_TYPES[kind])


def _record(name: str, fields: dict[str, str]) -> Schema:
    again = _ref(f"expected-{name}")
    combined = {"any_of": _list(again, "Any of these.", minItems=1), "not": again}
    record = _closed({**{field: _ref(f"expected-{kind}") for field, kind in fields.items()}, **combined})
    words = _any({"enum": ["anything", "nothing"]}, _ref("reference"))
    text = f"A result with the fields {', '.join(fields)}; those not listed are free."
    return {**_by_shape(record, words), "description": text}


def _results() -> Schema:
    symbols = _list(_any(_ref("symbol"), _ref("reference")))
    host = _any(_ref("host"), _ref("expected-value"), description="The host, by a word or an actor.")
    port = _any(_ref("port"), _ref("expected-count"), description="The port, by number, object or range.")
    return {
        "nothing": {"const": "nothing"},
        "count": _ref("size"),
        "data": _ref("data"),
        "address": _any(_address(), _closed({"host": host, "port": port})),
        "ready": _list({"enum": list(_READY)}),
        "objects": _list(_any(_ref("name"), _ref("reference"))),
        "set": _list(_any(_ref("name"), _ref("reference"))),
        "events": {"type": "object", "additionalProperties": symbols},
        "option": _ref("plain"),
        "symbols": symbols,
        "symbol": _any(_ref("symbol"), {"type": "integer"}),
        "value": _ref("plain"),
        "bool": {"type": "boolean"},
        "seconds": {"type": "number"},
        "text": {"type": "string"},
        "list": {"type": "array"},
    }
