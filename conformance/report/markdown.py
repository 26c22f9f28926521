"""Reports as Markdown: of a run, and of a comparison."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.engine.judge import UNEXPECTED
from conformance.engine.wording import basis_words
from conformance.model.captures import CaptureRecord, NoCapture
from conformance.model.record import CellRecord, StepRecord
from conformance.model.scenario import OBSERVED
from conformance.report.compared import ANOTHER_VERSION, Comparison, Entry
from conformance.report.comparison import by_version
from conformance.report.divergences import divergent
from conformance.report.explained import by_reason
from conformance.report.measures import Measured, measured
from conformance.report.records import Record
from conformance.report.tables import VERDICT_MARKS, by_transport, verdict_counts
from conformance.report.timeline import timeline


def report(records: Sequence[Record]) -> str:
    """The report of a run: verdicts by section and transport, everything unexpected, and what was not run."""
    lines: list[str] = []
    for record in records:
        lines += _record(record)
    return "\n".join(lines) + "\n"


def _record(record: Record) -> list[str]:
    version = f" {record.header.implementation_version}" if record.header.implementation_version else ""
    lines = [f"# {record.platform}, {record.header.implementation}{version}", ""]
    for name, facts in record.header.hosts.items():
        shown = ", ".join(f"{key} {value}" for key, value in vars(facts).items() if value and key != "kernel_version")
        lines += [f"Host {name}: {shown}", ""]
    if not record.complete:
        lines += ["**This record is incomplete: the run was ended before its last cell.**", ""]
    counts = verdict_counts(record.cells)
    lines += [", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "no cells", ""]
    lines += _matrix(record.cells)
    lines += _captures(record.cells)
    lines += _unexpected(record.cells)
    lines += _divergences([cell for cell in record.cells if cell.verdict != "known-deviation"])
    lines += _known_deviations(record.cells)
    lines += _never_observed(record.cells)
    lines += _measures(measured({"": record.cells}))
    lines += _reasons("Unsupported here", [cell for cell in record.cells if cell.verdict == "unsupported"])
    return lines


def _matrix(cells: Sequence[CellRecord]) -> list[str]:
    sections, rows = by_transport(cells)
    lines = ["| transport | " + " | ".join(sections) + " |", "|---|" + "---:|" * len(sections)]
    lines += [f"| {name} | " + " | ".join(_escape(cell) for cell in row) + " |" for name, row in rows]
    return [*lines, "", "Per field: cells by verdict, " + ", ".join(f"{m} {v}" for v, m in VERDICT_MARKS.items()), ""]


def _unexpected(cells: Sequence[CellRecord]) -> list[str]:
    found = [cell for cell in cells if cell.verdict in UNEXPECTED]
    if not found:
        return []
    lines = ["## Unexpected", ""]
    for cell in found:
        lines += [f"### {cell.verdict}: {_escape(cell.id)}", "", "```", *timeline(cell), "```", "", *_capture(cell)]
    return lines


def _captures(cells: Sequence[CellRecord]) -> list[str]:
    """The folder of the captures, where there are any."""
    files = [cell.capture.file for cell in cells if isinstance(cell.capture, CaptureRecord) and cell.capture.file]
    if not files:
        return []
    folder = files[0].rpartition("/")[0]
    return [f"Captures of {len(files)} of {len(cells)} cells: [{folder}]({folder}/).", ""]


def _capture(cell: CellRecord) -> list[str]:
    """The file of a cell's packets, or why there is none."""
    capture = cell.capture
    if isinstance(capture, NoCapture):
        return [f"No capture: {_escape(capture.lacking)}", ""]
    if capture is None or not capture.file:
        return []
    missing = "" if capture.complete else "; it is not complete"
    return [f"Capture: [{capture.packets} packets]({capture.file}){missing}", ""]


def _divergences(cells: Sequence[CellRecord]) -> list[str]:
    """The steps at which an implementation parts from the raw socket of the same run, whatever the verdict."""
    found = divergent(cells)
    if not found:
        return []
    lines = ["## Against the raw socket", "", "| behaviour | transports | step | difference | raw | here |"]
    lines.append("|---|---|---|---|---|---|")
    for each in found:
        fields = (each.name, ", ".join(each.transports), each.step, each.depth, each.raw, each.here)
        lines.append("| " + " | ".join(_escape(field) for field in fields) + " |")
    return [*lines, ""]


def _never_observed(cells: Sequence[CellRecord]) -> list[str]:
    """The expectations of this run that nobody had observed on such a platform, by basis and source."""
    found: dict[tuple[str, str], list[StepRecord]] = {}
    for cell in cells:
        for step in cell.steps:
            if step.basis not in (None, OBSERVED):
                found.setdefault((basis_words(step.basis), step.source or ""), []).append(step)
    if not found:
        return []
    lines = ["## Expectations that were never observed here", "", "| basis | source | steps | met | not met |"]
    lines.append("|---|---|---:|---:|---:|")
    for (basis, source), steps in found.items():
        counts = (len(steps), sum(each.met is True for each in steps), sum(each.met is False for each in steps))
        lines.append(f"| {_escape(basis)} | {_escape(source)} | {' | '.join(map(str, counts))} |")
    return [*lines, ""]


def _known_deviations(cells: Sequence[CellRecord]) -> list[str]:
    """Each reason, and below it the deviations: from the raw socket of the same run, else from the scenario."""
    found = by_reason(cells)
    lines = ["## Known deviations", ""] if found else []
    for reason, deviations in found.items():
        wanted = "raw" if any(each.by_raw for each in deviations) else "expected"
        lines += [_escape(reason), "", f"| behaviour | transports | step | {wanted} | here |", "|---|---|---|---|---|"]
        for each in deviations:
            words = each.wanted if each.by_raw or wanted == "expected" else f"expected: {each.wanted}"
            fields = (each.name, ", ".join(each.transports), each.step.removeprefix("step "), words, each.observed)
            lines.append("| " + " | ".join(_escape(field) for field in fields) + " |")
        lines.append("")
    return lines


def _reasons(title: str, cells: Sequence[CellRecord]) -> list[str]:
    if not cells:
        return []
    reasons: dict[str, list[str]] = {}
    for cell in cells:
        reasons.setdefault(cell.reason, []).append(cell.id)
    lines = [f"## {title}", ""]
    for reason, ids in reasons.items():
        shown = ", ".join(f"`{name}`" for name in ids[:6]) + (f" and {len(ids) - 6} more" if len(ids) > 6 else "")
        lines.append(f"- {_escape(reason)}: {shown}")
    return [*lines, ""]


def comparison(compared: Comparison) -> str:
    """Records side by side: the summary, and every difference with what each record did."""
    lines = ["# " + " vs ".join(map(_escape, compared.labels)), ""]
    for sentence in compared.summary:
        lines += [_escape(sentence), ""]
    if compared.entries:
        lines += ["| kind | behaviour | cells | parts at | " + " | ".join(map(_escape, compared.labels)) + " |"]
        lines += ["|---|---|---:|---|" + "---|" * len(compared.labels)]
    lines += ["| " + " | ".join(map(_escape, _row(entry, compared.labels))) + " |" for entry in compared.entries]
    if compared.coverage:
        lines += ["", "| record | cells | verdict | why |", "|---|---:|---|---|"]
    for gap in compared.coverage:
        lines += [f"| {_escape(gap.label)} | {len(gap.cells)} | {gap.verdict} | {_escape(gap.reason)} |"]
    for versions, names in by_version(compared.of_another_version).items():
        lines += ["", f"Not compared, {ANOTHER_VERSION}: {versions}", "", *(f"- {name}" for name in names)]
    lines += _measures(compared.measures)
    return "\n".join(lines) + "\n"


def _row(entry: Entry, labels: Sequence[str]) -> list[str]:
    """The fields of an entry: its kind, example, number of cells, step, and what each record did there."""
    first = entry.example.partings[0]
    did = {label: side.did for side in entry.sides for label in side.labels}
    where = f"step {first.step}: {first.says}" if first.step else first.says
    here = [did.get(label, "not run") for label in labels]
    return [entry.kind, entry.example.id, str(len(entry.cells)), where, *here]


def _measures(tables: Sequence[Measured]) -> list[str]:
    lines = ["", "## Measures", ""] if tables else []
    for table in tables:
        lines += [f"| {table.name} | " + " | ".join(table.heads) + " |", "|---|" + "---:|" * len(table.heads)]
        lines += [f"| {_escape(name)} | " + " | ".join(row) + " |" for name, row in table.rows] + [""]
    return lines


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
