"""What cells did, as the page holds it: texts, steps and whole behaviours, each different one once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from conformance.engine.wording import basis_words, error_text
from conformance.model import observation as o
from conformance.model.record import VERDICTS, CellRecord, StepRecord
from conformance.report.html.numbering import Numbering, Texts
from conformance.report.lifelines import Line
from conformance.report.sequence import actors_of
from conformance.report.socket_states import changes
from conformance.report.travel import travelled

Numbers = tuple[int, ...]
Drawings = tuple[Sequence[Line], Sequence[Line]]

NOT_MET, MET, NOT_JUDGED = range(3)

_WHAT_FAILED = ("fail", "known-deviation")


@dataclass
class Behaviours:
    """The tables of the page: each numbers its rows, and a row refers to others by their numbers.

    A row of ``steps`` is what a scenario says: number, line, actor, words, expectation, source, basis, and three flags.
    A row of ``acts`` is what was done: step, words, whether it met the expectation, the wait, the step that released
    it, what travelled, and the states of sockets. A row of ``kept`` is a whole cell: verdict, reason, the step that
    deviated, lifelines, acts, notes, and two drawings with packets.
    """

    texts: Texts = field(default_factory=Texts)
    steps: Numbering[Numbers] = field(default_factory=Numbering)
    acts: Numbering[Numbers] = field(default_factory=Numbering)
    kept: Numbering[tuple[int | Numbers, ...]] = field(default_factory=Numbering)
    _by_object: dict[int, tuple[int, StepRecord]] = field(default_factory=dict)

    def of(self, cell: CellRecord, packets: Drawings = ((), ())) -> int:
        """The number of what a cell did. ``packets``: its drawings with packets, a wide and a narrow one."""
        text = self.texts.of
        return self.kept.of(
            (
                VERDICTS.index(cell.verdict),
                text(cell.reason),
                cell.step or 0,
                tuple(map(text, actors_of(cell))) if cell.steps else (),
                tuple(self.acts.of(act) for act in self._acts(cell)),
                tuple(text(note) for note in _notes(cell)),
                *(tuple(text(line.text) for line in lines) for lines in packets),
            )
        )

    def _acts(self, cell: CellRecord) -> Iterator[Numbers]:
        text = self.texts.of
        changed, labels = changes(cell), travelled(cell)
        for step in cell.steps:
            if step.observation.kind != o.NOT_APPLICABLE:
                states = (f"{change.socket}: {change.words}" for change in changed.get(step.number, ()))
                yield (
                    self._step(step),
                    text(_did(cell, step)),
                    NOT_JUDGED if step.met is None else int(step.met),
                    text(_wait(step)),
                    step.observation.released_by or 0,
                    text(labels.get(step.number, "")),
                    text("\n".join(states)),
                )

    def _step(self, step: StepRecord) -> int:
        """The number of a step's definition. Records share the objects of equal steps, so each is looked at once."""
        known = self._by_object.get(id(step))
        if known is None:
            known = self.steps.of(self._definition(step)), step
            self._by_object[id(step)] = known
        return known[0]

    def _definition(self, step: StepRecord) -> Numbers:
        text = self.texts.of
        return (
            step.number,
            step.line,
            text(step.actor),
            text(step.says),
            text(step.expected),
            text(step.source or ""),
            text(basis_words(step.basis)),
            int(step.pending) + 2 * int(step.free or step.measured),
        )


def _did(cell: CellRecord, step: StepRecord) -> str:
    """What a step did; with the message of the exception where that is what went wrong."""
    went_wrong = step.number == cell.step and cell.verdict in _WHAT_FAILED
    message = error_text(vars(step.observation)) if went_wrong else ""
    return f"{step.did}: {message}" if message else step.did


def _wait(step: StepRecord) -> str:
    wait = step.observation.wait
    return f"{wait.certainty} by {wait.probe}" if wait else ""


def _notes(cell: CellRecord) -> Iterator[str]:
    """What else is known of a cell: notes, the frames of a failed fixture, the difference to the raw socket."""
    yield from cell.notes
    if cell.fixture is not None:
        yield f"the fixture failed: {cell.fixture.call} {cell.observed}"
        yield from filter(None, [cell.fixture.traceback])
    if cell.differential is not None:
        parted = cell.differential
        yield f"raw socket of the same run, step {parted.step}: {parted.raw}; here: {parted.here} ({parted.depth})"
