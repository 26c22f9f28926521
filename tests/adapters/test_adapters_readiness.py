"""An implementation's own select and selectors are used; readiness is a set, shown in one order."""

import sys

import pytest

from conformance.engine.differential import alike

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses poll and epoll, and bits that Linux reports")

FUNCTIONS = """
import select as system
import selectors as systems


def select(read, write, error, timeout=None):
    return tuple(found[::-1] for found in system.select(read, write, error, timeout))


class poll:
    '''Says of everything that it is urgent, too.'''

    bit = system.POLLPRI

    def __init__(self):
        self.real = self.make()

    def make(self):
        return system.poll()

    def register(self, *arguments):
        self.real.register(*arguments)

    def poll(self, timeout=None):
        return [(number, mask | self.bit) for number, mask in self.real.poll(timeout)][::-1]

    def close(self):
        self.real.close()


class epoll(poll):
    bit = system.EPOLLPRI

    def make(self):
        return system.epoll()


class DefaultSelector(systems.DefaultSelector):
    def select(self, timeout=None):
        return [(key, systems.EVENT_WRITE) for key, _ in super().select(timeout)]
"""

LAYOUTS = {
    "in-the-module": FUNCTIONS + "\nfrom socket import socket\n",
    "in-modules-of-it": "import types\nselect = selectors = types.ModuleType('inner')\n"
    f"exec({FUNCTIONS!r}, vars(select))\nfrom socket import socket\n",
}

SCENARIO = """
summary: A socket with data is ready.
sources: [POSIX poll()]
transports: [unix]
given: connected
steps:
  - client: {sendall: {text: x}}
  - server: {sendall: {text: x}}
  - server: {select: {read: [client, server]}, returns: {read: [server, client], write: []}}
  - server: {poll: {server: [POLLOUT, POLLIN], client: [POLLIN]}}
  - server: {epoll: {self: [EPOLLIN]}, as: watch}
  - server: {epoll_wait: {}, using: watch}
  - server: {selector: {self: [EVENT_READ]}, as: other}
  - server: {selector_wait: {}, using: other}
"""


def observed(outcome):
    assert outcome.verdict.kind == "pass", outcome.verdict
    return [outcome.observations[number].canonical for number in (3, 4, 6, 8)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_implementations_own_functions_are_used(runner, cell, tmp_path, layout):
    path = tmp_path / f"own_{layout.replace('-', '_')}.py"
    path.write_text(LAYOUTS[layout], "utf-8")
    lists, polled, epolled, selected = observed(runner.run(cell(SCENARIO, str(path))))
    assert lists == {"read": ["client", "server"], "write": [], "error": []}
    assert list(polled.items()) == [("client", ["POLLIN", "POLLPRI"]), ("server", ["POLLIN", "POLLPRI", "POLLOUT"])]
    assert (epolled, selected) == ({"server": ["EPOLLIN", "EPOLLPRI"]}, {"server": ["EVENT_WRITE"]})


def test_another_order_is_no_difference(runner, cell, tmp_path):
    path = tmp_path / "reversed.py"
    path.write_text("import select as system\nfrom socket import socket\n\ndef select(*lists):\n"
                    "    return tuple(found[::-1] for found in system.select(*lists))\n", "utf-8")  # fmt: skip
    one, other = runner.run(cell(SCENARIO)), runner.run(cell(SCENARIO, str(path)))
    assert observed(one) == observed(other)
    assert 3 in alike(one.cell.case.steps, one.observations, other.observations)


@pytest.mark.parametrize(
    "asked, reported",
    [
        ("POLLIN, POLLRDNORM, POLLOUT, POLLWRNORM", "[POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM]"),
        ("POLLWRNORM, POLLRDNORM", "[POLLRDNORM, POLLWRNORM]"),
        ("POLLIN", "[POLLIN]"),
    ],
)
def test_every_bit_of_the_vocabulary_is_observed(runner, cell, asked, reported):
    text = SCENARIO.partition("  - server: {select")[0]
    found = runner.run(cell(text + f"  - server: {{poll: {{self: [{asked}]}}, returns: {{self: {reported}}}}}\n"))
    assert found.verdict.kind == "pass", found.verdict
    assert found.observations[3].canonical == {"server": reported.strip("[]").split(", ")}
