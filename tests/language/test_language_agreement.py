"""Loader and JSON Schema agree: the loader may know more, but the schema refuses nothing that the loader takes.

Both get the corpus, the files that must fail, the broken files, and some hundred variants of scenarios of the corpus in
which one node was changed. What the loader takes must be valid.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conformance.language import yaml_tree
from conformance.language.checks import check
from conformance.language.corpus import bundled, files
from conformance.language.json_schema import schema
from conformance.language.scenario_syntax import parse
from conformance.model.errors import ScenarioError

VALIDATOR = jsonschema.Draft202012Validator(schema())
TESTS = Path(__file__).parents[1]
VARIANTS = 1_200
STRANGE: tuple[Any, ...] = (
    0, -1, 7, 1.5, True, None, "", "x", "client", "EAGAIN", "MSG_PEEK", "$missing", "64 KiB", "empty", "anything", [],
    ["client"], {}, {"text": "x"}, {"hex": "0"}, {"at_least": 1}, {"any_of": []}, {"host": "any", "port": 1},
    {"not": {"text": "x"}}, {"returns": 1},
)  # fmt: skip


def plain(node: yaml_tree.Node) -> Any:
    """A tree as the JSON value that an editor sees."""
    if isinstance(node, yaml_tree.Scalar):
        return node.value
    if isinstance(node, yaml_tree.Items):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.pairs}


def loads(content: bytes) -> bool:
    """Whether the loader takes a file."""
    try:
        scenario, mistakes = parse(content, Path("x.yaml"), "x")
        return not mistakes and not check(scenario)
    except ScenarioError:
        return False


def problems(content: bytes) -> list[str]:
    """What the schema has against a file."""
    found = VALIDATOR.iter_errors(plain(yaml_tree.compose(content, "x.yaml")))
    return [jsonschema.exceptions.best_match([error]).message for error in found]


def containers(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a tree that can be changed: its container and its key or index."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield node, key
        yield from containers(value)


def changed(tree: Any, chance: random.Random) -> Any:
    """A copy of a tree with one node removed, renamed, repeated, moved elsewhere, or replaced."""
    tree = copy.deepcopy(tree)
    places = list(containers(tree))
    container, key = chance.choice(places)
    kind = chance.choice(["remove", "rename", "repeat", "borrow", "variable", "replace", "replace"])
    if kind == "variable":
        return with_variable(tree, chance)
    if kind == "remove":
        del container[key]
    elif kind == "rename" and isinstance(container, dict):
        container[f"{key}s"] = container.pop(key)
    elif kind == "repeat" and isinstance(container, list):
        container.append(copy.deepcopy(container[key]))
    elif kind == "borrow":
        other, index = chance.choice(places)
        container[key] = copy.deepcopy(other[index])
    else:
        container[key] = copy.deepcopy(chance.choice(STRANGE))
    return tree


def with_variable(tree: Any, chance: random.Random) -> Any:
    """A tree in which a variable of a table of cases stands for one node of the steps, or for their fixture."""
    container, key = chance.choice([place for place in containers(tree) if place[0] is not tree or place[1] == "given"])
    value, container[key] = container[key], "$moved"
    return {**tree, "cases": {"one": {"moved": value}}} if "cases" not in tree else tree


def variants() -> Iterator[bytes]:
    """Changed scenarios, the same in each run."""
    chance = random.Random(1)
    paths = sorted(files(bundled()))
    for _ in range(VARIANTS):
        tree = yaml.load(chance.choice(paths).read_text("utf-8"), Loader=yaml.BaseLoader)
        text = yaml.dump(_typed(changed(tree, chance)), Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=True)
        yield text.encode()


def _typed(node: Any) -> Any:
    """Scalars as the language reads them: BaseLoader gave text."""
    if isinstance(node, dict):
        return {key: _typed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_typed(value) for value in node]
    return yaml_tree.Scalar(node, True, None).value if isinstance(node, str) else node  # type: ignore[arg-type]


@pytest.mark.parametrize("folder", ["must_fail", "broken"])
def test_the_schema_takes_what_the_loader_takes_of_the_test_files(folder):
    contents = [path.read_bytes() for path in sorted((TESTS / folder).glob("*.yaml"))]
    taken = [content for content in contents if loads(content)]
    assert [problems(content) for content in taken if problems(content)] == []
    assert (folder == "must_fail") == bool(taken)


def test_the_schema_takes_what_the_loader_takes_of_changed_scenarios():
    refused_by_schema_only, taken, refused = [], 0, 0
    for content in variants():
        if loads(content):
            taken += 1
            if problems(content):
                refused_by_schema_only.append((problems(content)[0], content.decode()))
        else:
            refused += 1
    assert [message for message, _ in refused_by_schema_only] == []
    assert taken > 30
    assert refused > 300
