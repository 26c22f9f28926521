"""The calls that scenarios can make on an implementation: the arguments and results that operators can alter.

Only calls that an operation, a fixture or a program of the harness makes are listed; a test compares them with the
adapter. No scenario can judge a call that nobody makes, for example ``create_server``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One call: a method or property of a socket, or a function of the module (``of_module``).

    ``arguments`` are (name, kind) in the order of the call, ``results`` the kinds of what it returns: several where it
    returns a tuple. ``traits``: ``fails`` (the system may refuse it), ``waits`` (it may wait), ``repeats`` (a second
    call changes nothing), ``ends`` (afterwards there is no descriptor), ``property``.
    """

    name: str
    results: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...] = ()
    traits: frozenset[str] = frozenset()
    of_module: bool = False


def _call(name: str, results: str, arguments: str = "", traits: str = "", of_module: bool = False) -> Call:
    pairs = (word.partition(":") for word in arguments.split())
    taken = tuple((given, kind or given) for given, _, kind in pairs)
    return Call(name, tuple(results.split()), taken, frozenset(traits.split()), of_module)


SURFACE: tuple[Call, ...] = (
    _call("__init__", "nothing", "family:default type:default proto:default fileno", "fails repeats"),
    _call("__enter__", "unseen", "", "ends repeats"),
    _call("__exit__", "unseen", "", "ends repeats"),
    _call("__del__", "unseen", "", "ends repeats"),
    _call("accept", "child address", "", "fails waits"),
    _call("bind", "nothing", "address", "fails"),
    _call("close", "nothing", "", "ends repeats"),
    _call("connect", "nothing", "address", "fails waits"),
    _call("connect_ex", "error", "address", "waits"),
    _call("detach", "descriptor", "", "ends repeats"),
    _call("dup", "child", "", "fails"),
    _call("family", "family", "", "property repeats"),
    _call("fileno", "number", "", "repeats"),
    _call("get_inheritable", "answer", "", "fails repeats"),
    _call("getblocking", "answer", "", "repeats"),
    _call("getpeername", "address", "", "fails repeats"),
    _call("getsockname", "address", "", "fails repeats"),
    _call("getsockopt", "option", "level optname buflen", "fails"),
    _call("gettimeout", "seconds", "", "repeats"),
    _call("listen", "nothing", "backlog", "fails repeats"),
    _call("makefile", "file", "mode buffering", ""),
    _call("proto", "protocol", "", "property repeats"),
    _call("recv", "data", "bufsize:size flags", "fails waits"),
    _call("recv_into", "count", "buffer nbytes flags", "fails waits"),
    _call("recvfrom", "data address", "bufsize:size flags", "fails waits"),
    _call("recvfrom_into", "count address", "buffer nbytes flags", "fails waits"),
    _call("recvmsg", "data ancillary msgflags address", "bufsize:size ancbufsize flags", "fails waits"),
    _call("recvmsg_into", "count unseen msgflags unseen", "buffers ancbufsize:unused flags", "fails waits"),
    _call("send", "count", "data flags", "fails waits"),
    _call("sendall", "nothing", "data flags", "fails waits"),
    _call("sendfile", "count", "file offset count", "fails waits"),
    _call("sendmsg", "count", "buffers:parts ancdata flags address:destination", "fails waits"),
    _call("sendto", "count", "data flags address:destination", "fails waits"),
    _call("set_inheritable", "nothing", "inheritable:flag", "fails repeats"),
    _call("setblocking", "nothing", "flag", "fails repeats"),
    _call("setsockopt", "unseen", "level optname value", "fails repeats"),
    _call("settimeout", "nothing", "value:seconds", "fails repeats"),
    _call("shutdown", "nothing", "how", "fails"),
    _call("type", "kind", "", "property repeats"),
    _call(
        "getaddrinfo", "infos", "host port family:lookup type:lookup proto:unused flags:lookup", "fails repeats", True
    ),
    _call(
        "select", "lists", "rlist:watched wlist:watched xlist:watched timeout:seconds", "fails repeats", of_module=True
    ),
    _call("setdefaulttimeout", "unseen", "timeout:seconds", "repeats", of_module=True),
    _call("socketpair", "pair", "family:keyword type:keyword", "fails", of_module=True),
)
"""Every call that can be reached. ``fromshare`` and ``share`` are left out: they exist on Windows alone."""
