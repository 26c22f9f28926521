"""The commands that read: compare, list, check, schema, show; and their output on terminals."""

import json
import shutil
import subprocess
import sys

import pytest

from conformance.cli.terminal import verdict_table
from conformance.report.records import read
from conformance.tables.faults import FAULTS

WIDTHS = (80, 100, 140)


def widths_of(text):
    return max(len(line) for line in text.splitlines())


def test_a_record_compared_with_itself_ends_with_0(told, recorded, tmp_path):
    again = tmp_path / "again.jsonl"
    shutil.copy(recorded.stdlib, again)
    ended = told("compare", recorded.stdlib, again)
    assert ended.status == 0
    assert "7 cells in 2 records: 6 the same, 1 ran in fewer than two records.\n" in ended.out
    assert "No difference." in ended.out


def test_compare_names_the_groups_the_first_parting_step_and_the_depth(told, recorded):
    ended = told("compare", recorded.stdlib, recorded.one_byte)
    assert ended.status == 1
    assert ended.out.startswith("stdlib | wrappers.py:OneByte  (all: ")
    assert "7 cells in 2 records: 4 the same, 2 differ, 1 ran in fewer than two records.\n" in ended.out
    words = ended.out.partition("unexplained, other value: talk/words[long-socketpair]\n")[2]
    assert words.splitlines()[:3] == [
        "  step 2, line 12: server recv 9",
        "    stdlib: returned 'abc' (Linux man-pages unix(7))",
        "    wrappers.py:OneByte: returned 'a'; expected: returns 'abc' (Linux man-pages unix(7))",
    ]


def test_compare_puts_three_records_into_groups(told, recorded, tmp_path):
    third = tmp_path / "third.jsonl"
    third.write_text(
        recorded.stdlib.read_text("utf-8").replace('"implementation":"stdlib"', '"implementation":"other"')
    )
    out = told("compare", recorded.stdlib, recorded.one_byte, third).out
    assert "    stdlib, other: returned 'abc'" in out


def test_compare_as_json(told, recorded):
    ended = told("compare", "--json", recorded.stdlib, recorded.one_byte)
    assert {name: number for name, number in ended.json["counts"].items() if number} == {
        "same": 4,
        "differ": 2,
        "ran in fewer than two records": 1,
    }
    assert ended.json["another_version"] == []
    words = ended.json["differing"][1]
    assert (words["scenario"], words["case"], words["transport"]) == ("talk/words", "long", "socketpair")
    assert (words["step"], words["depth"]) == (2, "other value")
    assert words["groups"] == [["stdlib"], ["wrappers.py:OneByte"]]
    assert words["did"] == ["returned 'abc'", "returned 'a'"]


def test_compare_as_markdown(told, recorded):
    out = told("compare", "--markdown", recorded.stdlib, recorded.one_byte).out
    assert out.startswith("# stdlib vs wrappers.py:OneByte\n")
    assert "| talk/words[long-socketpair] | 1 | step 2: server recv 9 | returned 'abc' | returned 'a' |" in out


def test_compare_leaves_out_what_was_another_version_of_the_scenario(told, recorded, tmp_path):
    cells = [json.loads(line) for line in recorded.one_byte.read_text("utf-8").splitlines()]
    differing = ("bad/wrong", "talk/words")
    changed = [{**each, "digest": "other"} if each.get("scenario") in differing else each for each in cells]
    (tmp_path / "new.jsonl").write_text("\n".join(map(json.dumps, changed)), "utf-8")
    both = (recorded.stdlib, tmp_path / "new.jsonl")
    ended = told("compare", *both)
    assert ended.status == 0
    words = " ".join(ended.out.split())
    assert "3 the same, 1 ran in fewer than two records, 3 another version of the scenario." in words
    said = "not compared, another version of the scenario (stdlib | wrappers.py:OneByte): bad/wrong, talk/words"
    assert said in " ".join(ended.out.split())
    cases = [each["case"] for each in told("compare", "--json", *both).json["another_version"]]
    assert cases == ["", "short", "long"]


def test_compare_needs_two_records(told, recorded):
    ended = told("compare", recorded.stdlib)
    assert ended.status == 2
    assert "at least two records" in ended.err


def test_compare_says_which_record_is_incomplete(told, recorded, tmp_path):
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(recorded.stdlib.read_bytes()[:-30])
    assert (
        told("compare", recorded.stdlib, cut).err
        == f"{cut} is incomplete: its run was ended before the last cell; it holds 7 of 7 cells\n"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_compare_fits_the_terminal_and_keeps_names_whole(told, recorded, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    out = told("compare", recorded.stdlib, recorded.one_byte).out
    assert widths_of(out) <= width
    assert not any(line.endswith("…") for line in out.splitlines())


LISTS = (
    "scenarios",
    "transports",
    "implementations",
    "operations",
    "faults",
    "platforms",
    "claims",
    "mutants",
    "generated",
    "wrong",
)


@pytest.mark.parametrize("what", LISTS)
def test_everything_is_listed_for_people_and_as_json(told, what):
    rows = told("list", what, "--json").json
    assert rows
    out = told("list", what).out
    assert all((row.get("id") or row["name"]) in out for row in rows)


@pytest.mark.parametrize("width", [40])
@pytest.mark.parametrize("what", LISTS)
def test_lists_keep_names_and_sentences_readable(told, monkeypatch, what, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = told("list", what).out.splitlines()
    assert all(len(line.rstrip()) <= width for line in lines if line.startswith("    "))
    assert not any("…" in line for line in lines)


def test_operations_are_listed_with_what_they_make(told):
    rows = {row["name"]: row for row in told("list", "operations", "--json").json}
    assert rows["socket"]["gives"] == "a new socket"
    assert rows["accept"]["gives"] == "a new socket; {from: address}"
    assert (rows["accept"]["result"], rows["close"]["gives"]) == ({"from": "address"}, "nothing")
    assert "gives: two new sockets" in told("list", "operations").out


def test_claims_are_listed_with_their_caveats(told):
    row = next(row for row in told("list", "claims", "--json").json if row["caveat"])
    out = " ".join(told("list", "claims").out.split())
    assert f"But: {row['caveat']}" in out


def test_claims_of_a_record_have_their_ids_whole_on_lines_of_their_own(told, recorded, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    ended = told("claims", recorded.stdlib)
    assert ended.status == 1
    lines = ended.out.splitlines()
    rows = told("claims", "--json", recorded.stdlib).json["claims"]
    assert rows
    assert {row["id"] for row in rows} <= set(lines)
    assert all(len(line.rstrip()) <= 40 for line in lines if line.startswith("    "))


def test_list_tells_where_a_scenario_is_and_what_it_backs(told):
    (row,) = [row for row in told("list", "scenarios", "--json").json if row["id"].endswith("half-close-request-reply")]
    assert row["claims"]
    assert row["sources"]
    assert row["file"].endswith(".yaml")


def test_list_faults_tells_what_each_probe_found_here(told):
    rows = {row["name"]: row for row in told("list", "faults", "--json").json}
    assert set(rows) == set(FAULTS)
    assert all((row["here"] == "yes") == (row["lacking"] is None) for row in rows.values())
    assert rows["link"]["parameters"] == {"state": "word", "of": "actor"}
    out = " ".join(told("list", "faults").out.split())
    for reason in {row["lacking"] for row in rows.values()} - {None}:
        assert f"Not here: {reason}." in out


def test_check_says_that_files_are_right(told, repository):
    ended = told("check", repository / "scenarios")
    assert (ended.status, ended.out) == (0, "5 scenarios are right\n")


def test_check_says_every_mistake_with_its_place(told, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("summary: S\nsources: [s]\ntransports: [unx]\ngiven: connected\nsteps:\n  - client: {recieve: 1}\n")
    ended = told("check", path)
    assert ended.status == 2
    assert f"{path}:3:14: " in ended.out
    assert 'did you mean "unix"?' in ended.out
    assert f"{path}:6:14: " in ended.out
    assert ended.err == "0 scenarios are right; 2 mistakes\n"


def test_check_as_json(told, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("stps: 1\n")
    found = told("check", "--json", path).json
    assert found["scenarios"] == 0
    assert {"file", "line", "column", "message"} == set(found["mistakes"][0])


@pytest.mark.parametrize("command", ["check", "run"])
def test_an_empty_folder_ends_with_2(told, tmp_path, command):
    ended = told(command, tmp_path)
    assert ended.status == 2
    assert f"{tmp_path}:1:1: no scenario file (*.yaml) is there" in ended.out + ended.err


def test_the_bundled_scenarios_are_right(told):
    ended = told("check")
    assert ended.status == 0, ended.out


def test_the_schema_is_valid_and_takes_a_right_scenario(told, repository):
    jsonschema = pytest.importorskip("jsonschema")
    import yaml

    schema = told("schema").json
    jsonschema.Draft202012Validator.check_schema(schema)
    scenario = yaml.safe_load((repository / "scenarios" / "talk" / "half-close.yaml").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(scenario)


@pytest.fixture(scope="module")
def shown(conformance, repository):
    """Drawings of one scenario, by width."""
    return {
        width: conformance("show", "scenarios/talk/half-close.yaml", folder=repository, COLUMNS=str(width))
        for width in (80, 140)
    }


@pytest.mark.parametrize("width", [80, 140])
def test_show_draws_heads_arrows_and_results(shown, width):
    ended = shown[width]
    assert ended.status == 0
    assert ended.out.startswith("\nA reply follows a half-close.\nOnly one direction was shut down.\n")
    assert ended.out.count("  [client] ") == 2
    assert ended.out.count("[server]\n") == 2
    assert " 'GET /' ─" in ended.out
    assert "▶│" in ended.out
    assert "│◀" in ended.out
    assert "│ ⤷ returned 'GET /'" in ended.out
    assert ended.out.endswith("\npass\n")
    assert widths_of(ended.out) <= width


def test_show_gives_actors_more_room_in_a_wider_terminal(shown):
    heads = {width: ended.out.split("\n  [client]")[1].index("[server]") for width, ended in shown.items()}
    assert heads[140] > heads[80]


def test_show_takes_a_case_and_a_transport(told, repository, monkeypatch):
    monkeypatch.chdir(repository)
    ended = told("show", "scenarios/talk/words.yaml", "--case", "long", "-t", "socketpair")
    assert ended.status == 0
    assert "talk/words: long, over socketpair\n" in ended.out
    assert "sendall 'abc'" in ended.out
    assert "short" not in ended.out


def test_show_shows_a_deviation_in_its_place(told, repository, monkeypatch):
    monkeypatch.chdir(repository)
    wrapper = ("-i", "wrappers.py:OneByte", "--case", "long")
    ended = told("show", "scenarios/talk/words.yaml", *wrapper)
    assert ended.status == 1
    lines = ended.out.splitlines()
    (place,) = [number for number, line in enumerate(lines) if "✗ returned 'a'; expected returns 'abc'" in line]
    assert "● 2 recv 9" in lines[place - 1]
    assert lines[-1] == "fail"


def test_show_of_what_cannot_be_run_here_ends_with_3_and_says_why(told, repository, monkeypatch):
    monkeypatch.chdir(repository)
    ended = told("show", "scenarios/talk/elsewhere.yaml")
    assert ended.status == 3
    assert "unsupported: only on " in ended.out


def test_show_needs_one_scenario_one_of_its_transports_and_cases(told, repository):
    several = told("show", repository / "scenarios" / "talk")
    assert (several.status, "4 scenarios match" in several.err) == (2, True)
    other = told("show", repository / "scenarios" / "talk" / "words.yaml", "-t", "udp")
    assert (other.status, "talk/words runs over socketpair, not over udp" in other.err) == (2, True)
    case = told("show", repository / "scenarios" / "talk" / "words.yaml", "--case", "lnog")
    assert (case.status, 'no case "lnog"; did you mean "long"?' in case.err) == (2, True)
    none = told("show", repository / "scenarios" / "bad" / "wrong.yaml", "--case", "x")
    assert (none.status, "bad/wrong has no cases" in none.err) == (2, True)


@pytest.mark.parametrize("width", [40, *WIDTHS])
def test_the_table_of_verdicts_never_breaks_a_word(recorded, monkeypatch, capsys, width):
    from conformance.cli.terminal import console

    monkeypatch.setenv("COLUMNS", str(width))
    cells = [
        cell.__class__(**{**vars(cell), "scenario": f"section-{number}/x"})
        for number in range(12)
        for cell in read(recorded.stdlib).cells
    ]
    console().print(verdict_table(cells, width))
    out = capsys.readouterr().out
    assert widths_of(out) <= width
    assert "…" not in out
    assert all(f"section-{number}" in out for number in range(12))


def test_a_terminal_that_is_not_unicode_gets_escapes_not_a_traceback(conformance, repository):
    ended = conformance("show", "scenarios/talk/words.yaml", folder=repository, PYTHONIOENCODING="ascii")
    assert ended.status == 0
    assert "\\u2502" in ended.out
    assert ended.err == ""


def test_json_is_valid_whatever_the_encoding(conformance, recorded, repository):
    files = (recorded.stdlib, recorded.one_byte)
    ended = conformance("compare", "--json", *files, folder=repository, PYTHONIOENCODING="ascii")
    assert json.loads(ended.out)["counts"]["differ"] == 2


def test_a_reader_that_has_read_enough_is_no_fault(repository, start, tmp_path):
    script = tmp_path / "reader.py"
    script.write_text(
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'conformance', 'list', 'scenarios', *sys.argv[1:]]\n"
        "with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:\n"
        "    process.stdout.close()\n"
        "    print(process.stderr.read().decode(), end='')\n"
        "print(process.returncode)\n"
    )
    for option in ([], ["--json"]):
        with start(script, *option, folder=repository) as process:
            assert process.communicate(timeout=60)[0] == "0\n"


def test_the_progress_bar_moves_and_goes_away(repository, tmp_path):
    pytest.importorskip("pty", reason="needs a pseudo-terminal")
    script = (
        "import pty, sys; sys.exit(pty.spawn([sys.executable, '-m', 'conformance', 'run', 'scenarios/talk',"
        " '-i', 'wrappers.py:Slow', '--reports', sys.argv[1]]) >> 8)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=repository, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(b"\x1b[2K") > 3, "the bar was drawn only once"
