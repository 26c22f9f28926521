"""What kept records confirm of each scenario, and on which platform."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.model.scenario import Scenario
from conformance.report.records import content, platform_name, read_header


@dataclass
class Seen:
    """The verdicts of one scenario's cells in one record."""

    emulated: bool
    verdicts: Counter[str] = field(default_factory=Counter)


Confirmations = Mapping[str, Mapping[str, Seen]]
"""By scenario and platform."""


def confirmations(folder: Path, scenarios: Sequence[Scenario]) -> Confirmations:
    """What the records of the raw socket module below ``folder`` say of these scenarios as they are now.

    A cell counts only if its scenario's file has not changed since. Lines are not checked, and only the fields that are
    needed here are looked at: records are large.
    """
    digests = {scenario.id: scenario.digest for scenario in scenarios}
    found: dict[str, dict[str, Seen]] = {}
    for path in sorted([*folder.rglob("*.jsonl"), *folder.rglob("*.jsonl.gz")]):
        platform, emulated = "", False
        for line in content(path).splitlines():
            value = json.loads(line)
            if value.get("type") == "header":
                if value["implementation"] != "stdlib":
                    break
                facts = next(iter(read_header(path, value).hosts.values()), None)
                platform, emulated = platform_name(facts), facts is not None and facts.emulator is not None
            elif value.get("type") == "cell" and value.get("digest") == digests.get(value["scenario"]):
                of_scenario = found.setdefault(value["scenario"], {})
                of_scenario.setdefault(platform, Seen(emulated)).verdicts[value["verdict"]] += 1
    return found


def in_words(seen: Mapping[str, Seen]) -> str:
    """Where a scenario was seen to hold. An emulator confirms nothing about the platform that it stands for."""
    real = _places({platform: each for platform, each in seen.items() if not each.emulated})
    emulated = _places({platform: each for platform, each in seen.items() if each.emulated})
    words = f"Confirmed: {real or 'not yet'}"
    return f"{words}. Emulated, which confirms nothing: {emulated}" if emulated else words


def _places(seen: Mapping[str, Seen]) -> str:
    shown = []
    for platform, each in sorted(seen.items()):
        passed, total = each.verdicts["pass"], each.verdicts.total()
        others = ", ".join(f"{each.verdicts[name]} {name}" for name in sorted(each.verdicts) if name != "pass")
        shown.append(f"{platform} ({passed} of {total}{': ' + others if others else ''})")
    return "; ".join(shown)
