"""``conformance run``: exit statuses, chosen cells, files and messages."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from conformance.cli import _COMMANDS
from conformance.cli import run as run_module
from conformance.model.errors import HarnessError
from conformance.report.records import read

STATUSES = {0: "nothing unexpected", 1: "something unexpected", 2: "wrong usage", 3: "nothing ran", 4: "a fault",
            130: "interrupted"}  # fmt: skip


@pytest.fixture(scope="module")
def talked(conformance, repository, tmp_path_factory):
    """A run in which nothing is unexpected, as JSON."""
    return conformance(
        "run", "scenarios/talk", "--json", "--reports", tmp_path_factory.mktemp("talked"), folder=repository
    )


def ids(path):
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [line["id"] for line in lines if line["type"] == "cell"]


@pytest.fixture
def here(told, repository, monkeypatch):
    """A command within this process, in the user's repository."""

    def run(*arguments, folder=repository):
        monkeypatch.chdir(folder)
        return told(*arguments)

    return run


@pytest.fixture
def chosen(here, tmp_path):
    """The cells that a run with these arguments ran, with its exit status."""

    def run(*arguments, **where):
        ended = here("run", "-n", "1", "--json", "--reports", tmp_path / "runs", *arguments, **where)
        return [each for path in map(Path, ended.json["records"]) for each in ids(path)], ended.status

    return run


def test_every_exit_status_is_in_the_help(told):
    out = " ".join(told("--help").out.split())
    for number, meaning in STATUSES.items():
        assert f"{number} {meaning}" in out


def test_nothing_unexpected_ends_with_0(talked):
    assert talked.status == 0
    assert talked.json["verdicts"] == {"pass": 5, "unsupported": 1}
    assert talked.json["unexpected"] == []


def test_json_is_alone_on_standard_output(talked):
    assert talked.out.startswith("{")
    assert talked.err == ""


def test_a_failure_ends_with_1_and_is_told_with_its_place(recorded):
    assert recorded.ended.status == 1
    assert "✗   2  server    recv 9        returned 'no'" in recorded.ended.out
    assert "scenarios/bad/wrong.yaml:8" in recorded.ended.out
    assert "14 cells in " in recorded.ended.out
    assert "9 pass, 3 fail, 2 unsupported" in recorded.ended.out


def test_what_was_written_is_told_and_there(recorded):
    for path in (recorded.stdlib, recorded.one_byte, recorded.stdlib.with_suffix(".md")):
        assert path.is_file()
        assert str(path) in recorded.ended.out


def test_files_have_names_that_windows_takes(recorded):
    for path in recorded.folder.parent.rglob("*"):
        assert not set(path.name) & set('<>:"/\\|?*')


def test_several_implementations_are_compared_at_once(recorded):
    assert "stdlib | wrappers.py:OneByte" in recorded.ended.out
    assert "7 cells in 2 records: " in recorded.ended.out


def test_an_inconclusive_cell_ends_with_1(here, tmp_path):
    ended = here("run", "scenarios/bad", "-i", "wrappers.py:ExitsUnderACell", "--json", "--reports", tmp_path)
    assert ended.status == 1
    assert ended.json["verdicts"] == {"inconclusive": 1}
    assert "before the first step" in ended.json["unexpected"][0]["reason"]


def test_a_known_deviation_is_nothing_unexpected(here, tmp_path):
    ended = here("run", "scenarios/bad", "--deviations", "known.yaml", "--json", "--reports", tmp_path)
    assert (ended.status, ended.json["verdicts"]) == (0, {"known-deviation": 1})


ONE_BYTE = """
seen: wrappers 1.0
deviations:
  - observed:
      talk/words: returned 'a'
    cell: long-*
    implementation: "*:OneByte"
    reason: it receives one byte at a time
"""


@pytest.fixture
def one_byte(here, tmp_path):
    """Runs these cells with the wrapper that receives one byte at a time, which is a declared deviation."""
    (tmp_path / "one-byte.yaml").write_text(ONE_BYTE, "utf-8")

    def run(*arguments, implementation="wrappers.py:OneByte"):
        chosen = ("scenarios/talk/words.yaml", "-i", implementation, "--deviations", tmp_path / "one-byte.yaml")
        return here("run", *chosen, "--reports", tmp_path / "runs", *arguments)

    return run


def test_known_deviations_of_a_wrapper_are_told_with_what_the_raw_socket_did(one_byte, tmp_path):
    ended = one_byte()
    assert ended.status == 0, ended
    assert ended.out.partition("Known deviations\n\n")[2].startswith(
        "~ it receives one byte at a time\n"
        "  talk/words (long), step 2: server recv 9  over socketpair\n"
        "      raw returned 'abc'; here returned 'a'\n"
    )
    (report,) = tmp_path.glob("runs/*/*/*.md")
    assert "| talk/words (long) | socketpair | 2: server recv 9 | returned 'abc' | returned 'a' |" in report.read_text(
        "utf-8"
    )
    assert "Against the raw socket" not in report.read_text("utf-8")


def test_known_deviations_are_part_of_the_json(one_byte):
    (known,) = one_byte("--json").json["known_deviations"]
    assert (known["id"], known["step"]) == ("talk/words[long-socketpair-wrappers.py:OneByte]", 2)
    assert known["differential"]["raw"] == "returned 'abc'"


def test_a_known_deviation_that_does_not_happen_any_more_fails(one_byte, repository, tmp_path):
    right = tmp_path / "right.py"
    right.write_text("from socket import socket as OneByte\n", "utf-8")
    ended = one_byte("--json", implementation=f"{right}:OneByte")
    assert ended.status == 1
    assert "last seen with wrappers 1.0, does not happen any more" in ended.json["unexpected"][0]["reason"]


def test_what_is_known_of_a_library_with_an_adapter_need_not_be_declared(here, tmp_path):
    pytest.importorskip("trio")
    ended = here("run", "ipc/unix-autobind", "-i", "trio", "--reports", tmp_path)
    assert ended.status in (0, 3), ended
    if ended.status == 0:
        assert "raw returned; here raised IndexError" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("scenarios/talk/elsewhere.yaml",),
        ("scenarios/bad", "-k", "nothing-is-called-so"),
        ("scenarios/bad", "-t", "udp"),
        ("scenarios/bad", "-p", "s390x"),
    ],
    ids=["unsupported here", "-k matches nothing", "no such transport in the file", "not set up"],
)
def test_what_could_not_run_where_it_was_asked_for_ends_with_3(chosen, monkeypatch, tmp_path, arguments):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path))
    assert chosen(*arguments)[1] == 3


@pytest.mark.parametrize(
    "name, says",
    [
        ("wrappers.py:OneBiet", 'wrappers.py has no "OneBiet"; did you mean "OneByte"?'),
        ("wrappers.py:Exits", "calling it ends the process, which exited with status 3"),
        ("imports.py:Nothing", "imports no_such_module, which is not installed"),
        ("nowhere", "name an adapter (stdlib, gevent, trio), module:Name or file.py:Name"),
        ("stdlb", "there is no module stdlb for "),
    ],
)
@pytest.mark.parametrize("command", ["run", "show", "tape"])
def test_an_implementation_that_cannot_be_used_ends_with_2_and_one_line_before_anything_is_run(
    here, monkeypatch, command, name, says
):
    monkeypatch.setattr("conformance.cli.running.Session", lambda *_, **__: pytest.fail("cells were run"))
    monkeypatch.setattr("conformance.cli.tape.play", lambda *_, **__: pytest.fail("cells were run"))
    ended = here(command, "scenarios/talk/half-close.yaml", "-i", name)
    assert (ended.status, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"Error: the implementation {name} cannot be used: ")
    assert says in line


def test_one_of_two_that_cannot_be_used_ends_with_2_before_the_other_is_run(here, tmp_path):
    both = ("-i", "wrappers.py:OneByte", "-i", "imports.py:Nothing")
    ended = here("run", "scenarios/talk", *both, "--reports", tmp_path / "runs")
    assert (ended.status, ended.out, (tmp_path / "runs").exists()) == (2, "", False)


def test_an_implementation_whose_server_side_is_not_tested_is_noted_once(recorded):
    assert recorded.ended.err.count("note: wrappers.py:OneByte: accept() gives plain sockets") == 1


def test_the_record_names_the_file_and_the_version_that_a_worker_imported(chosen, a_repository, tmp_path):
    (a_repository / "library").mkdir()
    (a_repository / "library" / "__init__.py").write_text("from socket import *\n__version__ = '7.1'\n", "utf-8")
    chosen("scenarios/talk/words.yaml", "-i", "library", folder=a_repository)
    (record,) = tmp_path.glob("runs/*/library/*.jsonl")
    header = read(record).header
    assert header.implementation_version == "7.1"
    assert header.implementation_path == os.path.join("library", "__init__.py")


def test_a_fault_ends_with_4_and_its_message(told, monkeypatch):
    def broken(*_, **__):
        raise HarnessError("the disk is on fire")

    monkeypatch.setattr("conformance.cli.running.run_all", broken)
    ended = told("run", "half-close-request-reply")
    assert (ended.status, ended.err) == (4, "conformance: the disk is on fire\n")


def test_a_fault_of_our_own_ends_with_4_and_a_traceback_to_report(told, monkeypatch):
    monkeypatch.setattr("conformance.cli.running.run_all", lambda *_, **__: 1 / 0)
    ended = told("run", "half-close-request-reply")
    assert ended.status == 4
    assert "ZeroDivisionError" in ended.err
    assert "please report it" in ended.err


def test_a_folder_of_records_that_cannot_be_written_ends_with_2_before_anything_is_run(here, tmp_path, monkeypatch):
    monkeypatch.setattr("conformance.cli.running.run_all", lambda *_, **__: 1 / 0)
    (tmp_path / "file").write_text("")
    ended = here("run", "scenarios/bad", "--reports", tmp_path / "file" / "runs")
    assert (ended.status, f"{tmp_path / 'file'} is no folder" in ended.err) == (2, True)
    monkeypatch.setattr(run_module.os, "access", lambda path, mode: path != tmp_path)
    ended = here("run", "scenarios/bad", "--reports", tmp_path / "new" / "runs")
    assert (ended.status, f"nothing can be written to {tmp_path}; name another" in ended.err) == (2, True)


def test_a_record_that_cannot_be_written_ends_with_4_and_its_name(here, tmp_path, talked):
    (platform,) = {Path(each).parents[1].name for each in talked.json["records"]}
    (tmp_path / platform).mkdir()
    (tmp_path / platform / "stdlib").touch()
    ended = here("run", "scenarios/bad", "--reports", tmp_path)
    assert ended.status == 4
    assert "Z.jsonl: cannot be written: " in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs ulimit -f")
def test_a_disk_that_is_full_ends_with_4_and_a_record_that_can_be_read(repository, tmp_path, start, told):
    script = tmp_path / "limited.py"
    script.write_text(
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))\n"
        "from conformance.cli import main\nmain()\n"
    )
    with start(script, "run", "scenarios/talk", "--reports", tmp_path / "runs", folder=repository) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 4, err
    assert "Z.jsonl: cannot be written: File too large" in err
    (path,) = (tmp_path / "runs").rglob("*.jsonl")
    assert told("compare", path, path).err.count("is incomplete") == 2


@pytest.mark.parametrize(
    "arguments, cells",
    [
        (("scenarios/talk/half-close.yaml", "-t", "loopback"), ["talk/half-close[loopback]"]),
        (
            ("scenarios/*/w*.yaml", "-t", "local", "-k", "short or wrong"),
            ["bad/wrong[socketpair]", "talk/words[short-socketpair]"],
        ),
        (("scenarios", "-m", "measure"), ["talk/speed[socketpair]"]),
        (("scenarios", "-m", "quick", "-n", "2", "-t", "tcp"), ["talk/half-close[loopback]"]),
        (("half-close-request-reply", "-t", "socketpair"), ["disconnecting/half-close-request-reply[socketpair]"]),
        (("disconnecting/half-close-req*", "-t", "unix"), ["disconnecting/half-close-request-reply[unix]"]),
    ],
    ids=["a file", "a glob, a group and -k", "-m level", "-m tag and -n", "an id", "a glob of ids"],
)
def test_cells_are_chosen_by_path_glob_id_transport_keyword_and_mark(chosen, arguments, cells):
    assert chosen(*arguments)[0] == cells


def test_a_folder_with_a_space_and_a_quote_can_be_run(a_repository, chosen):
    folder = a_repository / "it's mine"
    (a_repository / "scenarios" / "bad").rename(folder)
    assert chosen("it's mine", folder=a_repository) == (["wrong[socketpair]"], 1)


def test_configuration_of_the_users_own_pytest_changes_nothing(a_repository, chosen, monkeypatch):
    (a_repository / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (a_repository / "conftest.py").write_text("raise SystemExit('must not be imported')\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    assert chosen("scenarios/bad", folder=a_repository)[1] == 1
    assert os.environ["PYTEST_PLUGINS"] == "no_such_plugin"


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("run", "-t", "lopback"), 'no transport "lopback"; did you mean "loopback"?'),
        (("run", "-i", "stdlb"), 'did you mean "stdlib"?'),
        (("run", "-i", "nowhere.py:Socket"), "there is no file nowhere.py; paths begin at "),
        (("run", "-p", "natve"), 'no platform "natve"; did you mean "native"?'),
        (("run", "half-close-request-repyl"), 'did you mean "disconnecting/half-close-request-reply"?'),
        (("run", "scenarios/nothing-here-*.yaml"), 'no file, folder or scenario "scenarios/nothing-here-*.yaml"'),
        (("run", "half-close-request-reply", "-k", "a and ("), "Wrong expression passed to '-k'"),
        (("run", "--reports"), "requires an argument"),
        (("show", "half-close-request-repyl"), 'did you mean "disconnecting/half-close-request-reply"?'),
        (("show", "half-close-request-reply", "-t", "unx"), 'no transport "unx"; did you mean "unix"?'),
        (("run", "-t", "bogus"), 'no transport "bogus"; conformance list transports names them'),
        (("sensitivity", "-w", "never-close"), 'no mutant "never-close"; did you mean "never-closes"?'),
        (("sensitivity", "-w", "xyz"), 'no mutant "xyz"; conformance list mutants names them'),
        (("list", "scenario"), 'no list "scenario"; did you mean "scenarios"?'),
        (("lst",), 'no command "lst"; did you mean "list"?'),
        (("compare", "nothing.jsonl", "nothing.jsonl"), "no such file, folder or glob: nothing.jsonl"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_ends_with_2_and_the_nearest_name(told, arguments, says):
    ended = told(*arguments)
    assert ended.status == 2
    assert says in ended.err
    assert "Traceback" not in ended.err


def test_invalid_scenarios_end_with_2_and_every_mistake(told, tmp_path):
    (tmp_path / "bad.yaml").write_text("summary: 5\nstps: []\n")
    ended = told("run", tmp_path)
    assert ended.status == 2
    assert f'{tmp_path / "bad.yaml"}:2:1: a scenario has no "stps"; did you mean "steps"?' in ended.err


def test_invalid_deviations_end_with_2_and_their_place(told, tmp_path):
    (tmp_path / "bad.yaml").write_text("deviations: [{scenario: x}]\n")
    ended = told("run", "half-close-request-reply", "--deviations", tmp_path / "bad.yaml")
    assert ended.status == 2
    assert "bad.yaml:1:14: a known deviation needs observed and reason" in ended.err


def test_a_known_deviation_of_nothing_is_told_with_its_place_and_stops_nothing(here, tmp_path):
    (tmp_path / "known.yaml").write_text(
        "deviations:\n"
        "  - {scenario: bad/wrong, observed: \"returned 'no'\", reason: nobody meets it}\n"
        "  - {scenario: bad/wrogn, observed: returned, reason: a slip}\n"
        "  - {scenario: 'using/sendall-*', observed: returned, reason: comes with the package}\n"
        "  - {scenario: 'usign/*', observed: returned, reason: a slip}\n"
    )
    ended = here("run", "scenarios/bad", "--deviations", tmp_path / "known.yaml", "--reports", tmp_path / "runs")
    assert ended.status == 0
    first, second = ended.err.splitlines()
    assert first.startswith(f'{tmp_path}/known.yaml:3:5: no scenario that is known here is called "bad/wrogn"; did you')
    assert second.startswith(f'{tmp_path}/known.yaml:5:5: no scenario that is known here is called "usign/*"')


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_command_has_help_with_its_options_or_exit_status(told, command):
    ended = told(command, "--help")
    assert ended.status == 0
    assert f"Usage: conformance {command}" in ended.out
    assert "Options:" in ended.out or "Exit status" in ended.out


def test_the_overview_lists_every_command(told):
    out = told("--help").out
    assert all(f"  {command} " in out for command in _COMMANDS)


def test_the_version_is_told_without_importing_what_takes_long(start, tmp_path):
    script = tmp_path / "version.py"
    script.write_text(
        "import atexit, sys\nsys.argv[1:] = ['--version']\n"
        "slow = {'yaml', 'rich', 'pytest', '_pytest', 'jsonschema'}\n"
        "atexit.register(lambda: print('imported:', sorted(slow & set(sys.modules))))\n"
        "from conformance.cli import main\nmain()\n"
    )
    with start(script, folder=tmp_path) as process:
        out, err = process.communicate(timeout=30)
    assert out.startswith("conformance, version "), err
    assert out.endswith("imported: []\n")


def test_figures_are_shown_side_by_side_where_nothing_else_was_run(conformance, repository, tmp_path):
    ended = conformance("run", "scenarios/talk", "-m", "measure", "--reports", tmp_path / "runs", folder=repository)
    assert re.search(r"^round_trip_seconds *\n^socketpair +\d[\d.]* (µs|ms)$", ended.out, re.MULTILINE), ended.out
    (report,) = tmp_path.glob("runs/*/*/*.md")
    assert re.search(r"^\| socketpair \| \d[\d.]* (µs|ms) \|$", report.read_text("utf-8"), re.MULTILINE)
    other = conformance("run", "scenarios/talk", "--reports", tmp_path / "runs", folder=repository)
    assert "round_trip_seconds" not in other.out
