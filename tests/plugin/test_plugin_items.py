"""The pytest plugin: which items there are, how they are named and chosen."""

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest
from _pytest.runner import runtestprotocol

from conformance.language.corpus import load_all
from conformance.runner.expressions import chosen, item_name
from conformance.runner.session import cells_of_file

NODES = [
    "scenarios/bad/wrong.yaml::socketpair",
    "scenarios/talk/elsewhere.yaml::socketpair",
    "scenarios/talk/half-close.yaml::loopback",
    "scenarios/talk/half-close.yaml::socketpair",
    "scenarios/talk/speed.yaml::socketpair",
    "scenarios/talk/words.yaml::short-socketpair",
    "scenarios/talk/words.yaml::long-socketpair",
]


def verdicts(reports):
    """Cell to verdict, of the one record below a folder."""
    (path,) = reports.rglob("*.jsonl")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {line["id"]: line["verdict"] for line in lines if line["type"] == "cell"}, lines[-1]["type"]


def properties(junit):
    """Test case to its properties."""
    cases = ElementTree.parse(junit).getroot().iter("testcase")
    found = {f"{case.get('classname')}::{case.get('name')}": case.iter("property") for case in cases}
    return {name: {each.get("name"): each.get("value") for each in values} for name, values in found.items()}


@pytest.fixture(scope="module")
def plain(run_pytest, repository, tmp_path_factory):
    """One run without anything special."""
    folder = tmp_path_factory.mktemp("plain")
    ended = run_pytest(
        "-v", "-rs", f"--junitxml={folder / 'junit.xml'}", f"--conformance-reports={folder}", folder=repository
    )
    return ended, folder


@pytest.fixture(scope="module")
def spread(run_pytest, repository, tmp_path_factory):
    """The same run, over two xdist workers."""
    folder = tmp_path_factory.mktemp("spread")
    ended = run_pytest(
        "-n", "2", f"--junitxml={folder / 'junit.xml'}", f"--conformance-reports={folder}", folder=repository
    )
    return ended, folder


@pytest.fixture
def here(repository, monkeypatch, capfd):
    """A run of pytest within this process: its exit status, what it wrote, what it wrote to standard error."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments, folder=repository, plugins=()):
        monkeypatch.chdir(folder)
        cache = () if any("cache_dir" in str(each) for each in arguments) else ("-p", "no:cacheprovider")
        status = pytest.main(["--conformance-workers=1", *cache, *map(str, arguments)], plugins=list(plugins))
        return SimpleNamespace(status=status, **capfd.readouterr()._asdict())

    return run


@pytest.fixture
def collected(here):
    """The ids of the items that pytest collects."""

    def collect(*arguments, **where):
        return [line for line in here("--collect-only", "-q", *arguments, **where).out.splitlines() if "::" in line]

    return collect


def test_there_is_one_item_per_cell_with_a_readable_id(collected):
    assert collected() == NODES


def test_other_yaml_files_are_left_alone(here, repository, collected):
    assert (repository / "other.yaml").exists()
    assert not any("other" in each for each in collected("."))
    assert here("other.yaml").status != 0


def test_collecting_starts_no_process_and_so_probes_nothing(collected, monkeypatch):
    monkeypatch.setattr(subprocess.Popen, "__init__", lambda *_, **__: pytest.exit("a process was started"))
    assert collected() == NODES


def test_a_transport_or_group_is_chosen_by_option(collected):
    assert collected("--conformance-transport", "loopback") == NODES[2:3]
    assert collected("--conformance-transport", "tcp", "--conformance-transport", "socketpair") == NODES


@pytest.mark.parametrize(
    "arguments, chosen",
    [
        (["-k", "loopback"], NODES[2:3]),
        (["-k", "long"], NODES[6:]),
        (["-k", "half-close and socketpair"], NODES[3:4]),
        (["-m", "platform"], NODES[5:]),
        (["-m", "measure"], NODES[4:5]),
        (["-m", "quick"], NODES[2:4]),
        (["-m", "must and not quick"], NODES[:2]),
    ],
    ids=lambda value: " ".join(value) if "-" in value[0] else "",
)
def test_items_are_chosen_by_keyword_and_mark(collected, arguments, chosen):
    assert collected(*arguments) == chosen


def test_each_implementation_has_items_of_its_own(collected):
    both = ("--conformance-implementation", "stdlib", "--conformance-implementation", "wrappers.py:OneByte")
    assert collected("scenarios/bad", *both) == [NODES[0], f"{NODES[0]}-wrappers.py:OneByte"]


def test_the_bundled_corpus_is_collected_without_configuration(collected, tmp_path):
    from conformance.language.corpus import bundled

    found = collected(bundled() / "disconnecting" / "half-close-request-reply.yaml", folder=tmp_path)
    assert any(each.endswith("half-close-request-reply.yaml::loopback") for each in found)


def test_an_unknown_transport_is_a_usage_error_with_the_nearest_name(here):
    ended = here("--conformance-transport", "lopback")
    assert ended.status == pytest.ExitCode.USAGE_ERROR
    assert 'no transport "lopback"; did you mean "loopback"?' in ended.err


def test_mistakes_in_a_file_of_deviations_are_a_usage_error(here, tmp_path):
    (tmp_path / "bad.yaml").write_text("deviations: [{scenario: x}]\n")
    ended = here(f"--conformance-deviations={tmp_path}/bad.yaml")
    assert ended.status == pytest.ExitCode.USAGE_ERROR
    assert "bad.yaml:1:14: a known deviation needs observed and reason" in ended.err
    assert "Traceback" not in ended.err + ended.out


def test_verdicts_become_outcomes(plain):
    ended, _ = plain
    assert ended.status == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 5 passed, 1 skipped" in ended.out


def test_what_is_unsupported_is_skipped_at_its_scenario_with_the_reason(plain):
    ended, _ = plain
    assert "SKIPPED [1] scenarios/talk/elsewhere.yaml:1: only on " in ended.out


def test_a_failure_is_a_timeline_and_no_traceback(plain):
    ended, _ = plain
    assert "✗   2  server    recv 9        returned 'no'\n" in ended.out
    for line in ("expected  returns 'yes' (", "observed  returned 'no'\n", "at        scenarios/bad/wrong.yaml:8\n"):
        assert f"                     {line}" in ended.out
    assert "Traceback" not in ended.out
    assert ".py:" not in ended.out.partition("FAILURES")[2].partition("short test summary")[0]


def test_the_verdict_is_a_property_in_junit_xml(plain):
    found = properties(plain[1] / "junit.xml")
    assert found["scenarios.bad.wrong.yaml::socketpair"] == {"verdict": "fail"}
    assert found["scenarios.talk.half-close.yaml::loopback"] == {"verdict": "pass"}
    assert found["scenarios.talk.elsewhere.yaml::socketpair"] == {"verdict": "unsupported"}


def test_ids_in_junit_xml_do_not_depend_on_xdist(plain, spread):
    assert properties(plain[1] / "junit.xml") == properties(spread[1] / "junit.xml")


def test_the_record_is_the_same_with_xdist(plain, spread):
    assert spread[0].status == plain[0].status
    found, last = verdicts(plain[1])
    assert len(found) == len(NODES)
    assert verdicts(spread[1]) == (found, last)
    assert last == "footer"


def test_only_the_controller_writes(spread):
    assert len(list(spread[1].rglob("*.jsonl"))) == 1


def test_last_failed_runs_what_failed(here, tmp_path):
    cache = ("-o", f"cache_dir={tmp_path}")
    assert "1 failed, 2 passed" in here("-k", "bad or words", *cache).out
    assert "1 failed" in here("--lf", *cache).out


def test_the_first_failure_ends_the_run_and_the_record_says_that_it_is_incomplete(here, tmp_path):
    ended = here("-x", f"--conformance-reports={tmp_path}")
    assert "1 failed" in ended.out
    assert "passed" not in ended.out
    found, last = verdicts(tmp_path)
    assert (found["bad/wrong[socketpair]"], last) == ("fail", "cell")


def test_a_known_deviation_is_an_expected_failure(here):
    ended = here("scenarios/bad", "-rx", "--conformance-deviations=known.yaml")
    assert ended.status == 0
    assert "XFAIL scenarios/bad/wrong.yaml::socketpair - nobody meets it" in ended.out


def test_a_known_deviation_that_does_not_happen_any_more_fails(here, tmp_path):
    (tmp_path / "old.yaml").write_text(
        "deviations: [{scenario: talk/words, observed: raised EINVAL, reason: it was so}]"
    )
    ended = here("scenarios/talk/words.yaml", f"--conformance-deviations={tmp_path}/old.yaml")
    assert "2 failed" in ended.out
    assert "does not happen any more: it was so" in ended.out


def test_what_is_inconclusive_is_an_error(here):
    ended = here("scenarios/bad", "--conformance-implementation", "wrappers.py:ExitsUnderACell")
    assert ended.status == pytest.ExitCode.TESTS_FAILED
    assert "1 error" in ended.out
    assert "before the first step" in ended.out
    assert "Traceback" not in ended.out


@pytest.mark.parametrize(
    "name, says",
    [
        ("wrappers.py:OneBiet", 'wrappers.py has no "OneBiet"; did you mean "OneByte"?'),
        ("wrappers.py:Exits", "calling it ends the process, which exited with status 3"),
        ("imports.py:Nothing", "imports no_such_module, which is not installed"),
    ],
)
@pytest.mark.parametrize("xdist", [(), ("-n", "1")], ids=["alone", "with xdist"])
def test_an_implementation_that_cannot_be_used_is_wrong_usage(here, name, says, xdist):
    ended = here(*xdist, "scenarios/bad", "--conformance-implementation", name)
    assert ended.status == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in (ended.out + ended.err).splitlines() if name in line]
    assert line.startswith(f"ERROR: the implementation {name} cannot be used: ")
    assert says in line


def test_an_implementation_whose_server_side_is_not_tested_is_noted_once(here):
    ended = here("scenarios/talk/words.yaml", "--conformance-implementation", "wrappers.py:Slow")
    assert ended.status == 0
    assert ended.out.count("note: wrappers.py:Slow: accept() gives plain sockets") == 1


@pytest.mark.parametrize("tag", ["skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings", "timeout"])
def test_a_tag_is_never_taken_for_a_marker_of_pytest(here, a_repository, tag):
    path = a_repository / "scenarios" / "bad" / "wrong.yaml"
    path.write_text(path.read_text("utf-8").replace("sources:", f"tags: [{tag}]\nsources:"), "utf-8")
    assert "1 failed" in here("scenarios/bad", folder=a_repository).out
    assert "1 failed" in here("scenarios/bad", "-m", tag, folder=a_repository).out
    assert "1 deselected" in here("scenarios/bad", "-m", f"not {tag}", folder=a_repository).out


def test_other_plugins_may_have_options_with_the_names_of_conformance_run(here, a_repository):
    names = ("transport", "implementation", "reports", "inet-address", "deviations", "workers", "evidence", "capture")
    options = "\n".join(f"    parser.addoption('--{name}', dest='{name}')" for name in names if name != "capture")
    (a_repository / "conftest.py").write_text(f"def pytest_addoption(parser):\n{options}\n", "utf-8")
    ended = here("--collect-only", "-q", "--transport=theirs", "--reports=theirs", folder=a_repository)
    assert ended.status == 0, ended
    assert NODES[0] in ended.out


def test_a_session_without_scenarios_imports_nothing_but_the_plugin(run_pytest, tmp_path):
    (tmp_path / "other.yaml").write_text("key: value\n", "utf-8")
    (tmp_path / "conftest.py").write_text(
        "import sys\n\n\ndef pytest_unconfigure(config):\n"
        "    print('imported:', sorted(name for name in sys.modules if name.partition('.')[0] in\n"
        "          ('conformance', 'yaml', 'rich', 'click', 'json')))\n",
        "utf-8",
    )
    (tmp_path / "test_theirs.py").write_text("def test_theirs():\n    pass\n", "utf-8")
    ended = run_pytest("-q", "-s", "-p", "no:junitxml", folder=tmp_path)
    assert ended.status == 0, ended
    assert "imported: " in ended.out
    imported = ended.out.partition("imported: ")[2].splitlines()[0]
    assert [name for name in ("conformance.language", "conformance.runner", "'yaml'", "'rich'", "'click'")
            if name in imported] == []  # fmt: skip
    assert "conformance.pytest_plugin" in imported


def test_a_session_with_xdist_but_without_scenarios_imports_nothing_that_runs_cells(run_pytest, tmp_path):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    (tmp_path / "conftest.py").write_text(
        "import sys\n\n\ndef pytest_unconfigure(config):\n"
        "    if not hasattr(config, 'workerinput'):\n"
        "        print('imported:', sorted(name for name in sys.modules if name.startswith('conformance')))\n",
        "utf-8",
    )
    (tmp_path / "test_theirs.py").write_text("def test_theirs():\n    pass\n", "utf-8")
    ended = run_pytest("-q", "-s", "-n", "1", folder=tmp_path)
    assert "1 passed" in ended.out
    imported = ended.out.partition("imported: ")[2].splitlines()[0]
    assert "conformance.pytest_plugin" in imported
    unwanted = ("conformance.engine", "conformance.language", "conformance.runner.session", "conformance.worker")
    assert [name for name in unwanted if name in imported] == []


def test_an_invalid_file_is_a_collection_error_with_every_mistake_and_no_traceback(here, a_repository):
    bad = a_repository / "scenarios" / "bad"
    broken = (bad / "wrong.yaml").read_text("utf-8").replace("recv", "recieve").replace("sendall", "sendal")
    (bad / "broken.yaml").write_text(broken, "utf-8")
    ended = here("scenarios/bad", folder=a_repository)
    assert ended.status == pytest.ExitCode.INTERRUPTED
    assert "scenarios/bad/broken.yaml:7:14: " in ended.out
    assert 'did you mean "sendall"?' in ended.out
    assert "scenarios/bad/broken.yaml:8:14: " in ended.out
    assert "Traceback" not in ended.out
    assert ".py" not in ended.out.partition("ERRORS")[2].partition("short test summary")[0]


def test_a_cell_that_is_run_again_by_another_plugin_gets_its_outcome_again(here):
    class Again:
        @staticmethod
        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                runtestprotocol(item, nextitem=nextitem)
            return True

    assert "4 passed" in here("scenarios/talk/words.yaml", plugins=[Again]).out


def test_a_full_disk_ends_the_run_with_a_message(here, tmp_path):
    (tmp_path / "file").write_text("")
    ended = here("scenarios/talk", f"--conformance-reports={tmp_path}/file/runs")
    assert ended.status == pytest.ExitCode.INTERNAL_ERROR
    assert "Z.jsonl: cannot be written" in ended.out
    assert "Traceback" not in ended.out + ended.err


@pytest.mark.parametrize(
    "option, text",
    [
        *(("-k", text) for text in ("talk", "yaml", "long or loopback", "quick and not socketpair", "MUST")),
        *(("-m", text) for text in ("must", "not measure", "quick or platform", "not (must or quick)")),
    ],
)
def test_conformance_run_chooses_the_same_cells(collected, repository, option, text):
    scenarios = load_all([repository / "scenarios"]).scenarios
    cells = [cell for scenario in scenarios for cell in cells_of_file(scenario, (), ())]
    names = {"-k": (text, ""), "-m": ("", text)}[option]
    ours = [f"scenarios/{cell.scenario.id}.yaml::{item_name(cell)}" for cell in chosen(cells, *names)]
    assert ours == collected(option, text)
