"""A page of records whose texts mean harm: it shows them as texts, and nothing else happens."""

import gzip
import json

import pytest
from html_settings import KEPT, PHONE

from conformance.report.comparison import compare
from conformance.report.html.document import page
from conformance.report.records import read

SCRIPT = "</script></style><script>window.harmed=1</script><img src=x onerror=window.harmed=2>"
QUOTES = "\"'`${window.harmed=3}{{7*7}}{% raw %}<!--]]>&lt;"
TURNED = "\u202eabc\u200f\u2066def"
NOTHING = "a\0b\x1b[31m\x07"
LONG = "x" * 10_000
HARM = f"{SCRIPT}{QUOTES}{TURNED}{NOTHING}"


def line(value):
    return (json.dumps(value) + "\n").encode()


def spoiled(value, harm):
    """A line of a record with harm in every text that a reader accepts there."""
    if value["type"] == "header":
        host = next(iter(value["hosts"].values()))
        host.update(os=f"Evil {harm}", kernel=harm, libc=harm, python_version=f"3.13.0{harm}")
        value.update(implementation=f"evil{harm}", implementation_version=harm, started=harm)
    elif value["type"] == "cell":
        value.update(reason=harm, file=f"/{harm}.yaml", digest="", notes=[harm], observed=harm, expected=harm)
        value.update(scenario=f"binary/{harm}{value['scenario'].replace('/', '-')}", case=harm)
        for step in value["steps"]:
            step.update(says=f"recv {harm}", did=harm, expected=harm, source=harm, actor=f"client{harm}")
            step["observation"].update(reason=harm, canonical={"name": harm, "class": harm}, kind="raised")
    return value


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory):
    """The page of two records: both have harmful texts, and those of one are long."""
    folder = tmp_path_factory.mktemp("hostile")
    with gzip.open(KEPT / "linux-x86_64-cpython3.13" / "stdlib.jsonl.gz") as file:
        lines = [json.loads(next(file)) for _ in range(12)]
    for name, harm in (("one", HARM[:990]), ("two", HARM[:900] + "again")):
        made = [spoiled(json.loads(json.dumps(each)), harm) for each in lines]
        for each in made[1:]:
            each["scenario"], each["case"] = f"binary/{HARM[:500]}", f"{HARM[:200]}{each['id'][:60]}"
        made[1]["steps"][0]["did"] = f"{name}{LONG}"
        made[2]["reason"] = f"{name}{LONG}"
        (folder / f"{name}.jsonl").write_bytes(b"".join(map(line, made)))
    path = folder / "report.html"
    records = [read(folder / f"{name}.jsonl") for name in ("one", "two")]
    path.write_text(page(compare(records)), "utf-8")
    return path


VIEWS = ("#matrix?q=is:different", "#differences", "#claims", "#measures", "#coverage")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_harmful_texts_are_shown_and_do_nothing(reader_of, hostile_page, options):
    reader = reader_of(hostile_page, **options)
    for view in VIEWS:
        reader.open(view)
        assert reader.page.evaluate("window.harmed") is None
        assert reader.page.locator("img, iframe, object, embed").count() == 0
        assert (view, reader.wider_than_the_window) == (view, [])
    reader.open("#matrix?q=is:different")
    reader.page.locator("#grid td.state").first.click()
    assert SCRIPT in reader.text("#cell-content")
    assert "\\x00" in reader.text("#cell-content")
    assert "\\u202e" in reader.text("#cell-content")
    assert reader.page.evaluate("window.harmed") is None
    assert reader.wider_than_the_window == []


def test_no_text_of_a_record_reaches_the_markup_unescaped(hostile_page):
    content = hostile_page.read_text("utf-8")
    assert content.count("<script") == 2
    assert content.count("</script") == 2
    assert "onerror=window.harmed=2>" not in content
    assert not set("\0\x1b\x07\u202e\u200f\u2066") & set(content)


def test_a_long_text_is_cut_with_its_length(reader_of, hostile_page):
    reader = reader_of(hostile_page).open("#differences")
    text = reader.text("#differences-list")
    assert LONG not in text
    assert "… (10,003 characters)" in text


def test_the_page_lets_no_other_script_run_and_asks_nobody(reader_of, kept_page):
    reader = reader_of(kept_page).open()
    blocked = reader.page.evaluate("""async () => {
        const tried = (act) => { try { act(); return "taken"; } catch { return "refused"; } };
        const script = document.createElement("script");
        const typed = tried(() => { script.text = "window.harmed = 4"; });
        const markup = tried(() => { document.body.innerHTML = "<b>x</b>"; });
        const asked = await fetch("https://example.invalid/").then(() => "answered", () => "refused");
        return [typed, markup, asked, window.harmed ?? "unharmed"];
    }""")
    assert blocked == ["refused", "refused", "refused", "unharmed"]
    assert any("Content Security Policy" in each or "TrustedScript" in each for each in reader.complaints)
    reader.complaints.clear()  # they are about what this test tried


def test_the_policy_allows_this_script_and_style_only(kept_page):
    content = kept_page.read_text("utf-8")
    policy = content.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]
    assert policy.startswith("default-src &#39;none&#39;; script-src &#39;sha256-")
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert " style=" not in content.partition("<body>")[2].partition("<script")[0]
    assert " onclick" not in content
