"""The JSON Schema of the language: it takes what the loader takes, and refuses what editors should underline."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from conformance.language import yaml_tree as tree
from conformance.language.corpus import bundled, files, load_one
from conformance.language.howto_claims import claim_ids, former_ids
from conformance.language.json_schema import DRAFT, schema
from conformance.model.errors import ScenarioError
from conformance.tables.faults import FAULTS
from conformance.tables.operations import OPERATIONS
from conformance.tables.transports import GROUPS, TRANSPORTS

SCHEMA = schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

HEADER = "summary: A scenario.\nsources: [POSIX]\ntransports: [unix]\ngiven: connected\n"


def plain(node: tree.Node) -> object:
    """A tree as the JSON value that an editor sees."""
    if isinstance(node, tree.Scalar):
        return node.value
    if isinstance(node, tree.Items):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.pairs}


def problems(text: str) -> list[str]:
    """What the schema has against a scenario; the deepest cause of each problem."""
    found = VALIDATOR.iter_errors(plain(tree.compose(text.encode(), "x.yaml")))
    return [jsonschema.exceptions.best_match([error]).message for error in found]


def with_step(step: str) -> str:
    """A scenario of one step, given without its dash."""
    return f"{HEADER}steps:\n  - {step}\n"


def test_the_schema_is_one_by_its_own_meta_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DRAFT == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_the_schema_is_plain_json():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_every_reference_of_the_schema_leads_somewhere_and_every_definition_is_used():
    text = json.dumps(SCHEMA)
    used = {part.partition('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert used == set(SCHEMA["$defs"])


@pytest.mark.parametrize("path", sorted(files(bundled())), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_scenario_that_loads_is_valid(path):
    try:
        load_one(path, bundled())
    except ScenarioError as error:
        pytest.skip(f"does not load: {error.mistakes[0].message}")
    assert problems(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[1].glob("must_fail/*.yaml")), ids=lambda path: path.stem)
def test_every_scenario_that_must_fail_is_valid(path):
    assert problems(path.read_text("utf-8")) == []


def test_the_schema_knows_every_word_of_the_tables():
    definitions = SCHEMA["$defs"]
    assert definitions["claim"]["enum"] == [*claim_ids(), *former_ids()]
    assert definitions["transport"]["enum"] == [*TRANSPORTS, *GROUPS]
    assert set(OPERATIONS) <= set(definitions["action"]["properties"])
    faults = {**definitions["fault-network"]["properties"], **definitions["fault-system"]["properties"]}
    assert set(FAULTS) <= set(faults)


def test_hovering_over_an_operation_tells_what_it_does():
    action = SCHEMA["$defs"]["action"]["properties"]
    assert action["recv"]["description"] == OPERATIONS["recv"].summary


@pytest.mark.parametrize(
    "text",
    [
        with_step("client: {send: {text: x}, returns: 1}"),
        with_step("client: {send: {data: {text: x}, flags: [MSG_OOB]}, returns: {at_least: 1}}"),
        with_step("client: {recv: 64 KiB, returns: {prefix_of: {pattern: 64 KiB, seed: 3}}}"),
        with_step("client: {recv: $size, expect: $outcome}"),
        with_step("client: {setsockopt: {SO_LINGER: {onoff: 1, linger: 0}}}"),
        with_step("client: {getpeername: {}, returns: {host: loopback, port: {at_least: 1024}}}"),
        with_step("together: [{client: {close: {}}}, {server: {close: {}}}]"),
        with_step("network: {cut: server}"),
        with_step("network: {link: down, of: server}"),
    ],
)
def test_what_the_language_allows_is_valid(text):
    assert problems(text) == []


@pytest.mark.parametrize(
    "text, told",
    [
        (HEADER + "stepps: []\nsteps: [{client: {close: {}}}]\n", "'stepps' was unexpected"),
        (with_step("client: {revc: 1}"), "'revc' was unexpected"),
        (with_step("client: {recv: 1, retruns: empty}"), "'retruns' was unexpected"),
        (with_step("client: {recvmsg: {size: 1, rihgts: 1}}"), "'rihgts' was unexpected"),
        (with_step("client: {recv: 1}").replace("[unix]", "[unixx]"), "'unixx' is not one of"),
        (with_step("client: {recv: 1}").replace("[unix]", "[]"), "[] "),
        (with_step("client: {recv: 1}").replace("connected", "conected"), "'conected'"),
        ("level: shuold\n" + with_step("client: {recv: 1}"), "'shuold' is not one of"),
        ("claims: [no/such]\n" + with_step("client: {recv: 1}"), "'no/such' is not one of"),
        ("needs: [epol]\n" + with_step("client: {recv: 1}"), "'epol' is not one of"),
        ("summary2: x\n" + with_step("client: {recv: 1}"), "'summary2' was unexpected"),
        (with_step("client: {recv: true}"), "True is not"),
        (with_step("client: {recv: -1}"), "-1"),
        (with_step("client: {recv: 9 kB}"), "'9 kB'"),
        (with_step("client: {recv: 1, blocks: yes}"), "'yes'"),
        (with_step("client: {recv: 1, raises: ECONRESET}"), "'ECONRESET'"),
        (with_step("client: {recv: 1, limit: 3600}"), "3600"),
        (with_step("client: {recv: 1, returns: 5}"), "5 is not valid"),
        (with_step("client: {send: empty, returns: {text: a}}"), "{'text': 'a'} is not valid"),
        (with_step("client: {recv: 1, where: {linux: {returns: 5}}}"), "5 is not valid"),
        (with_step("client: {send: {text: 200}}"), "200"),
        (with_step("client: {send: {hex: '0'}}"), "'0'"),
        (with_step("client: {getsockopt: SO_SNDBUFF}"), "'SO_SNDBUFF'"),
        (with_step("client: {await: readible}"), "'readible'"),
        (with_step("client: {recvfrom: 1, returns: {date: empty}}"), "'date' was unexpected"),
        (with_step("client: {close: {}}\n    server: {close: {}}"), "has too many properties"),
        (with_step("Client: {close: {}}"), "'Client' does not match any of the regexes"),
        (with_step("client: {}"), "{} "),
        (with_step("network: {cutt: server}"), "'cutt' was unexpected"),
        ("summary: x\ntransports: [unix]\n", "'steps' is a required property"),
        (HEADER + "steps: {client: {close: {}}}\n", "is not of type 'array'"),
    ],
)
def test_what_editors_should_underline_is_not_valid(text, told):
    found = problems(text)
    assert any(told in each for each in found), found


def test_an_unknown_operation_is_one_problem_and_not_seventy():
    assert len(problems(with_step("client: {revc: 1}"))) == 1


def test_yaml_that_an_editor_reads_by_its_own_loader_is_valid_too():
    text = with_step("client: {send: {text: x}, returns: 1}")
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []


def undescribed(node: object, path: str = "") -> list[str]:
    """The keys of the schema that have no description, neither their own nor that of what they refer to."""
    if isinstance(node, list):
        return [each for index, item in enumerate(node) for each in undescribed(item, f"{path}/{index}")]
    if not isinstance(node, dict):
        return []
    own = {**node.get("properties", {}), **node.get("patternProperties", {})}
    found = [f"{path}/{key}" for key, value in own.items() if isinstance(value, dict) and not described(value)]
    return found + [each for key, value in node.items() for each in undescribed(value, f"{path}/{key}")]


def described(node: dict) -> bool:
    """Whether a part of the schema has a description for editors."""
    if "description" in node:
        return True
    if "else" in node:
        return described(node["else"])
    return "$ref" in node and described(SCHEMA["$defs"][node["$ref"].rpartition("/")[2]])


def test_every_key_of_the_schema_has_a_description():
    assert undescribed(SCHEMA) == []
