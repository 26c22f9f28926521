"""The operations: what each takes and returns, and everything else that is special about it.

No other module compares the name of an operation: every special property is a column of :class:`Operation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Union

from conformance.tables.options import unit_of_option
from conformance.tables.symbols import SYMBOLS
from conformance.tables.transports import Transport

Result = Union[str, tuple[tuple[str, str], ...]]
"""A result type, or the fields of a result with their types."""

RESULT_TYPES = {
    "nothing": "None",
    "count": "a number of bytes or things",
    "data": "bytes",
    "address": "an address, by the names that it has in the scenario",
    "ready": "a subset of [read, write, error], shown in this order",
    "objects": "a list of objects, in the order given",
    "set": "a set of objects, shown in the order of their names",
    "events": "a mapping of objects to sets of event symbols",
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

UNORDERED = frozenset(["ready", "set", "symbols"])
"""The result types that are sets: lists in any order are equal."""


def kind_of_field(kind: Result, field: str) -> Result:
    """The result type of a field of a result."""
    if kind == "events":
        return "symbols"
    return "value" if isinstance(kind, str) else dict(kind).get(field, "value")


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
    "signal-name": "a signal by its name, such as SIGUSR1",
    "option": "the name of a socket option, such as SO_SNDBUF",
    "options": "a mapping of socket options to values",
    "option-value": "a value of the type that the option has, or data",
    "values": "a list of plain values",
    "text": "plain text",
    "format": "a format of struct, such as !HI",
    "fields": "a list of field names",
}
"""The parameter types, and how each is written."""

_REQUIRED = object()
OF_TRANSPORT = object()
"""The default of a parameter that is taken from the transport."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    type: str
    default: Any = _REQUIRED
    choices: tuple[str, ...] = ()
    """For type ``word``: the possible words. In the rows below they stand in place of the type."""
    among: tuple[str, ...] = ()
    """For other types: the possible names. In the rows below their vocabularies stand in brackets."""

    @property
    def required(self) -> bool:
        """Whether a scenario must give it."""
        return self.default is _REQUIRED


SENDS, RECEIVES, LOOPS, BUFFERS = "sends", "receives", "loops", "buffers"
"""How an operation moves bytes: by one call, by as many calls as it takes, or through the buffer of a file."""

OF_OPTION, BYTES_OR_RECORDS = "the option's unit", "bytes or records"
"""Units that depend on the option that is read, and on whether the transport is a stream."""

DATA = "data"
"""The arrow of an operation that sends data; a drawing writes the data on it."""

SOCKET, PAIR, PIPE, POLLER = "socket", "pair", "pipe", "poller"
"""Some kinds of objects that operations make."""


_USABLE = {
    SOCKET: frozenset([SOCKET]),
    "file": frozenset(["file", PIPE, "descriptor"]),
    "lock": frozenset(["lock"]),
    "memory": frozenset(["memory"]),
}
"""For each value of ``on``: the kinds of objects that an operation accepts."""


@dataclass(frozen=True)
class Operation:
    """One operation.

    ``kind`` is ``verb`` (a method of the adapter), ``program`` (a loop over verbs), ``harness`` (done by the harness
    itself), ``process`` (done by the harness to the actor's own process) or ``fault``. ``on`` is the kind of object
    that it is used on, ``makes`` the kind of new object that it gives. ``waits`` are the system calls that it may wait
    in, beside those that the adapter declares. ``unit`` is that of its result, where this is a number.
    """

    name: str
    parameters: tuple[Parameter, ...]
    main: Optional[str]
    result: Result
    summary: str
    on: Optional[str] = SOCKET
    makes: Optional[str] = None
    kind: str = "verb"
    unit: str = ""
    waits: frozenset[str] = frozenset()
    arrow: str = ""
    """What a drawing writes on the arrow to the peer; no arrow where this is empty."""
    shares: bool = False
    """What it makes refers to the same open file as the object that it is used on, or that it names."""
    moves: str = ""
    """How it moves bytes: one of the words above; empty if it moves none."""
    rest: Optional[str] = None
    """The field of the result with the bytes that it received beyond those it was asked for."""
    nonblocking_if: Optional[tuple[str, Any]] = None
    """A parameter and the value by which it makes a socket non-blocking."""
    unbuffered_if: Optional[tuple[str, Any]] = None
    """A parameter and the value by which it makes a file without a buffer: reads and writes are single calls."""
    restored_by: Optional[tuple[tuple[str, Any], ...]] = None
    """It changes something for the whole process; a call with these arguments restores that after the cell."""
    varies: bool = False
    """Its result differs from run to run (how much fitted, how fast) and is not compared."""
    or_nothing: bool = False
    """Its result may also be None: a file returns that if its socket would block."""
    by_name: bool = False
    """It gets the name of the object that it is used on, not the object."""
    gives_address: bool = False
    """Afterwards a socket may have a new address."""
    may_wait: bool = False
    """It may find that it would block, though it moves no bytes."""
    patient: bool = False
    """It goes on after a would-block."""
    until_refused: bool = False
    """It takes a would-block as the sign that a buffer is full, or empty."""
    looks: bool = False
    """It checks whether something can be received, without receiving it."""
    disturbs: bool = False
    """It disturbs a connection, a host or a process."""
    forks: bool = False
    """Its process forks; its argument is the name of the new process's actor."""
    ends_process: bool = False
    """The end of its process is its success."""
    sets_signal: bool = False
    """It sets what its process does when it gets a signal: parameters ``signal`` and ``action``."""

    def parameter(self, name: str) -> Optional[Parameter]:
        """The parameter of this name, if there is one."""
        return next((each for each in self.parameters if each.name == name), None)

    @property
    def made(self) -> str:
        """The kind of object that it makes, as ``usable_on`` names kinds: a poller by the operation that makes it."""
        if self.makes == PAIR:
            return SOCKET
        return self.name if self.makes == POLLER else str(self.makes)

    @property
    def usable_on(self) -> frozenset[str]:
        """The kinds of objects that it can be used on; empty if any will do."""
        if self.on == POLLER:
            return frozenset([self.name.removesuffix("_wait")])
        return _USABLE.get(str(self.on), frozenset())

    @property
    def repeatable(self) -> bool:
        """Whether a step may make the call several times: it is not done to a process, the network or a host."""
        return self.kind in ("verb", "program", "harness")

    def result_if(self, repeated: bool) -> Result:
        """The type of a step's result: a repeated step counts its calls."""
        return "count" if repeated else self.result

    def new_actors(self, arguments: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
        """The actors that a step with these arguments creates."""
        return tuple(str(getattr(value, "value", "")) for _, value in arguments) if self.forks else ()

    def unit_on(self, transport: Transport, option: Optional[str]) -> str:
        """The unit of a numeric result; ``option`` is the option that the step reads, if any."""
        if self.unit == OF_OPTION:
            return unit_of_option(option)
        if self.unit == BYTES_OR_RECORDS:
            return "bytes" if "stream" in transport.groups else "records"
        return self.unit


FUNCTIONS = (
    "socket.htons", "socket.htonl", "socket.ntohs", "socket.ntohl", "socket.inet_aton", "socket.inet_ntoa",
    "socket.inet_pton", "socket.inet_ntop", "socket.getdefaulttimeout", "sys.byteorder", "struct.calcsize",
    "socket.CMSG_LEN", "socket.CMSG_SPACE", "int.to_bytes", "int.from_bytes", "len",
)  # fmt: skip
"""The functions that ``call`` may call."""

EVENTS = ("readable", "writable", "urgent", "reset", "end")
"""The events that ``await`` may wait for."""

_INSPECTED = (
    ("family", "symbol"), ("type", "symbol"), ("protocol", "value"), ("timeout", "value"), ("blocking", "value"),
    ("descriptor_blocking", "value"), ("descriptor", "value"), ("inheritable", "value"), ("closed", "value"),
)  # fmt: skip

_VOCABULARIES = {**SYMBOLS, "FUNCTIONS": FUNCTIONS, "ATTRIBUTES": tuple(name for name, _ in _INSPECTED)}
_USUAL = {"family": "AF", "type": "SOCK", "how": "SHUT", "level": "SOL+IPPROTO", "flags": "MSG"}
"""The vocabularies of parameters by their names, for types that consist of symbols."""


def parameters(text: str, defaults: dict[str, Any]) -> tuple[Parameter, ...]:
    """``name:type``, ``name:word|word`` or ``name:type[VOCABULARY+VOCABULARY]``, several with blanks between."""
    pairs = dict(item.split(":") for item in text.split())
    assert set(defaults) <= set(pairs), f"no column and no parameter: {set(defaults) - set(pairs)}"
    return tuple(_parameter(name, kind, defaults.get(name, _REQUIRED)) for name, kind in pairs.items())


def _parameter(name: str, kind: str, default: Any) -> Parameter:
    if "|" in kind:
        return Parameter(name, "word", default, tuple(kind.split("|")))
    kind, _, among = kind.rstrip("]").partition("[")
    among = among or (_USUAL[name] if kind in ("symbol", "flags") else "")
    words = tuple(word for each in among.split("+") if each for word in _VOCABULARIES[each])
    return Parameter(name, kind, default, among=words)


_COLUMNS = frozenset(Operation.__dataclass_fields__)


def _op(name: str, takes: str, result: Result, summary: str, is_: str = "", **more: Any) -> Operation:
    """A row. ``is_``: the columns that are true; ``more``: other columns, and defaults of parameters."""
    columns = {key: more.pop(key) for key in _COLUMNS & set(more)}
    columns.update(dict.fromkeys(is_.split(), True))
    columns.update(main=columns.get("main"), waits=frozenset(columns.get("waits", "").split()))
    return Operation(name, parameters(takes, more), result=result, summary=summary, **columns)


_FROM = (("from", "address"),)
_RECEIVED = (("data", "data"), ("from", "address"))
_MESSAGE = (
    ("data", "data"), ("rights", "objects"), ("flags", "symbols"), ("from", "address"), ("credentials", "value"),
)  # fmt: skip
_LISTS = (("read", "set"), ("write", "set"), ("error", "set"))
_FILLED = "buffer:bytearray|memoryview|array|wide-view"
_HANDED = "buffer:bytes|bytearray|memoryview|array|wide-view"
"""The kinds of objects into which a call receives, and in which a call gets its data."""

_SOCKETS = (
    _op("socket", "family:symbol type:symbol protocol:int", "nothing", "Makes a socket; by default of the transport's "
        "kind.", on=None, makes=SOCKET, family=OF_TRANSPORT, type=OF_TRANSPORT, protocol=0),
    _op("socketpair", "family:symbol type:symbol", "nothing", "Makes two connected sockets.", on=None,
        makes=PAIR, family=None, type=None),
    _op("bind", "address:address", "nothing", "Gives the socket an address.", main="address", is_="gives_address"),
    _op("listen", "backlog:int", "nothing", "Makes the socket a listener.", main="backlog", backlog=None,
        is_="gives_address"),
    _op("accept", "", _FROM, "Takes a connection from the listener's queue.", makes=SOCKET,
        is_="gives_address may_wait"),
    _op("connect", "address:address", "nothing", "Connects to an address.", main="address", is_="gives_address",
        arrow="SYN"),
    _op("connect_ex", "address:address", "symbol", "Connects; an error comes back as a value.", main="address",
        is_="gives_address", arrow="SYN"),
    _op("shutdown", "how:symbol", "nothing", "Ends one direction or both.", main="how", arrow="end"),
    _op("close", "", "nothing", "Closes the object.", on="any", arrow="end"),
    _op("close_descriptor", "", "nothing", "Closes the raw descriptor, also under other threads' calls.", on="any",
        arrow="end"),
    _op("detach", "", "nothing", "Gives up the descriptor without closing it.", makes="descriptor", is_="shares"),
    _op("dup", "", "nothing", "Makes a second socket for the same open file.", makes=SOCKET,
        is_="gives_address shares"),
    _op("socket_from", "object:object", "nothing", "Makes a socket of a detached descriptor.", main="object", on=None,
        makes=SOCKET, is_="gives_address shares"),
    _op("share", "object:object", "nothing", "Makes a second socket through share() and fromshare().", main="object",
        on=None, makes=SOCKET, is_="shares"),
    _op("forget", "", (("warnings", "list"),), "Drops the last reference and collects garbage.", kind="harness",
        is_="by_name"),
    _op("setting", "key:text", "value", "A kernel setting of the actor's host, such as `net.ipv4.tcp_retries2`.",
        main="key", on=None, kind="harness"),
    _op("vanish", "", "nothing", "The socket disappears: neither FIN nor RST is sent.", kind="harness", is_="disturbs"),
    _op("with_block", "", "nothing", "Enters and leaves the socket's with block.", arrow="end"),
)  # fmt: skip

_TRANSFER = (
    _op("send", f"data:data flags:flags {_HANDED}", "count", "Sends as much as fits and returns how much that was.",
        main="data", flags=(), buffer="bytes", moves=SENDS, arrow=DATA, unit="bytes"),
    _op("sendall", f"data:data flags:flags {_HANDED}", "nothing", "Sends all of it.", main="data", flags=(),
        buffer="bytes", moves=LOOPS, arrow=DATA),
    _op("sendto", f"data:data to:address flags:flags {_HANDED}", "count", "Sends a datagram to an address.", flags=(),
        buffer="bytes", moves=SENDS, arrow=DATA, unit="bytes", is_="gives_address"),
    _op("sendmsg", "data:parts rights:objects credentials:bool to:address flags:flags", "count",
        "Sends parts as one, with descriptors.", main="data", rights=(), credentials=False, to=None, flags=(),
        moves=SENDS, arrow=DATA, unit="bytes"),
    _op("sendfile", "object:object offset:int count:int", "count", "Sends a file.", main="object", offset=0,
        count=None, unit="bytes"),
    _op("recv", "size:size flags:flags", "data", "Receives up to so many bytes.", main="size", flags=(),
        moves=RECEIVES),
    _op("recv_into", f"size:size nbytes:int flags:flags {_FILLED}", (("count", "count"), ("data", "data")),
        "Receives into a buffer of this size, at most nbytes if that is not 0.", main="size", nbytes=0, flags=(),
        buffer="bytearray", moves=RECEIVES),
    _op("recvfrom", "size:size flags:flags", _RECEIVED, "Receives, with the sender's address.", main="size", flags=(),
        moves=RECEIVES),
    _op("recvfrom_into", f"size:size nbytes:int flags:flags {_FILLED}",
        (("count", "count"), ("data", "data"), ("from", "address")),
        "Receives into a buffer, at most nbytes if that is not 0, with the sender's address.", main="size", nbytes=0,
        flags=(), buffer="bytearray", moves=RECEIVES),
    _op("recvmsg", "size:size rights:int control:int flags:flags", _MESSAGE,
        "Receives data, descriptors and flags.", main="size", rights=0, control=0, flags=(), moves=RECEIVES),
    _op("recvmsg_into", "size:size flags:flags", (("count", "count"), ("data", "data"), ("flags", "symbols")),
        "Receives into buffers, with flags.", main="size", flags=(), moves=RECEIVES),
)  # fmt: skip

_STATE = (
    _op("getsockname", "", "address", "The socket's own address."),
    _op("getpeername", "", "address", "The peer's address."),
    _op("setsockopt", "options:options option:option value:option-value level:symbol", "nothing", "Sets options.",
        main="options", options=None, option=None, value=None, level=None),
    _op("getsockopt", "option:option level:symbol bytes:int", "option", "Reads an option, typed or as raw bytes.",
        main="option", level=None, bytes=None, unit=OF_OPTION),
    _op("setblocking", "flag:bool", "nothing", "Makes the socket blocking or not.", main="flag",
        nonblocking_if=("flag", False)),
    _op("getblocking", "", "bool", "Whether the socket object is in blocking mode."),
    _op("settimeout", "seconds:seconds", "nothing", "Sets the timeout of the socket object.", main="seconds",
        nonblocking_if=("seconds", 0)),
    _op("gettimeout", "", "value", "The timeout of the socket object, in seconds."),
    _op("set_inheritable", "flag:bool", "nothing", "Whether child processes inherit the descriptor.", main="flag"),
    _op("inspect", "fields:fields[ATTRIBUTES]", _INSPECTED, "Reads attributes of the socket object and its descriptor.",
        main="fields", kind="harness"),
    _op("setdefaulttimeout", "seconds:seconds", "nothing", "Sets the timeout that new sockets start with.",
        main="seconds", on=None, nonblocking_if=("seconds", 0), restored_by=(("seconds", None),)),
)  # fmt: skip

_FILES = (
    _op("makefile", "mode:text buffering:int", "nothing", "Makes a file object of the socket.", makes="file",
        main="mode", mode="r", buffering=None, unbuffered_if=("buffering", 0), is_="shares"),
    _op("open", "content:data path:text", "nothing", "Makes an ordinary file with this content; at a path of the "
        "cell's folder if one is given.", on=None, makes="file", kind="harness", path=None),
    _op("pipe", "", "nothing", "Makes a pipe: {read, write}.", on=None, makes=PIPE, kind="harness"),
    _op("read", "size:size", "data", "Reads from a file, pipe end or descriptor.", main="size", on="file",
        moves=BUFFERS, is_="or_nothing"),
    _op("readline", "", "data", "Reads one line from a file.", on="file", moves=BUFFERS),
    _op("write", "data:data", "count", "Writes to a file, pipe end or descriptor.", main="data", on="file",
        moves=BUFFERS, arrow=DATA, unit="bytes", is_="or_nothing"),
    _op("flush", "", "nothing", "Writes what the file has buffered.", on="file", moves=BUFFERS),
    _op("unlink", "path:text", "nothing", "Removes a path of the cell's folder.", main="path", on=None,
        kind="harness"),
    _op("rename", "path:text to:text", "nothing", "Gives a path of the cell's folder another name in that folder.",
        on=None, kind="harness"),
    _op("chmod", "path:text mode:text", "nothing", "Sets the mode of a path.", on=None, kind="harness"),
    _op("stat", "path:text", (("type", "text"), ("mode", "text")), "Type and mode of a path.", main="path", on=None,
        kind="harness"),
)  # fmt: skip

_PROCESS = (
    _op("fork", "actor:actor", "nothing", "The actor's process forks. The child is the actor of this name; it inherits "
        "all objects, and the parent's own socket also gets the child's name.", main="actor", on=None, kind="process",
        is_="forks"),
    _op("exit", "code:int", "nothing",
        "The process ends at once, without any clean-up; the step is over when it is gone.", main="code",
        on=None, kind="process", code=0, is_="ends_process"),
    _op("on_signal", "signal:signal-name action:default|ignore|count|raise", "nothing",
        "Sets what a signal does to the process; with raise, the interrupted call raises HandlerRaised.",
        on=None, kind="process", is_="sets_signal"),
    _op("limit_descriptors", "spare:int", "nothing", "The process can open so many more descriptors.", main="spare",
        on=None, kind="process"),
    _op("umask", "mode:text", "nothing", "Sets the process's file mode creation mask.", main="mode", on=None,
        kind="process"),
    _op("chdir", "path:text", "nothing", "The process's current folder becomes this one in the cell's folder, made if "
        "need be; from then on its {path: NAME} is an address relative to that, as it stands.", main="path", on=None,
        kind="process"),
    _op("kill_thread", "lock:object", "nothing", "A new thread takes a lock and waits in recv() on the socket; there "
        "it is killed (pthread_cancel(3)). Nothing that it had is given back.", main="lock", kind="process"),
    _op("spawn", "", "bool", "Starts a Python program and returns whether that inherited the socket.", kind="harness",
        waits="wait4"),
)  # fmt: skip

_LOCKS = (
    _op("lock", "", "nothing", "Makes a lock (threading.Lock).", on=None, makes="lock", kind="harness"),
    _op("acquire", "", "nothing", "Acquires a lock; waits until it is free.", on="lock", kind="harness",
        waits="futex NtWaitForMultipleObjects"),
    _op("release", "", "nothing", "Releases a lock.", on="lock", kind="harness"),
)  # fmt: skip

_MEMORY = (
    _op("shared_memory", "size:size", "nothing", "Makes memory that the processes which its process forks share with "
        "it (mmap()).", main="size", on=None, makes="memory", kind="harness"),
    _op("put", "data:data", "nothing", "Writes to the start of shared memory.", main="data", on="memory",
        kind="harness"),
    _op("get", "size:size", "data", "Reads so many bytes from the start of shared memory.", main="size", on="memory",
        kind="harness"),
)  # fmt: skip

_READINESS = (
    _op("select", "read:objects write:objects error:objects timeout:seconds", _LISTS,
        "select(); without a timeout it waits.", on=None, read=(), write=(), error=(), timeout=None, is_="looks"),
    _op("poll", "events:events[POLL] timeout:seconds", "events", "poll(); by default it does not wait.", main="events",
        on=None, timeout=0, is_="looks"),
    _op("epoll", "events:events[EPOLL]", "nothing", "Makes an epoll object that watches these.", main="events", on=None,
        makes="poller"),
    _op("epoll_wait", "timeout:seconds", "events", "Waits on an epoll object.", main="timeout", on="poller",
        timeout=None, is_="looks"),
    _op("kqueue", "events:events[POLL]", "nothing",
        "Makes a kqueue that watches these, for POLLIN with KQ_FILTER_READ and "
        "for POLLOUT with KQ_FILTER_WRITE.", main="events", on=None, makes="poller"),
    _op("kqueue_wait", "timeout:seconds", "events", "Waits on a kqueue.", main="timeout", on="poller",
        timeout=None, waits="kevent", is_="looks"),
    _op("selector", "events:events[EVENT]", "nothing", "Makes a selectors.DefaultSelector that watches these.",
        main="events", on=None, makes="poller"),
    _op("selector_wait", "timeout:seconds", "events", "Waits on a selector.", main="timeout", on="poller",
        timeout=None, is_="looks"),
    _op("fionread", "", "count", "How many bytes can be read, as ioctl(FIONREAD) reports.", kind="harness",
        unit="bytes"),
    _op("ready", "", "ready", "A snapshot of select's three lists for one object.", on="any", kind="harness",
        is_="looks"),
    _op("await", "event:readable|writable|urgent|reset|end", "nothing", "Waits for an event without consuming it.",
        main="event", kind="harness", is_="looks"),
    _op("await_bytes", "size:size", "count", "Waits until so many bytes can be received, as ioctl(FIONREAD) reports, "
        "or no more can come; receives none, and returns how many there are.", main="size", kind="harness",
        unit="bytes", waits="kevent", is_="looks"),
)  # fmt: skip

_BINARY = (
    _op("pack", "format:format values:values", "data", "struct.pack().", on=None, kind="harness"),
    _op("unpack", "format:format data:data", "list", "struct.unpack().", on=None, kind="harness"),
    _op("call", "function:text[FUNCTIONS] arguments:values", "value",
        "Calls a function of a fixed table, such as socket.htons.",
        main="function", on=None, kind="harness", arguments=()),
    _op("resolve", "host:text port:int family:symbol type:symbol flags:flags[AI]", "list",
        "socket.getaddrinfo(); a list "
        "of {family, type, host, port}, in the order given.", main="host", on=None, port=None,
        family=None, type=None, flags=(), waits="futex"),
    _op("has", "name:text", "bool", "Whether the socket module has this name.", main="name", on=None,
        kind="harness"),
)  # fmt: skip

_PROGRAMS = (
    _op("recv_exactly", "size:size", "data", "Receives until so many bytes are there, or the end.", main="size",
        kind="program", moves=LOOPS),
    _op("mysend", "data:data", "nothing", "The HOWTO's loop: sends the rest until nothing is left. "
        "RuntimeError if a send takes nothing; waits by select if a call would block.", main="data", kind="program",
        moves=LOOPS, is_="patient"),
    _op("myreceive", "size:size", "data", "The HOWTO's loop: receives the rest until nothing is missing. "
        "RuntimeError at an early end; waits by select if a call would block.", main="size",
        kind="program", moves=LOOPS, is_="patient"),
    _op("recv_until_eof", "", "data", "Receives until zero bytes come.", kind="program", moves=LOOPS),
    _op("recv_message", "prefix:int already:data", "data", "Reads a decimal length prefix in one loop, the body in "
        "another.", kind="program", already=None, moves=LOOPS),
    _op("recv_delimited", "delimiter:data", (("message", "data"), ("residue", "data")),
        "Reads up to a delimiter and keeps what came behind it.", main="delimiter", kind="program", moves=LOOPS,
        rest="residue"),
    _op("fill", "record:size", "count", "Sends bytes of the pattern, without waiting, until nothing more fits.",
        kind="program", record=None, unit=BYTES_OR_RECORDS, arrow=DATA, is_="varies until_refused"),
    _op("drain", "", "count", "Receives without waiting until nothing is left.", kind="program", unit=BYTES_OR_RECORDS,
        is_="until_refused"),
    _op("take", "size:size", "seconds", "Receives so many bytes, also from a pipe; its measure is bytes per second "
        "from the first piece on.", main="size", on="any", kind="program", unit="bytes/s", moves=LOOPS, is_="varies"),
    _op("echo", "times:int size:size through:object", "nothing", "Sends back what comes, so many times; through "
        "another object, where it comes from a pipe or shared memory.", on="any", kind="program", size=1,
        through=None, moves=LOOPS),
    _op("ping", "times:int size:size through:object", "seconds", "Sends and waits for the echo, so many times; "
        "through another object, where that comes from a pipe or shared memory. Its measure is the median of the "
        "seconds of a round trip.", on="any", kind="program", size=1, unit="s", through=None, moves=LOOPS,
        is_="varies"),
    _op("poll_recv", "cpu:seconds", "count", "Calls recv() on a non-blocking socket again and again, until that has "
        "used so much processor time; returns how many calls would have blocked.", main="cpu", kind="program",
        is_="varies patient"),
    _op("connect_until_stuck", "to:address at_most:int", "count", "Connects fresh sockets until one does not "
        "connect at once; returns how many did.", on=None, kind="program", is_="until_refused"),
    _op("bind_many", "address:address at_most:int", "count", "Binds fresh sockets to an address until one cannot be "
        "bound; returns how many could. All stay open.", main="address", on=None, kind="program", at_most=100),
    _op("send_numbered", "times:int", "nothing", "Sends numbered records of 16 bytes.", main="times",
        kind="program", moves=LOOPS),
    _op("collect_numbered", "times:int", "count", "Receives numbered records; returns how many came in order.",
        main="times", kind="program", moves=LOOPS),
)  # fmt: skip

OPERATIONS: dict[str, Operation] = {
    row.name: row
    for rows in (_SOCKETS, _TRANSFER, _STATE, _FILES, _PROCESS, _LOCKS, _MEMORY, _READINESS, _BINARY, _PROGRAMS)
    for row in rows
}
