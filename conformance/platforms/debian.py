"""Fetches Debian packages: apt, with a private state, checks signatures; tar unpacks the packages.

Nothing outside the given folders changes. The address of the archive comes from this machine's own apt
sources (sources.list(5), both the one-line and the deb822 format).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from conformance.platforms.base import Report, SetupError
from conformance.platforms.commands import run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""The keyring of the package debian-archive-keyring, for sources that name none."""

_RELEASES = r"(?:old)*stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke"
_MAIN_SUITE = re.compile(rf"(?:{_RELEASES})(?:-updates)?/?")
_SECURITY_SUITE = re.compile(rf"(?:{_RELEASES})(?:-security|/updates)/?")
_WITHOUT_SECURITY = frozenset({"sid", "unstable"})
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")
_PLANNED = re.compile(r"^'[^']*' (?P<file>\S+\.deb) (?P<size>\d+)", re.MULTILINE)
_NOT_NEEDED = (
    *(f"usr/share/{name}" for name in ("doc", "man", "lintian", "locale", "info", "bug", "doc-base")),
    # An emulator looks below the root first, so these folders would hide those of the host.
    *("var", "tmp", "proc", "dev", "sys", "run", "home", "root"),
)
_NETWORK = "is the network up, and does `apt-get update` work on this machine?"

# The hooks are cleared because they would change this machine's own caches. The user of apt's sandbox is root
# because another user could not write into the private folders.
_CONFIGURATION = """\
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Install::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Dir::State "{state}";
Dir::State::lists "{state}/lists";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Cache::archives "{state}/archives";
Dir::Log "{state}/log";
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "{state}/empty";
Dir::Etc::preferences "{state}/preferences";
Dir::Etc::preferencesparts "{state}/empty";
"""


@dataclass(frozen=True)
class Source:
    """One archive of this machine's apt sources; `keyring` is a path, or '' if the source names none."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    keyring: str = ""


@dataclass(frozen=True)
class Mirror:
    """The archive from which this machine gets Debian, and the security archive if it has one."""

    main: Source
    security: Source | None


@dataclass(frozen=True)
class Deb:
    """One package file that apt would fetch; `wanted` is 'name=version' for apt, `size` is in bytes."""

    file: str
    wanted: str
    size: int


def parse_one_line(text: str) -> list[Source]:
    """The enabled binary sources of a `.list` file."""
    matches = (_ONE_LINE.match(line.split("#")[0].strip()) for line in text.splitlines())
    return [_from_one_line(match) for match in matches if match]


def _from_one_line(match: re.Match[str]) -> Source:
    options = dict(option.split("=", 1) for option in (match["options"] or "").split() if "=" in option)
    keyring = _keyring_path(options.get("signed-by", ""))
    return Source(match["uri"], (match["suite"],), tuple(match["components"].split()), keyring)


def parse_deb822(text: str) -> list[Source]:
    """The enabled binary sources of a `.sources` file, one for each URI."""
    return [source for stanza in re.split(r"\n\s*\n", text) for source in _from_stanza(_fields(stanza))]


def _fields(stanza: str) -> dict[str, str]:
    lines = [line for line in stanza.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\n[ \t]+", " ", "\n".join(lines))
    pairs = (line.split(":", 1) for line in joined.splitlines() if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _from_stanza(fields: dict[str, str]) -> list[Source]:
    enabled = fields.get("enabled", "yes").lower() not in {"no", "false", "0"}
    if not enabled or "deb" not in fields.get("types", "").split():
        return []
    suites, components = tuple(fields.get("suites", "").split()), tuple(fields.get("components", "").split())
    keyring = _keyring_path(fields.get("signed-by", ""))
    return [Source(uri, suites, components, keyring) for uri in fields.get("uris", "").split()]


def _keyring_path(signed_by: str) -> str:
    """The first path in a Signed-By option, or '' if it holds fingerprints or an embedded key."""
    first = signed_by.replace(",", " ").split()
    return first[0] if first and first[0].startswith("/") else ""


def machine_sources(etc: Path = Path("/etc/apt")) -> list[Source]:
    """All binary sources of this machine, in apt's order."""
    parts = etc / "sources.list.d"
    files = [etc / "sources.list", *(sorted(parts.iterdir()) if parts.is_dir() else ())]
    parsers = {".list": parse_one_line, ".sources": parse_deb822}
    known = [file for file in files if file.suffix in parsers and file.is_file()]
    texts = [(parsers[file.suffix], file.read_text("utf-8", "replace")) for file in known]
    return [source for parse, text in texts for source in parse(text)]


def find_mirror(sources: Sequence[Source]) -> Mirror:
    """The Debian archives among the sources of this machine. Raises `SetupError` if there is none."""
    main = _first(sources, _MAIN_SUITE)
    if main is None:
        raise SetupError("no Debian archive among this machine's apt sources", "see sources.list(5)")
    return Mirror(main, _first(sources, _SECURITY_SUITE))


def _first(sources: Sequence[Source], suite: re.Pattern[str]) -> Source | None:
    sources = [source for source in sources if "main" in source.components]
    fitting = [source for source in sources if any(map(suite.fullmatch, source.suites))]
    # Other vendors use the names of Debian's releases, too: prefer an archive that looks like Debian's own.
    return min(fitting, key=_looks_foreign, default=None)


def _looks_foreign(source: Source) -> bool:
    return "debian-archive" not in source.keyring and "/debian" not in source.uri


def sources_list(mirror: Mirror, suite: str, architecture: str) -> str:
    """A private sources.list(5) for one suite and architecture. Raises `SetupError` without a keyring."""
    lines = [_line(mirror.main, suite, architecture)]
    if mirror.security is not None and suite not in _WITHOUT_SECURITY:
        lines.append(_line(mirror.security, f"{suite}-security", architecture))
    return "\n".join(lines) + "\n"


def _line(source: Source, suite: str, architecture: str) -> str:
    keyring = source.keyring or str(KEYRING)
    if not Path(keyring).is_file():
        reason = f"there is no keyring {keyring} to check Debian's signatures with"
        raise SetupError(reason, "install debian-archive-keyring")
    return f"deb [arch={architecture} signed-by={keyring}] {source.uri} {suite} main"


def planned(uris: str) -> list[Deb]:
    """The packages in the output of `apt-get --print-uris`."""
    return [_deb(match["file"], int(match["size"])) for match in _PLANNED.finditer(uris)]


def _deb(file: str, size: int) -> Deb:
    name, version, _ = unquote(file).split("_", 2)
    return Deb(file, f"{name}={version}", size)


@dataclass(frozen=True)
class Archive:
    """One suite of Debian for one architecture; `state` is the private folder of apt's state."""

    suite: str
    architecture: str
    state: Path

    def refresh(self, report: Report) -> None:
        """Write the private configuration and fetch the lists of packages. Raises `SetupError`."""
        mirror = find_mirror(machine_sources())
        for folder in ("lists/partial", "cache", "archives/partial", "log", "empty"):
            (self.state / folder).mkdir(parents=True, exist_ok=True)
        (self.state / "status").touch()
        (self.state / "sources.list").write_text(sources_list(mirror, self.suite, self.architecture), "utf-8")
        (self.state / "apt.conf").write_text(self._configuration(), "utf-8")
        report(f"fetching the list of packages of Debian {self.suite} for {self.architecture}")
        self._apt("update", purpose=f"apt-get update for Debian {self.suite} {self.architecture}")

    def with_dependencies(self, packages: Sequence[str]) -> list[Deb]:
        """The package files of `packages` and of all their dependencies."""
        options = ("--print-uris", "--no-install-recommends", "--assume-yes", "-qq")
        return planned(self._apt(*options, "install", *packages, purpose=f"resolving {' '.join(packages)}"))

    def exactly(self, packages: Sequence[str]) -> list[Deb]:
        """The package files of `packages` alone."""
        return planned(self._apt("--print-uris", "-qq", "download", *packages, purpose="finding packages"))

    def fetch(self, debs: Sequence[Deb], into: Path, report: Report) -> list[Path]:
        """Download packages into a folder, except those that are there already. Raises `SetupError`."""
        into.mkdir(parents=True, exist_ok=True)
        megabytes = sum(deb.size for deb in debs) / 1e6
        origin = f"Debian {self.suite} {self.architecture}"
        report(f"downloading {len(debs)} packages of {origin}, {megabytes:.0f} MB")
        self._apt("-qq", "download", *(deb.wanted for deb in debs), purpose="downloading packages", cwd=into)
        return [into / deb.file for deb in debs]

    def _configuration(self) -> str:
        return _CONFIGURATION.format(architecture=self.architecture, state=self.state)

    def _apt(self, *words: str, purpose: str, cwd: Path | None = None) -> str:
        configuration = self.state / "apt.conf"
        argv = ["apt-get", "-c", str(configuration), *words]
        return run(argv, purpose=purpose, timeout=1800, cwd=cwd, remedy=_NETWORK)


def unpack(debs: Sequence[Path], root: Path, *, only: Sequence[str] = ()) -> None:
    """Unpack packages into `root`, laid out with a merged /usr; `only` names members ('./usr/…')."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for deb in debs:
        _extract(deb, root, only)
    _make_links_relative(root)


def _extract(deb: Path, root: Path, only: Sequence[str]) -> None:
    exclude = [f"--exclude=./{name}" for name in _NOT_NEEDED]
    tar = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(root), *exclude, *only]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as contents:
        done = subprocess.run(tar, check=False, stdin=contents.stdout, stderr=subprocess.PIPE)
    if done.returncode or contents.returncode:
        raise SetupError(f"unpacking {deb.name}: {done.stderr.decode('utf-8', 'replace').strip()}")


def _make_links_relative(root: Path) -> None:
    """Make absolute links in the tree relative, so that they work without a chroot."""
    for link in _absolute_links(root):
        target = os.readlink(link)
        link.unlink()
        link.symlink_to(os.path.relpath(f"{root}{target}", link.parent))


def _absolute_links(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        paths = (Path(folder, name) for name in (*folders, *files))
        yield from [path for path in paths if path.is_symlink() and os.readlink(path).startswith("/")]
