"""Scenarios that are made by the thousand: many cells, each of them as cheap as a cell can be."""

from __future__ import annotations

from pathlib import Path

CASES = 250
TRANSPORTS = ("socketpair", "unix", "loopback", "unix-abstract")

_TEXT = """\
summary: A message arrives.
sources: [made for a benchmark]
transports: [{transports}]
given: connected
cases:
{cases}
steps:
  - client: {{sendall: $data}}
  - server: {{recv: 9, returns: $data}}
"""


def scenarios(folder: Path, cells: int) -> Path:
    """A folder of scenarios with this many cells together, a multiple of 1,000."""
    made = folder / f"made-{cells}" / "scenarios" / "made"
    made.mkdir(parents=True)
    for number in range(cells // (CASES * len(TRANSPORTS))):
        cases = "\n".join(f"  c{case}: {{data: {{text: n{case}}}}}" for case in range(CASES))
        text = _TEXT.format(transports=", ".join(TRANSPORTS), cases=cases)
        (made / f"message-{number}.yaml").write_text(text, "utf-8")
    return made.parent
