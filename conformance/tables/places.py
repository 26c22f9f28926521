"""The words for addresses and hosts, with the address that the worker uses for each."""

from __future__ import annotations

ADDRESSES = {
    "free": "an address of the transport that nobody uses: port 0 of the actor's own host, or a new path or name",
    "nobody": "an address at which nobody listens; the harness holds it, so that nobody else can take it meanwhile",
    "unnamed": "the address of an AF_UNIX socket that was never bound; it can only be expected",
}
"""The words that stand for a whole address."""

HOSTS = {
    "any": "the wildcard address, 0.0.0.0 or ::",
    "loopback": "127.0.0.1 or ::1",
    "own-name": "the name that socket.gethostname() gives",
    "mapped-loopback": "127.0.0.1 as an IPv6 address, ::ffff:127.0.0.1",
    "broadcast": "255.255.255.255, or the group of all nodes, ff02::1",
    "unrouted": "203.0.113.1 or 2001:db8:ffff::1, documentation addresses to which the hosts have no route",
    "absent-neighbour": "192.0.2.99 or 2001:db8::99, on the link of the two hosts and used by neither",
}
"""The words that stand for a host. The name of an actor stands for the host on which that actor lives."""

INSPECTED = {
    "family": "`sock.family`, such as AF_INET",
    "type": "`sock.type`, such as SOCK_STREAM",
    "protocol": "`sock.proto`, a number",
    "timeout": "`sock.gettimeout()`, seconds or null",
    "blocking": "`sock.getblocking()`, true or false",
    "descriptor_blocking": "whether the descriptor itself is blocking (O_NONBLOCK is not set); unsupported on Windows",
    "descriptor": "`open`, or -1 where `sock.fileno()` is negative",
    "inheritable": "`sock.get_inheritable()`, true or false",
    "closed": "whether `sock.fileno()` is negative, true or false",
}
"""What `inspect` can read of a socket."""

WIDE_VIEW, WIDE_ITEM = "wide-view", 4
"""The kind of buffer whose items are more than single bytes, and how many bytes an item has."""

BUFFERS = {
    "bytes": "a bytes object",
    "bytearray": "a bytearray",
    "memoryview": "a memoryview of a bytearray",
    "array": "an array.array of single bytes",
    WIDE_VIEW: f"a memoryview whose items have {WIDE_ITEM} bytes each, so that its len() is not its number of bytes",
}
"""What `buffer` may be of calls that send, and, except for bytes, of calls that receive into a buffer."""
