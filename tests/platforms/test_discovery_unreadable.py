"""An unreadable folder of Pythons counts as empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.platforms import discovery


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file that can be no folder")
def test_an_unreadable_folder_of_pythons_is_as_good_as_none():
    assert list(discovery._below(Path("/proc/self/mem"), "versions/*/bin/python3")) == []
