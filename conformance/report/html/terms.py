"""What the page explains: its signs, and the terms of its query language."""

from __future__ import annotations

from conformance.report.tables import VERDICT_MARKS

SIGNS = (
    ("pass", VERDICT_MARKS["pass"], "every step did what it may do"),
    ("fail", VERDICT_MARKS["fail"], "a step did not"),
    ("known-deviation", VERDICT_MARKS["known-deviation"], "a step did what a deviations file states"),
    ("unsupported", VERDICT_MARKS["unsupported"], "the platform, the host or the implementation lacks something"),
    ("inconclusive", VERDICT_MARKS["inconclusive"], "the harness or its environment failed"),
    ("missing", "·", "not in this record"),
    ("another version", "⋯", "the records ran different versions of the scenario, which are not compared"),
    ("not compared here", " ", "compared in another row, with baselines of its own"),
)
"""Verdict, sign, and what it means."""

MARKS = {verdict: sign for verdict, sign, _ in SIGNS}

TERMS = (
    ("is:unexplained", "differs, and nothing explains it; also declared, documented, different, same, not-run, "
                       "missing, another-version, and each verdict, such as is:fail"),
    ("pair:wine,3.13", "differs between two records, each by number, name or fact"),
    ("record:big", "only these records; platform: and implementation: look at these alone"),
    ("claim:dying", "acts out a claim of the HOWTO"),
    ("depth:hangs", "how deep the difference goes: hangs, blocks, other-class, other-errno, other-value, timing"),
    ("section:dying", "in this section"),
    ("transport:udp,udp6", "on any of these transports"),
    ("did:ECONNRESET", "a record did this where they differ"),
    ("source:9293", "this source is cited"),
    ("scenario:reset case:ipv6 level:must", "by name, case and level"),
    ("-transport:unix", "without these"),
    ('"zero bytes"', "these words anywhere"),
)  # fmt: skip
"""Examples of terms, and what each selects."""
