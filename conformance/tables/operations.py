"""The operations: what each takes and gives. A row here and a method of the adapters (or a program) make a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Union

Result = Union[str, tuple[tuple[str, str], ...]]
"""A result type, or the fields of a result with their types."""

RESULT_TYPES = {
    "nothing": "None",
    "count": "a number of bytes or things",
    "data": "bytes",
    "address": "an address, by the names that it has in the scenario",
    "ready": "a subset of [read, write, error]",
    "objects": "a list of objects, in the order given",
    "events": "a mapping of objects to lists of event symbols",
    "option": "the typed value of a socket option; SO_ERROR as a symbol or 0",
    "symbols": "a list of symbols",
    "symbol": "a symbol, or 0",
    "value": "any plain value",
    "bool": "true or false",
    "seconds": "a duration",
    "text": "plain text",
    "list": "a list of plain values",
}
"""The result types, and what is recorded of each."""

PARAMETER_TYPES = {
    "data": "data: text, hex, pattern, join, slice, empty or $saved",
    "parts": "data, or a list of data",
    "size": "a number of bytes: 9, 64 KiB, 4 MiB or $saved",
    "int": "an integer",
    "ordinal": "a number from 1 on",
    "times": "a number from 1 on, or all",
    "seconds": "seconds, or null",
    "bool": "true or false",
    "symbol": "a constant of the socket module, such as SHUT_WR",
    "flags": "a list of MSG_* names",
    "events": "a mapping of objects to lists of POLL* or EPOLL* names",
    "address": "an address: an object's name, free, nobody, {host, port}, {path}, {abstract}, unnamed",
    "object": "the name of an object",
    "objects": "a list of names of objects",
    "actor": "the name of an actor",
    "word": "one of the words that the row lists",
    "option": "the name of a socket option, such as SO_SNDBUF",
    "options": "a mapping of socket options to values",
    "value": "any plain value",
    "values": "a list of plain values",
    "text": "plain text",
    "fields": "a list of field names",
}
"""The parameter types, and how each is written."""

_REQUIRED = object()


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    type: str
    default: Any = _REQUIRED
    choices: tuple[str, ...] = ()
    """The words that it may be, for type ``word``; in the rows below they stand in place of the type."""

    @property
    def required(self) -> bool:
        """Whether a scenario must give it."""
        return self.default is _REQUIRED


@dataclass(frozen=True)
class Operation:
    """One operation.

    ``kind`` is ``verb`` (a method of the adapter), ``program`` (a loop over verbs), ``harness`` (done by the harness
    itself), ``process`` (done by the harness to the actor's own process) or ``fault``; ``on`` the kind of object that
    it is used on; ``makes`` what new object its result is; ``waits`` the system calls that it may wait in, beside
    those that the adapter declares.
    """

    name: str
    parameters: tuple[Parameter, ...]
    main: Optional[str]
    result: Result
    on: Optional[str] = "socket"
    makes: Optional[str] = None
    kind: str = "verb"
    unit: Optional[str] = None
    summary: str = ""
    waits: frozenset[str] = frozenset()
    varies: bool = False
    """Whether the result is a quantity of the run (how much fitted, how fast), which is not compared."""

    def parameter(self, name: str) -> Optional[Parameter]:
        """The parameter of this name, if there is one."""
        return next((each for each in self.parameters if each.name == name), None)


def parameters(text: str, defaults: dict[str, Any]) -> tuple[Parameter, ...]:
    """``name:type`` or ``name:word|word``, several with blanks between."""
    pairs = (item.split(":") for item in text.split())
    return tuple(_parameter(name, kind, defaults.get(name, _REQUIRED)) for name, kind in pairs)


def _parameter(name: str, kind: str, default: Any) -> Parameter:
    if "|" in kind:
        return Parameter(name, "word", default, tuple(kind.split("|")))
    return Parameter(name, kind, default)


def _op(
    name: str, takes: str, result: Result, summary: str, *, main: Optional[str] = None,
    on: Optional[str] = "socket", makes: Optional[str] = None, kind: str = "verb", unit: Optional[str] = None,
    waits: str = "", varies: bool = False, **defaults: Any,
) -> Operation:  # fmt: skip
    taken = parameters(takes, defaults)
    return Operation(name, taken, main, result, on, makes, kind, unit, summary, frozenset(waits.split()), varies)


_FROM = (("from", "address"),)
_RECEIVED = (("data", "data"), ("from", "address"))
_MESSAGE = (
    ("data", "data"), ("rights", "objects"), ("flags", "symbols"), ("from", "address"), ("credentials", "value"),
)  # fmt: skip
_LISTS = (("read", "objects"), ("write", "objects"), ("error", "objects"))
_INSPECTED = (
    ("family", "symbol"), ("type", "symbol"), ("protocol", "value"), ("timeout", "value"), ("blocking", "value"),
    ("descriptor_blocking", "value"), ("descriptor", "value"), ("inheritable", "value"), ("closed", "value"),
)  # fmt: skip

_SOCKETS = (
    _op("socket", "family:symbol type:symbol protocol:int", "nothing", "Makes a socket, of the transport's kind unless "
        "told otherwise.", on=None, makes="socket", family=None, type=None, protocol=0),
    _op("socketpair", "family:symbol type:symbol", "nothing", "Makes two connected sockets.", on=None,
        makes="pair", family=None, type=None),
    _op("bind", "address:address", "nothing", "Gives the socket an address.", main="address"),
    _op("listen", "backlog:int", "nothing", "Makes the socket a listener.", main="backlog", backlog=None),
    _op("accept", "", _FROM, "Takes a connection from the listener's queue.", makes="socket"),
    _op("connect", "address:address", "nothing", "Connects to an address.", main="address"),
    _op("connect_ex", "address:address", "symbol", "Connects; an error comes back as a value.", main="address"),
    _op("shutdown", "how:symbol", "nothing", "Ends one direction or both.", main="how"),
    _op("close", "", "nothing", "Closes the object.", on="any"),
    _op("close_descriptor", "", "nothing", "Closes the raw descriptor, also under other threads' calls.", on="any"),
    _op("detach", "", "nothing", "Gives up the descriptor without closing it.", makes="descriptor"),
    _op("dup", "", "nothing", "Makes a second socket for the same open file.", makes="socket"),
    _op("socket_from", "object:object", "nothing", "Makes a socket of a detached descriptor.", main="object", on=None,
        makes="socket"),
    _op("share", "object:object", "nothing", "Makes a second socket through share() and fromshare().", main="object",
        on=None, makes="socket"),
    _op("forget", "", (("warnings", "list"),), "Drops the last reference and collects garbage.", kind="harness"),
    _op("setting", "key:text", "value", "A kernel setting of the actor's host, such as `net.ipv4.tcp_retries2`.",
        main="key", on=None, kind="harness"),
    _op("vanish", "", "nothing", "The socket disappears: neither FIN nor RST is sent.", kind="harness"),
    _op("with_block", "", "nothing", "Enters and leaves the socket's with block."),
)  # fmt: skip

_TRANSFER = (
    _op("send", "data:data flags:flags", "count", "Sends what fits; says how much.", main="data", flags=()),
    _op("sendall", "data:data flags:flags", "nothing", "Sends all of it.", main="data", flags=()),
    _op("sendto", "data:data to:address flags:flags", "count", "Sends a datagram to an address.", flags=()),
    _op("sendmsg", "data:parts rights:objects credentials:bool to:address flags:flags", "count",
        "Sends parts as one, with descriptors.", main="data", rights=(), credentials=False, to=None, flags=()),
    _op("sendfile", "object:object offset:int count:int", "count", "Sends a file.", main="object", offset=0,
        count=None),
    _op("recv", "size:size flags:flags", "data", "Receives up to so many bytes.", main="size", flags=()),
    _op("recv_into", "size:size nbytes:int flags:flags", (("count", "count"), ("data", "data")),
        "Receives into a buffer of this size, at most nbytes where that is not 0.", main="size", nbytes=0, flags=()),
    _op("recvfrom", "size:size flags:flags", _RECEIVED, "Receives, and says from whom.", main="size", flags=()),
    _op("recvfrom_into", "size:size nbytes:int flags:flags",
        (("count", "count"), ("data", "data"), ("from", "address")),
        "Receives into a buffer, at most nbytes where that is not 0, and says from whom.", main="size", nbytes=0,
        flags=()),
    _op("recvmsg", "size:size rights:int control:int flags:flags", _MESSAGE,
        "Receives data, descriptors and flags.", main="size", rights=0, control=0, flags=()),
    _op("recvmsg_into", "size:size flags:flags", (("count", "count"), ("data", "data"), ("flags", "symbols")),
        "Receives into buffers, with flags.", main="size", flags=()),
)  # fmt: skip

_STATE = (
    _op("getsockname", "", "address", "The socket's own address."),
    _op("getpeername", "", "address", "The peer's address."),
    _op("setsockopt", "options:options option:option value:value level:symbol", "nothing", "Sets options.",
        main="options", options=None, option=None, value=None, level=None),
    _op("getsockopt", "option:option level:symbol bytes:int", "option", "Reads an option, typed or as raw bytes.",
        main="option", level=None, bytes=None),
    _op("setblocking", "flag:bool", "nothing", "Makes the socket blocking or not.", main="flag"),
    _op("getblocking", "", "bool", "Whether the socket object is in blocking mode."),
    _op("settimeout", "seconds:seconds", "nothing", "Sets the timeout of the socket object.", main="seconds"),
    _op("gettimeout", "", "value", "The timeout of the socket object, in seconds."),
    _op("set_inheritable", "flag:bool", "nothing", "Whether child processes inherit the descriptor.", main="flag"),
    _op("inspect", "fields:fields", _INSPECTED, "Reads attributes of the socket object and its descriptor.",
        main="fields", kind="harness"),
    _op("setdefaulttimeout", "seconds:seconds", "nothing", "Sets the timeout that new sockets start with.",
        main="seconds", on=None),
)  # fmt: skip

_FILES = (
    _op("makefile", "mode:text buffering:int", "nothing", "Makes a file object of the socket.", makes="file",
        main="mode", mode="r", buffering=None),
    _op("open", "content:data path:text", "nothing", "Makes an ordinary file with this content; at a path of the "
        "cell's folder if one is given.", on=None, makes="file", kind="harness", path=None),
    _op("pipe", "", "nothing", "Makes a pipe: {read, write}.", on=None, makes="pipe", kind="harness"),
    _op("read", "size:size", "data", "Reads from a file, pipe end or descriptor.", main="size", on="file"),
    _op("readline", "", "data", "Reads one line from a file.", on="file"),
    _op("write", "data:data", "count", "Writes to a file, pipe end or descriptor.", main="data", on="file"),
    _op("flush", "", "nothing", "Hands over what the file has buffered.", on="file"),
    _op("unlink", "path:text", "nothing", "Removes a path of the cell's folder.", main="path", on=None,
        kind="harness"),
    _op("chmod", "path:text mode:text", "nothing", "Sets the mode of a path.", on=None, kind="harness"),
    _op("stat", "path:text", (("type", "text"), ("mode", "text")), "Type and mode of a path.", main="path", on=None,
        kind="harness"),
)  # fmt: skip

_PROCESS = (
    _op("fork", "actor:actor", "nothing", "The actor's process forks; the child is the actor of this name and has "
        "copies of all objects, its parent's own as its own.", main="actor", on=None, kind="process"),
    _op("exit", "code:int", "nothing", "The process ends without cleaning up; over when it is gone.", main="code",
        on=None, kind="process", code=0),
    _op("on_signal", "signal:text action:default|ignore|count|raise", "nothing", "What a signal does to the process; "
        "raise raises HandlerRaised out of the call that it interrupts.", on=None, kind="process"),
    _op("limit_descriptors", "spare:int", "nothing", "The process can open so many more descriptors.", main="spare",
        on=None, kind="process"),
    _op("umask", "mode:text", "nothing", "Sets the process's file mode creation mask.", main="mode", on=None,
        kind="process"),
    _op("chdir", "path:text", "nothing", "The process's current folder becomes this one in the cell's folder, made if "
        "need be; from then on its {path: NAME} is an address relative to that, as it stands.", main="path", on=None,
        kind="process"),
    _op("spawn", "", "bool", "Starts a Python program; says whether it inherited the socket.", kind="harness",
        waits="wait4"),
)  # fmt: skip

_LOCKS = (
    _op("lock", "", "nothing", "Makes a lock (threading.Lock).", on=None, makes="lock", kind="harness"),
    _op("acquire", "", "nothing", "Takes a lock, and waits for it.", on="lock", kind="harness",
        waits="futex NtWaitForMultipleObjects"),
    _op("release", "", "nothing", "Gives a lock back.", on="lock", kind="harness"),
)  # fmt: skip

_READINESS = (
    _op("select", "read:objects write:objects error:objects timeout:seconds", _LISTS,
        "select(); without a timeout it waits.", on=None, read=(), write=(), error=(), timeout=None),
    _op("poll", "events:events timeout:seconds", "events", "poll(); by default it does not wait.", main="events",
        on=None, timeout=0),
    _op("epoll", "events:events", "nothing", "Makes an epoll object that watches these.", main="events", on=None,
        makes="poller"),
    _op("epoll_wait", "timeout:seconds", "events", "Waits on an epoll object.", main="timeout", on="poller",
        timeout=None),
    _op("kqueue", "events:events", "nothing", "Makes a kqueue that watches these, for POLLIN with KQ_FILTER_READ and "
        "for POLLOUT with KQ_FILTER_WRITE.", main="events", on=None, makes="poller"),
    _op("kqueue_wait", "timeout:seconds", "events", "Waits on a kqueue.", main="timeout", on="poller",
        timeout=None, waits="kevent"),
    _op("selector", "events:events", "nothing", "Makes a selectors.DefaultSelector that watches these.",
        main="events", on=None, makes="poller"),
    _op("selector_wait", "timeout:seconds", "events", "Waits on a selector.", main="timeout", on="poller",
        timeout=None),
    _op("fionread", "", "count", "How many bytes the system says can be read: ioctl(FIONREAD).", kind="harness"),
    _op("ready", "", "ready", "A snapshot of select's three lists for one socket.", kind="harness"),
    _op("await", "event:readable|writable|urgent|reset|end", "nothing", "Waits for an event without consuming it.",
        main="event", kind="harness"),
)  # fmt: skip

_BINARY = (
    _op("pack", "format:text values:values", "data", "struct.pack().", on=None, kind="harness"),
    _op("unpack", "format:text data:data", "list", "struct.unpack().", on=None, kind="harness"),
    _op("call", "function:text arguments:values", "value", "Calls a function of a fixed table, such as socket.htons.",
        main="function", on=None, kind="harness", arguments=()),
    _op("resolve", "host:text port:int family:symbol type:symbol flags:flags", "list", "socket.getaddrinfo(); a list "
        "of {family, type, host, port}, in the order given.", main="host", on=None, port=None,
        family=None, type=None, flags=(), waits="futex"),
    _op("has", "name:text", "bool", "Whether the socket module has this name.", main="name", on=None,
        kind="harness"),
)  # fmt: skip

_PROGRAMS = (
    _op("recv_exactly", "size:size", "data", "Receives until so many bytes are there, or the end.", main="size",
        kind="program"),
    _op("mysend", "data:data", "nothing", "The HOWTO's loop: sends what is left until nothing is. Raises "
        "RuntimeError where nothing was taken; waits by select where it would block.", main="data", kind="program"),
    _op("myreceive", "size:size", "data", "The HOWTO's loop: receives what is missing until nothing is. Raises "
        "RuntimeError at an early end; waits by select where it would block.", main="size",
        kind="program"),
    _op("recv_until_eof", "", "data", "Receives until zero bytes come.", kind="program"),
    _op("recv_message", "prefix:int already:data", "data", "Reads a decimal length prefix in one loop, the body in "
        "another.", kind="program", already=None),
    _op("recv_delimited", "delimiter:data", (("message", "data"), ("residue", "data")),
        "Reads up to a delimiter and keeps what came behind it.", main="delimiter", kind="program"),
    _op("fill", "record:size", "count", "Sends pattern bytes without waiting until nothing more fits.",
        kind="program", varies=True, record=None),
    _op("drain", "", "count", "Receives without waiting until nothing is left.", kind="program"),
    _op("take", "size:size", "seconds", "Receives so many bytes, also from a pipe; its measure is bytes per second "
        "from the first piece on.", main="size", on="any", kind="program", varies=True, unit="bytes/s"),
    _op("echo", "times:int size:size through:object", "nothing", "Sends back what comes, so many times; through "
        "another object, where it comes from a pipe.", on="any", kind="program", size=1, through=None),
    _op("ping", "times:int size:size through:object", "seconds", "Sends and waits for the echo, so many times; "
        "through another object, where that comes from a pipe. Its measure is the median of the seconds of a round "
        "trip.", on="any", kind="program", varies=True, size=1, unit="s", through=None),
    _op("connect_until_stuck", "to:address at_most:int", "count", "Connects fresh sockets until one does not "
        "connect at once; says how many did.", on=None, kind="program"),
    _op("bind_many", "address:address at_most:int", "count", "Binds fresh sockets to an address until one cannot be "
        "bound; says how many could. All stay open.", main="address", on=None, kind="program", at_most=100),
    _op("send_numbered", "times:int", "nothing", "Sends numbered records of 16 bytes.", main="times",
        kind="program"),
    _op("collect_numbered", "times:int", "count", "Receives numbered records; says how many came in order.",
        main="times", kind="program"),
)  # fmt: skip

OPERATIONS: dict[str, Operation] = {
    row.name: row
    for rows in (_SOCKETS, _TRANSFER, _STATE, _FILES, _PROCESS, _LOCKS, _READINESS, _BINARY, _PROGRAMS)
    for row in rows
}

FUNCTIONS = (
    "socket.htons", "socket.htonl", "socket.ntohs", "socket.ntohl", "socket.inet_aton", "socket.inet_ntoa",
    "socket.inet_pton", "socket.inet_ntop", "socket.getdefaulttimeout", "sys.byteorder", "struct.calcsize",
    "socket.CMSG_LEN", "socket.CMSG_SPACE", "int.to_bytes", "int.from_bytes", "len",
)  # fmt: skip
"""What ``call`` may call."""

EVENTS = ("readable", "writable", "urgent", "reset", "end")
"""What ``await`` may wait for."""
