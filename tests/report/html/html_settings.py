"""What the tests of the page share."""

from pathlib import Path

KEPT = Path(__file__).resolve().parents[3] / "reports" / "reference"
"""The kept records."""

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
"""The options of a browser's context for a phone."""
