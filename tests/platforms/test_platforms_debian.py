"""apt's sources are read in both formats, and its answers understood, without running apt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.platforms import SetupError, debian
from conformance.platforms.debian import Archive, Deb, Mirror, Source

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
# a comment between fields
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main

Types: deb
Enabled: no
URIs: http://disabled.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/apt/keyrings/mine.gpg] https://mirror.example/debian trixie main contrib # why
deb-src https://mirror.example/debian trixie main
deb https://vendor.example/apt trixie-vendor main
"""

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def test_deb822_sources_are_read_with_folded_fields_and_comments() -> None:
    first, second = debian.parse_deb822(DEB822)
    expected = (
        "http://mirror.example/debian",
        ("bookworm", "bookworm-updates"),
        ("main", "contrib"),
        KEYRING,
    )
    assert first == Source(*expected)
    assert second.suites == ("bookworm-security",)


def test_disabled_and_source_only_stanzas_are_left_out() -> None:
    uris = {source.uri for source in debian.parse_deb822(DEB822)}
    assert uris == {"http://mirror.example/debian", "http://mirror.example/debian-security"}


def test_an_embedded_key_is_no_keyring_path() -> None:
    stanza = DEB822.split("\n\n", maxsplit=1)[0].replace(
        f"Signed-By: {KEYRING}", "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----"
    )
    assert debian.parse_deb822(stanza)[0].keyring == ""


def test_one_line_sources_are_read_with_options_and_comments() -> None:
    first, second = debian.parse_one_line(ONE_LINE)
    expected = (
        "https://mirror.example/debian",
        ("trixie",),
        ("main", "contrib"),
        "/etc/apt/keyrings/mine.gpg",
    )
    assert first == Source(*expected)
    assert second == Source("https://vendor.example/apt", ("trixie-vendor",), ("main",))


def test_the_machines_sources_are_read_in_apts_order(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://one.example/debian sid main\n")
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "b.sources").write_text(DEB822)
    (tmp_path / "sources.list.d" / "a.list").write_text(ONE_LINE)
    (tmp_path / "sources.list.d" / "c.save").write_text(ONE_LINE)
    hosts = [source.uri.split("/")[2] for source in debian.machine_sources(tmp_path)]
    assert hosts == ["one.example", "mirror.example", "vendor.example", "mirror.example", "mirror.example"]


def test_a_machine_without_sources_has_none(tmp_path: Path) -> None:
    assert debian.machine_sources(tmp_path) == []


def test_the_mirror_is_found_among_other_vendors_archives() -> None:
    vendor = Source("https://vendor.example/apt", ("bookworm",), ("main",))
    mirror = debian.find_mirror([vendor, *debian.parse_deb822(DEB822)])
    assert mirror.main.uri == "http://mirror.example/debian"
    assert mirror.security is not None
    assert mirror.security.uri == "http://mirror.example/debian-security"


def test_a_machine_without_debians_archive_is_told_so() -> None:
    ubuntu = Source("http://archive.example/ubuntu", ("noble",), ("main",))
    with pytest.raises(SetupError, match="no Debian archive among this machine's apt sources"):
        debian.find_mirror([ubuntu])


def _mirror(keyring: Path) -> Mirror:
    main = Source("http://mirror.example/debian", ("bookworm",), ("main",), str(keyring))
    return Mirror(main, Source("http://mirror.example/security", ("bookworm-security",), ("main",), str(keyring)))


def test_private_sources_name_the_suite_the_architecture_and_the_keyring(tmp_path: Path) -> None:
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    options = f"[arch=s390x signed-by={keyring}]"
    assert debian.sources_list(_mirror(keyring), "bookworm", "s390x") == (
        f"deb {options} http://mirror.example/debian bookworm main\n"
        f"deb {options} http://mirror.example/security bookworm-security main\n"
    )


def test_sid_has_no_security_archive(tmp_path: Path) -> None:
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    assert debian.sources_list(_mirror(keyring), "sid", "amd64").count("\n") == 1


def test_without_a_keyring_nothing_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"no keyring .*gone\.gpg") as caught:
        debian.sources_list(_mirror(tmp_path / "gone.gpg"), "sid", "amd64")
    assert caught.value.remedy == "install debian-archive-keyring"


def test_apts_plan_is_understood_with_epochs_in_versions() -> None:
    plan = (
        "'http://mirror.example/z/zlib1g_1.3%2br_s390x.deb' zlib1g_1%3a1.3+r_s390x.deb 88720 SHA256:ab\n"
        "'http://mirror.example/l/libc6_2.36-9%2bdeb12u14_s390x.deb' libc6_2.36-9+deb12u14_s390x.deb 2256 \n"
    )
    assert debian.planned(plan) == [
        Deb("zlib1g_1%3a1.3+r_s390x.deb", "zlib1g=1:1.3+r", 88720),
        Deb("libc6_2.36-9+deb12u14_s390x.deb", "libc6=2.36-9+deb12u14", 2256),
    ]


def test_the_private_configuration_keeps_all_of_apts_state_in_its_folder(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    lines = Archive("sid", "amd64", tmp_path / "state")._configuration().splitlines()
    folders = [line for line in lines if line.startswith("Dir::")]
    assert folders
    assert all(f' "{state}' in line for line in folders)
    assert "#clear APT::Update::Post-Invoke;" in lines


@pytest.mark.skipif(os.name == "nt", reason="Windows has other links")
def test_absolute_links_of_a_tree_resolve_without_a_chroot(tmp_path: Path) -> None:
    (tmp_path / "usr" / "lib").mkdir(parents=True)
    (tmp_path / "usr" / "lib" / "target").write_text("found")
    (tmp_path / "usr" / "lib" / "link").symlink_to("/usr/lib/target")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "folder").symlink_to("/usr/lib")
    debian.unpack([], tmp_path)
    assert os.readlink(tmp_path / "usr" / "lib" / "link") == "target"
    assert (tmp_path / "etc" / "folder" / "link").read_text() == "found"
    assert os.readlink(tmp_path / "lib64") == "usr/lib64"
