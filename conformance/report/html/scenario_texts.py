"""The files of the scenarios in a comparison: the text that the records name by its digest, and what it says."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.language.corpus import SUFFIX, bundled
from conformance.model.record import CellRecord

KINDS = ("", "key", "text", "number", "comment", "sign")
"""What a piece of YAML is, for its colour."""

_BY_TOKEN = {"Name": "key", "Literal.Number": "number", "Comment": "comment", "Literal": "text", "Punctuation": "sign"}
"""The kinds of Pygments' tokens, by the beginning of their names."""


@dataclass(frozen=True)
class ScenarioText:
    """The file of a scenario, and what it says at its top."""

    id: str
    digest: str
    content: str
    summary: str
    why: str
    claims: tuple[str, ...]
    sources: tuple[str, ...]


def found(cell: CellRecord) -> ScenarioText | None:
    """The scenario that a cell ran; None where no file here has the content that the record names."""
    for path in _places(cell):
        with contextlib.suppress(OSError, ValueError):  # a record may name what no path can be
            if path.suffix == SUFFIX and path.is_file():
                content = path.read_bytes()
                if hashlib.sha256(content).hexdigest() == cell.digest:
                    return _text(cell.scenario, cell.digest, content.decode("utf-8"))
    return None


def _text(scenario: str, digest: str, content: str) -> ScenarioText | None:
    """None where the content is no mapping: then it is no scenario."""
    import yaml  # only here: most commands read no scenarios

    try:
        top = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return None
    if not isinstance(top, dict):
        return None
    lists = {name: tuple(map(str, top.get(name) or ())) for name in ("claims", "sources")}
    return ScenarioText(scenario, digest, content, str(top.get("summary", "")), str(top.get("why", "")), **lists)


def _places(cell: CellRecord) -> Iterator[Path]:
    """Where a scenario's file may be: among those of the package, else where the record says."""
    if cell.digest and ".." not in cell.scenario.split("/"):
        yield bundled() / (cell.scenario + SUFFIX)
    if cell.digest and cell.file:
        yield Path(cell.file)


def coloured(text: str) -> list[tuple[int, int]]:
    """YAML in pieces: the number of characters of each, and its kind."""
    from pygments.lexers.data import YamlLexer  # only here: most commands draw no YAML

    pieces: list[tuple[int, int]] = []
    for token, piece in YamlLexer(stripnl=False, ensurenl=False).get_tokens(text):
        kind = _kind(str(token).removeprefix("Token."))
        if pieces and (piece.isspace() or pieces[-1][1] == kind):
            pieces[-1] = (pieces[-1][0] + len(piece), pieces[-1][1])
        else:
            pieces.append((len(piece), kind))
    return pieces


def _kind(token: str) -> int:
    return KINDS.index(next((kind for name, kind in _BY_TOKEN.items() if token.startswith(name)), ""))
