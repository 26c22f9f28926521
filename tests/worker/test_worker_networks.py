"""Networks that belong to one cell: every host reaches every other, and nothing is left afterwards."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from functools import partial

import pytest

from conformance.tables.topologies import TOPOLOGIES
from conformance.worker.network import destroy, links, queues
from conformance.worker.network.namespaces import new_namespace, on_host
from conformance.worker.network.networks import Network, at_end, make


def lacking() -> str:
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    try:
        os.close(new_namespace())
    except OSError as error:
        return f"no network namespace can be made: {error}"
    return ""


pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "never")


@pytest.fixture(params=[(name, further) for name in TOPOLOGIES for further in ((), ("second", "third"))], ids=str)
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    name, further = request.param
    made = make(TOPOLOGIES[name], further)
    yield made
    made.close()


def refused(network: Network, source: str, target: str, family: int) -> bool:
    """True if a connection to a closed port of another host is refused, which shows that it is reached."""

    def try_it() -> bool:
        with socket.socket(socket.AF_INET if family == 1 else socket.AF_INET6) as sock:
            sock.settimeout(5)
            return sock.connect_ex((network.hosts[target].address(family == 2), 9)) == 111

    host = network.hosts[source].namespace
    assert host is not None
    return on_host(host, try_it)


@pytest.mark.parametrize("family", [1, 2], ids=["IPv4", "IPv6"])
def test_every_host_reaches_every_other(network: Network, family: int) -> None:
    pairs = [(one, other) for one in network.hosts for other in network.hosts if one != other]
    assert [each for each in pairs if not refused(network, *each, family)] == []


def test_a_host_that_lost_its_link_can_be_revived(network: Network) -> None:
    own, other = network.ends["server"]
    at_end(own, partial(links.set_up, up=False))
    assert not refused(network, "server", "client", 1)
    at_end(own, links.set_up)
    for end in (own, other):
        at_end(end, links.wait_until_running)
    network.revive("server")
    assert refused(network, "server", "client", 1)
    assert refused(network, "server", "client", 2)


def test_closing_a_network_leaves_no_descriptor() -> None:
    before = set(os.listdir("/proc/self/fd"))
    make(TOPOLOGIES["routed"], ("second", "third")).close()
    assert set(os.listdir("/proc/self/fd")) == before


def test_connections_that_wait_for_an_answer_do_not_outlive_it() -> None:
    network = make(TOPOLOGIES["direct"])
    client, server = (network.hosts[name].namespace for name in ("client", "server"))
    assert client is not None
    assert server is not None
    listener = on_host(server, lambda: socket.create_server((network.hosts["server"].ip4, 0)))
    sock = on_host(client, lambda: socket.create_connection(listener.getsockname()))
    for end in network.ends["client"]:
        at_end(end, queues.black_hole)
    sock.send(b"nobody answers this")
    sock.close()
    listener.close()
    assert on_host(client, connections) == 1
    network.abandon()
    assert on_host(client, connections) == 0
    assert on_host(server, connections) == 0
    network.close()


def connections() -> int:
    """Number of TCP sockets on the calling thread's host."""
    with open("/proc/thread-self/net/tcp", encoding="ascii") as file:
        return len(file.readlines()) - 1


def test_a_destroyed_listener_no_longer_listens() -> None:
    network = make(TOPOLOGIES["direct"])
    server = network.hosts["server"].namespace
    assert server is not None
    listener = on_host(server, lambda: socket.create_server((network.hosts["server"].ip4, 0)))
    on_host(server, destroy.destroy_sockets)
    listener.settimeout(5)
    with pytest.raises(OSError, match="Invalid argument"):
        listener.accept()
    listener.close()
    network.close()
