"""The page: one file with its style, script and data, which asks nothing of the network and lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.report.compared import Comparison
from conformance.report.html.numbering import shown
from conformance.report.html.packing import packed
from conformance.report.html.page_data import page_data
from conformance.report.html.rows import CODES
from conformance.report.html.terms import SIGNS, TERMS

_HERE = Path(__file__).parent
_SCRIPTS = ("dom.js", "model.js", "query.js", "matrix.js", "trace.js", "cell.js", "lists.js", "main.js")
"""The parts of the script in the order in which the browser reads them."""

_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src data:; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing but this very style and script; no connections, frames, forms or markup made of text."""

TITLE = "Socket conformance: {}"


def page(compared: Comparison) -> str:
    """A comparison as an HTML page; the same records make the same bytes."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    style = _static("report.css")
    script = f'"use strict";\n{{\n{"".join(map(_static, _SCRIPTS))}}}\n'
    return environment.get_template("report.html.j2").render(
        title=TITLE.format(_compared(compared.labels)),
        policy=_POLICY.format(script=_digest(script), style=_digest(style)),
        style=Markup(style),
        script=Markup(script),
        data=packed(page_data(compared)),
        summary=[shown(sentence) for sentence in compared.summary],
        lost=[shown(words) for words in compared.lost],
        records=[{name: _shown(value) for name, value in vars(record).items()} for record in compared.records],
        shared=[(name, shown(words)) for name, words in compared.shared],
        signs=[(sign, CODES[name], words) for name, sign, words in SIGNS],
        terms=TERMS,
    )


def _compared(labels: Sequence[str]) -> str:
    """Two or three records by name, more by their number."""
    return " and ".join(map(shown, labels)) if len(labels) < 4 else f"{len(labels)} records compared"


def _shown(value: object) -> object:
    return shown(value) if isinstance(value, str) else value


def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text("utf-8")


def _digest(content: str) -> str:
    """The content as a source of a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode('ascii')}'"
