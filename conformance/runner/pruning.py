"""Removes old runs: only where the user asked for that, and never the record that readers of the folder take."""

from __future__ import annotations

import shutil
from pathlib import Path

from conformance.platforms.locks import Lock
from conformance.report.records import written
from conformance.report.run_files import by_time, captures_folder, report_path, runs_of, taken


def prune(record: Path, keep: int) -> list[Path]:
    """Removes all earlier runs like that of ``record`` but the newest ``keep``; gives the records that it removed.

    Runs with another platform or implementation, damaged records, and records that are being written stay.
    """
    runs = runs_of(sorted([*record.parent.glob("*.jsonl"), *record.parent.glob("*.jsonl.gz")]), lambda *_: None)
    identities = {run.identity for run in runs if run.path == record}
    alike = by_time(run for run in runs if run.identity in identities)
    if not alike:
        return []
    kept = {run.path for run in (*alike[:keep], taken(alike, lambda *_: None))}
    return [run.path for run in alike if run.path not in kept and _removed(run.path)]


def _removed(record: Path) -> bool:
    """Removes a record with its report and captures, unless another run is writing it."""
    with written(record):
        lock = Lock(record)
        try:
            if not lock.try_seize():
                return False
            shutil.rmtree(captures_folder(record), ignore_errors=True)
            report_path(record).unlink(missing_ok=True)
            record.unlink()
        finally:
            lock.close()
    return True
