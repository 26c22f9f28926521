"""Questions of new users, each answered within three actions: clicks, choices or typed queries."""

import pytest

WINE = "Wine"


@pytest.fixture(autouse=True)
def within_three(reader):
    yield
    assert 1 <= reader.actions <= 3


def test_does_recv_after_a_reset_differ_on_windows(reader):
    reader.ask("recv reset record:windows,linux is:different")
    reader.click(f'#grid td.state[class*="k-"][aria-label^="{WINE}"][aria-label*="a-reset"]')
    shown = reader.text("#cell-content")
    assert "They differ from step" in shown
    assert "recv" in reader.text(".difference h3")
    assert {"A", "B"} <= set(reader.page.locator(".difference .letter").all_inner_texts())
    assert WINE in shown
    assert reader.page.locator(".trace tr.flag").inner_text() == "▼ first difference"


def test_what_is_different_on_big_endian(reader):
    reader.ask("pair:big,x86_64 section:binary")
    ids = reader.page.locator("#grid tr.scenario .id").all_inner_texts()
    assert "native-order-is-the-hosts" in ids
    reader.click('#grid td[class*="k-"][aria-label*="native-order-is-the-hosts"]')
    assert "returned big" in reader.text(".difference")


def test_which_differences_has_nobody_explained(reader):
    reader.click('[data-view="differences"]')
    badges = reader.page.locator("#differences-list .badge").all_inner_texts()
    unexplained = [badge for badge in badges if badge == "! unexplained"]
    assert unexplained
    assert badges[: len(unexplained)] == unexplained
    reader.click('[data-term="is:unexplained"]')
    assert set(reader.page.locator("#differences-list .badge").all_inner_texts()) == {"! unexplained"}


def test_is_a_sentence_of_the_howto_true_on_windows(reader):
    reader.click('[data-view="claims"]')
    reader.choose("#pick-on", WINE)
    card = reader.page.locator("#claims-list article", has_text="recv-zero-means-closed").first
    assert card.locator(".status").inner_text().strip("✓≈✗– ") in ("confirmed", "confirmed with caveat", "contradicted")
    assert "When recv() returns zero bytes" in card.inner_text()


def test_why_was_a_cell_not_run_on_wine(reader):
    reader.click('[data-view="coverage"]')
    record = reader.page.locator("#coverage-list section", has_text=WINE)
    assert "AF_UNIX" in record.inner_text()


def test_how_is_a_difference_reproduced(reader):
    reader.click('[data-term="is:unexplained"]')
    reader.click(f'#grid td.k-unexplained[aria-label^="{WINE}"]')
    command = reader.text(".command")
    assert command.startswith("conformance run ")
    assert command.endswith("-p windows-wine -i stdlib") or " -p windows-wine -i stdlib -k " in command


def test_which_source_says_what_is_right(reader):
    reader.click('[data-term="is:documented"]')
    reader.click("#grid td.k-documented")
    assert "stated" in reader.text(".difference .sides")
    assert "(" in reader.text(".difference .sides")
