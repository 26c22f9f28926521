"""The cache of loaded scenarios: what is taken from it, and what is refused."""

import os
import pickle
import sys

import pytest

from conformance.language import library
from conformance.language.corpus import load_all

TEXT = """
summary: Words arrive.
sources: [nobody]
transports: [socketpair]
given: connected
steps:
  - client: {{sendall: {{text: a{number}}}}}
"""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "scenarios"
    made.mkdir()
    for number in range(library.ENOUGH):
        (made / f"s{number}.yaml").write_text(TEXT.format(number=number), "utf-8")
    return made


@pytest.fixture
def load(folder, tmp_path, monkeypatch):
    """Loads the folder with the cache: the scenarios, and how many of them were parsed."""
    parsed = []
    checked = library._checked
    monkeypatch.setattr(library, "_checked", lambda *given: parsed.append(given) or checked(*given))

    def run():
        parsed.clear()
        return load_all([folder], kept=tmp_path / "kept").scenarios, len(parsed)

    return run


def test_what_was_loaded_is_kept_and_equal(load):
    first, parsed = load()
    assert parsed == library.ENOUGH
    assert load() == (first, 0)


def test_a_changed_file_is_loaded_again(load, folder):
    load()
    (folder / "s3.yaml").write_text(TEXT.format(number=99), "utf-8")
    scenarios, parsed = load()
    assert parsed == 1
    assert {each.cases[0].steps[0].arguments[0][1].text for each in scenarios if each.id == "s3"} == {"a99"}


def test_what_another_loader_kept_is_not_taken(load, monkeypatch):
    load()
    monkeypatch.setattr(library, "_loader", lambda: b"x" * 32)
    assert load()[1] == library.ENOUGH


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_others_can_write_is_not_taken(load, tmp_path, what):
    load()
    (file,) = (tmp_path / "kept").iterdir()
    (file if what == "file" else file.parent).chmod(0o777)
    assert load()[1] == library.ENOUGH


class Evil:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_nothing_in_the_cache_is_executed(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load()
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(library._loader() + pickle.dumps(Evil()))
    assert load()[1] == library.ENOUGH
    assert not (tmp_path / "executed").exists()
