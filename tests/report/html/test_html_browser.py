"""The page in a browser: links, the query language, the keyboard, narrow windows, paper, and accessibility."""

import pytest
from html_settings import PHONE

VIEWS = ("#matrix", "#matrix?q=is:different", "#differences", "#claims", "#measures", "#coverage")
CELL = "#matrix?q=is%3Adifferent&cell=portability%2Ferror-classes%5Bloopback%5D%40{}"


def violations(reader):
    """What axe finds, in words."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: pip install -e '.[test]'")
    found = axe.Axe().run(reader.page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}" for each in found for node in each["nodes"][:3]
    ]


def label_of(reader, part):
    return next(words for words in reader.page.locator("#pick-on option").all_inner_texts() if part in words)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_in_any_view(reader_of, kept_page, scheme, options):
    reader = reader_of(kept_page, color_scheme=scheme, **options)
    for view in VIEWS:
        assert (view, violations(reader.open(view))) == (view, [])
    reader.open(CELL.format(label_of(reader, "Wine")))
    assert reader.page.locator("dialog[open]").count() == 1
    assert violations(reader) == []


def test_nothing_but_the_matrix_scrolls_sideways_on_a_phone(reader_of, kept_page):
    reader = reader_of(kept_page, **PHONE)
    for view in (*VIEWS, CELL.format(label_of(reader.open(), "Wine"))):
        assert (view, reader.open(view).wider_than_the_window) == (view, [])
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_link_to_a_cell_opens_it_again(reader):
    reader.ask("is:unexplained")
    reader.click("#grid td.k-unexplained")
    title, address = reader.text("#cell-title"), reader.page.evaluate("location.hash")
    assert "cell=" in address
    reader.open(address)
    assert reader.text("#cell-title") == title
    assert reader.page.input_value("#query") == "is:unexplained"
    reader.page.go_back()


def test_a_link_to_a_cell_that_is_not_there_says_so(reader):
    reader.open("#matrix?cell=no/such[udp]@nobody")
    assert reader.found == "This report has no cell no/such[udp]@nobody."


def rows_of(reader, query):
    reader.ask(query)
    return int(reader.found.removeprefix("Shown: ").split(" ")[0].replace(",", ""))


def test_terms_of_a_query_narrow_what_is_shown(reader):
    every = rows_of(reader, "")
    different = rows_of(reader, "is:different")
    assert 0 < different < every
    kinds = [rows_of(reader, f"is:{kind}") for kind in ("unexplained", "declared", "documented")]
    assert all(kinds)
    assert sum(kinds) == different
    assert rows_of(reader, "is:different -is:documented") == different - kinds[2]
    assert rows_of(reader, "transport:udp") + rows_of(reader, "-transport:udp") == every
    assert rows_of(reader, "transport:udp,udp6") == rows_of(reader, "transport:udp") + rows_of(reader, "transport:udp6")
    for term in ("claim:zero", "depth:other-class", "section:dying", "did:ECONNRESET", "source:9293", '"zero bytes"'):
        assert (term, 0 < rows_of(reader, term) < every) == (term, True)
    assert rows_of(reader, "pair:wine,3.13") <= different
    assert rows_of(reader, "section:dying section:binary") == 0


def test_a_query_with_a_mistake_says_what_is_known(reader):
    reader.ask("colour:red is:purple record:nobody")
    assert "there is no key “colour”; the keys are is, claim, depth" in reader.found
    assert "is:purple is not known" in reader.found
    assert "no record is named “nobody”" in reader.found
    assert "mistake" in reader.page.locator("#found").get_attribute("class")


def test_only_the_records_that_are_asked_for_have_columns(reader):
    reader.ask("record:wine")
    assert reader.page.locator("#grid thead th").count() == 2
    reader.ask("-platform:wine")
    assert reader.page.locator("#grid thead th").count() == 3


def test_buttons_and_lists_write_the_query(reader):
    reader.click('[data-term="is:documented"]')
    assert reader.page.input_value("#query") == "is:documented"
    assert reader.page.get_attribute('[data-term="is:documented"]', "aria-pressed") == "true"
    reader.choose("#pick-section", "Binary Data")
    reader.choose("#pick-one", "Wine")
    reader.choose("#pick-other", "3.13")
    assert reader.page.input_value("#query").startswith("is:documented section:binary pair:")
    reader.click("#clear")
    assert reader.page.input_value("#query") == ""
    assert reader.page.input_value("#pick-one") == ""


def test_what_a_query_found_is_announced(reader):
    assert reader.page.get_attribute("#found", "aria-live") == "polite"
    before = reader.found
    reader.ask("is:unexplained")
    assert reader.found != before
    assert "scenarios, in 3 records" in reader.found


def focused(reader):
    return reader.page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")


def test_the_keyboard_moves_opens_and_closes(reader):
    page = reader.page
    page.focus('#grid [tabindex="0"]')
    assert "Creating a Socket" in focused(reader)
    page.keyboard.press("Enter")
    assert page.get_attribute("#grid tr.section th", "aria-expanded") == "true"
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    where = focused(reader)
    page.keyboard.press("Enter")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert focused(reader) == where
    page.keyboard.press("Control+End")
    assert page.locator("#grid td:focus").count() == 1
    assert page.evaluate("document.querySelector('#grid').scrollTop") > 0


def test_only_one_cell_of_the_matrix_is_a_tab_stop(reader):
    reader.ask("is:different")
    assert reader.page.locator('#grid [tabindex="0"]').count() == 1
    reader.page.focus('#grid [tabindex="0"]')
    reader.page.keyboard.press("PageDown")
    assert reader.page.locator('#grid [tabindex="0"]').count() == 1


def test_focus_is_visible(reader):
    reader.page.focus('#grid [tabindex="0"]')
    reader.page.keyboard.press("ArrowDown")
    outline = reader.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_screen_reader_learns_the_size_of_the_whole_matrix(reader):
    reader.ask("is:different")
    table = reader.page.locator("#grid-table")
    assert int(table.get_attribute("aria-rowcount")) > reader.page.locator("#grid-table tbody tr").count() - 2
    assert table.get_attribute("aria-colcount") == "4"
    words = reader.page.locator("#grid td.k-documented").first.get_attribute("aria-label")
    assert "behaves as group" in words
    assert "documented difference" in words


def test_few_lines_are_in_the_document_however_many_there_are(reader):
    reader.click("#fold")
    assert int(reader.page.get_attribute("#grid-table", "aria-rowcount")) > 600
    assert reader.page.locator("#grid-table tbody tr").count() < 100


def test_the_printer_gets_every_line_and_no_controls(reader):
    reader.ask("is:different")
    page = reader.page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert (
        page.locator("#grid-table tbody tr[data-line]").count()
        == int(page.get_attribute("#grid-table", "aria-rowcount")) - 1
    )
    assert not page.is_visible("#search")
    assert page.pdf()[:5] == b"%PDF-"


def test_the_theme_can_be_chosen_and_is_kept(reader):
    back = "getComputedStyle(document.body).backgroundColor"
    light = reader.page.evaluate(back)
    reader.click("#theme")
    reader.click("#theme")
    assert reader.text("#theme") == "Colours: dark"
    dark = reader.page.evaluate(back)
    assert dark != light
    reader.open()
    assert reader.page.evaluate(back) == dark


def test_a_cell_shows_steps_expectations_scenario_and_command(reader):
    reader.open(CELL.format(label_of(reader, "Wine")))
    assert reader.page.locator(".trace thead .side").count() == 2
    first = reader.page.locator(".trace tr.first[data-step]").get_attribute("data-step")
    assert f"They differ from step {first} on" in reader.text(".difference h3")
    marked = reader.text(".yaml .marked")
    assert "send" in marked
    assert "Expectations" in reader.text("#cell-content")
    assert "conformance run portability/error-classes -t loopback -p windows-wine -i stdlib" in reader.text(
        "#cell-content"
    )


def test_another_group_can_be_shown_beside_the_first(reader):
    reader.open(CELL.format(label_of(reader, "Wine")))
    picker = reader.page.locator(".pickers select").nth(1)
    picker.select_option("")
    assert reader.page.locator(".trace thead .side").count() == 1


def test_without_script_the_summary_is_there_and_what_is_missing_is_said(reader_of, kept_page):
    reader = reader_of(kept_page, java_script_enabled=False)
    reader.page.goto(kept_page.as_uri())
    assert "cells" in reader.text(".summary")
    assert "needs JavaScript" in reader.text("noscript")
