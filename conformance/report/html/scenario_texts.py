"""The files of the scenarios in a comparison: the text that the records name by its digest, and what it says."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from conformance.language.corpus import SUFFIX, bundled, load_one
from conformance.model.errors import ScenarioError
from conformance.model.record import CellRecord
from conformance.model.scenario import Scenario

KINDS = ("", "key", "text", "number", "comment", "sign")
"""What a piece of YAML is, for its colour."""

_BY_TOKEN = {"Name": "key", "Literal.Number": "number", "Comment": "comment", "Literal": "text", "Punctuation": "sign"}
"""The kinds of Pygments' tokens, by the beginning of their names."""


def found(cell: CellRecord) -> Scenario | None:
    """The scenario that a cell ran; None where no file here has the content that the record names."""
    for path, root in _places(cell):
        with contextlib.suppress(OSError, ValueError, ScenarioError):  # a record may name what no path can be
            if path.suffix == SUFFIX and path.is_file() and _digest(path) == cell.digest:
                return load_one(path, root)
    return None


def _places(cell: CellRecord) -> Iterator[tuple[Path, Path]]:
    """Where a scenario's file may be: among those of the package, else where the record says."""
    if cell.digest and ".." not in cell.scenario.split("/"):
        yield bundled() / (cell.scenario + SUFFIX), bundled()
    if cell.digest and cell.file:
        yield Path(cell.file), Path(cell.file).parent


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
