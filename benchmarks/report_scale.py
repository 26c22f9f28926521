"""How long the HTML report of 100 records with 3,000 cells takes: time, memory, size, first paint and first filter.

The records are the kept ones in turn; in each, a share of the cells is changed at random (with a fixed seed), and with
``--durations`` also how long every cell took. Prints the figures:

    python benchmarks/report_scale.py [--records 100] [--cells 3000] [--share 0.05] [--durations]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KEPT = Path(__file__).resolve().parents[1] / "reports" / "reference"
CHROMIUM = os.environ.get("CONFORMANCE_CHROMIUM", "/usr/bin/chromium")

FILTER = """() => new Promise(done => {
    const began = performance.now();
    const drawn = () => setTimeout(() => done(performance.now() - began));
    addEventListener('hashchange', () => requestAnimationFrame(drawn));
    location.hash = '#matrix?q=is%3Aunexplained';
})"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def perturbed(cell, chance, share, durations):
    """The cell; a share of the cells does something else in one step."""
    if durations:
        cell["seconds"] = round(cell["seconds"] * chance.uniform(0.8, 1.2), 6)
    if cell["steps"] and chance.random() < share:
        step = chance.choice(cell["steps"])
        value = chance.randrange(1_000)
        step["did"] = f"returned {value}"
        step["observation"] = {"kind": "returned", "canonical": value, "raw": value, "seconds": 0.0001, "names": {}}
        step["met"] = False
    return cell


def write(folder, records, cells, share, durations=False):
    """Writes the records; returns their paths."""
    kept = []
    for path in sorted(KEPT.glob("*/*.gz")):
        with gzip.open(path) as file:
            kept.append(file.read().splitlines()[: cells + 1])
    paths = []
    for number in range(records):
        chance = random.Random(number)
        header, *lines = kept[number % len(kept)]
        first = json.loads(header)
        next(iter(first["hosts"].values()))["kernel"] = f"6.{number}.0"
        changed = [
            json.dumps(perturbed(json.loads(line), chance, share, durations), separators=(",", ":")) for line in lines
        ]
        footer = {"type": "footer", "ended": first["started"], "cells": len(changed), "verdicts": {}}
        path = folder / f"{number:03}.jsonl.gz"
        text = "\n".join([json.dumps(first), *changed, json.dumps(footer)]) + "\n"
        path.write_bytes(gzip.compress(text.encode(), 1))
        paths.append(path)
    return paths


def in_a_browser(page):
    """Milliseconds until the first paint, until the matrix is there, and for the first filter."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(page.as_uri())
        tab.wait_for_selector("body.ready")
        ready = tab.evaluate("performance.now()")
        figures = tab.evaluate(PAINT), ready, tab.evaluate(FILTER)
        browser.close()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100)
    parser.add_argument("--cells", type=int, default=3_000)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--durations", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, asked.records, asked.cells, asked.share, asked.durations)
        page = folder / "report.html"
        began = time.monotonic()
        command = [sys.executable, "-m", "conformance", "compare", name, "-o", str(page), "--fail-on", "none"]
        subprocess.run(command, check=False)
        took, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{asked.records} records of {asked.cells} cells, {asked.share:.0%} changed")
        print(f"page written in {took:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of processor time)")
        print(f"memory at most {used.ru_maxrss / 1024:.0f} MiB; page of {page.stat().st_size / 1e6:.1f} MB")
        paint, ready, filtered = in_a_browser(page)
        print(f"first paint {paint:.0f} ms, matrix after {ready:.0f} ms, first filter {filtered:.0f} ms")


if __name__ == "__main__":
    main()
