"""The claims of the Socket Programming HOWTO, from the data file beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).with_name("howto_claims.yaml")


@dataclass(frozen=True)
class Claim:
    """A sentence of the HOWTO in our words, and where practice is known to be more subtle."""

    id: str
    says: str
    caveat: str = ""
    only: str = ""
    """The family that the claim speaks of; empty: all of them."""


@lru_cache(maxsize=1)
def claims() -> dict[str, Claim]:
    """Every claim by its id, in the order of the HOWTO."""
    import yaml  # only the controller reads claims; the worker needs no YAML

    rows = yaml.load(_FILE.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["claims"]
    return {row["id"]: Claim(row["id"], row["says"], row.get("caveat", ""), row.get("only", "")) for row in rows}


def claim_ids() -> list[str]:
    """The ids of all claims."""
    return list(claims())
