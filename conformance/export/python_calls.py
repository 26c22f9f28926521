"""The calls of steps as Python expressions: one function for each operation that a program can make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.export.python_values import Inexpressible, Writer, option, python_name, symbol
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.tables.options import LINGER, OPTIONS, SECONDS, TEXT


class Call:
    """What is needed to write the call of one step."""

    def __init__(self, writer: Writer, step: s.Step) -> None:
        self.write, self.step = writer, step
        self._given: dict[str, Any] = dict(step.arguments)
        self.using = step.using or step.actor
        self.on = python_name(self.using)

    def has(self, name: str) -> bool:
        """Whether the step gives a parameter a value other than null."""
        value = self._given.get(name)
        return value is not None and not (isinstance(value, v.Literal) and value.value is None)

    def get(self, name: str) -> Any:
        """The value of a parameter."""
        return self._given[name]

    def number(self, name: str, default: str = "None") -> str:
        """A number, ``None`` for null, or the default where the step says nothing."""
        if name in self._given and not self.has(name):
            return "None"
        return self.write.number(self.get(name)) if self.has(name) else default

    def data(self, name: str = "data") -> str:
        """Data, in the kind of buffer that the step names."""
        found = self.write.data(self.get(name))
        kind = self._given.get("buffer")
        return found if kind is None or kind.value == "bytes" else _BUFFERS[kind.value].format(found)

    def address(self, name: str = "address") -> str:
        """An address."""
        return self.write.address(self.get(name), self.step.actor, self.using)

    def flags(self) -> str:
        """The flags as a last argument; empty where there are none."""
        found = self.write.flags(self._given.get("flags"))
        return f", {found}" if found else ""

    def objects(self, name: str) -> str:
        """A list of objects."""
        return self.write.objects(self._given.get(name), self.step.actor)

    def object(self, name: str) -> str:
        """An object."""
        return self.write.object(self.get(name), self.step.actor)

    def symbol(self, name: str, default: str) -> str:
        """A constant, or the default."""
        value = self._given.get(name)
        if isinstance(value, v.Saved):
            return self.write.reference(value)
        return symbol(value.name) if isinstance(value, v.Symbol) else default


_BUFFERS = {
    "bytearray": "bytearray({})",
    "memoryview": "memoryview(bytearray({}))",
    "array": 'array.array("B", {})',
    "wide-view": 'memoryview(bytearray({})).cast("I")',
}


def expression(writer: Writer, step: s.Step) -> str:
    """The call of a step. Inexpressible where a program has none."""
    write = _CALLS.get(step.operation)
    if write is None:
        raise Inexpressible(f"step {step.number} ({step.operation}) is done by the harness, not by a call")
    call = write(Call(writer, step))
    return f"repeated({step.repeat}, lambda: {call})" if step.repeat else call


def _socket(call: Call) -> str:
    family, kind = call.write.kind().split(", ")
    chosen = [call.symbol("family", family), call.symbol("type", kind)]
    return f"socket.socket({', '.join(chosen)}{', ' + call.number('protocol') if call.has('protocol') else ''})"


def _socketpair(call: Call) -> str:
    given = [call.symbol(name, "") for name in ("family", "type")]
    if given[1] and not given[0]:
        return f"socket.socketpair(type={given[1]})"
    return f"socket.socketpair({', '.join(filter(None, given))})"


def _set_options(call: Call) -> str:
    if call.has("options"):
        fields = call.get("options").fields
        level = None
    else:
        fields = [(call.get("option").value if hasattr(call.get("option"), "value") else call.get("option").name,
                   call.get("value"))]  # fmt: skip
        level = call.symbol("level", "") or None
    calls = [
        f"{call.on}.setsockopt({_where(name, level)}, {_packed(call.write, name, value)})" for name, value in fields
    ]
    return calls[0] if len(calls) == 1 else f"({', '.join(calls)}) and None"


def _where(name: str, level: str | None) -> str:
    return f"{level}, {symbol(name)}" if level else option(name)


def _packed(writer: Writer, name: str, value: Any) -> str:
    kind = OPTIONS.get(name, ("", ""))[1]
    if kind == LINGER and isinstance(value, v.Fields):
        given = dict(value.fields)
        return f'struct.pack("ii", {writer.number(given["onoff"])}, {writer.number(given["linger"])})'
    plain = getattr(value, "value", None)
    if kind == SECONDS and isinstance(plain, (int, float)):
        return f'struct.pack("@ll", {int(plain)}, {round(plain % 1 * 1_000_000)})'
    if kind == TEXT and isinstance(plain, str):
        return repr(plain.encode())
    return str(int(plain)) if isinstance(plain, bool) else writer.plain(value)


def _get_option(call: Call) -> str:
    given = call.get("option")
    name = given.name if isinstance(given, v.Symbol) else given.value
    level = call.symbol("level", "") or None
    size = call.number("bytes", "")
    kind = OPTIONS.get(name, ("", ""))[1]
    size = size or {LINGER: "8", SECONDS: "16", TEXT: "16", "credentials": "12"}.get(kind, "")
    return f"{call.on}.getsockopt({_where(name, level)}{', ' + size if size else ''})"


def _sendmsg(call: Call) -> str:
    given = call.get("data")
    parts = call.write.plain(given) if isinstance(given, v.Items) else f"[{call.write.data(given)}]"
    rights = call.objects("rights")
    if call.has("credentials") and call.get("credentials").value:
        raise Inexpressible(f"step {call.step.number} sends credentials")
    ancillary = "[]"
    if rights != "[]":
        numbers = f'struct.pack("{rights.count(",") + 1}i", *map(number_of, {rights}))'
        ancillary = f"[(socket.SOL_SOCKET, socket.SCM_RIGHTS, {numbers})]"
    flags = call.flags().removeprefix(", ") or "0"
    if call.has("to"):
        return f"{call.on}.sendmsg({parts}, {ancillary}, {flags}, {call.address('to')})"
    return (
        f"{call.on}.sendmsg({parts}, {ancillary}, {flags})"
        if flags != "0" or rights != "[]"
        else (f"{call.on}.sendmsg({parts})")
    )


def _into(call: Call) -> str:
    kind = getattr(call.get("buffer"), "value", "bytearray") if call.has("buffer") else "bytearray"
    room = _BUFFERS[kind].format(f"bytes({call.number('size')})")
    nbytes = call.number("nbytes", "")
    more = f", {nbytes or 0}{call.flags()}" if nbytes or call.flags() else ""
    return f"received_into({call.on}.{call.step.operation}, {room}{more})"


def _select(call: Call) -> str:
    lists = ", ".join(call.objects(name) for name in ("read", "write", "error"))
    return f"select.select({lists}{', ' + call.number('timeout') if call.has('timeout') else ''})"


_ATTRIBUTES = {
    "family": "{}.family.name", "type": "{}.type.name", "protocol": "{}.proto", "timeout": "{}.gettimeout()",
    "blocking": "{}.getblocking()", "descriptor_blocking": "os.get_blocking({}.fileno())",
    "inheritable": "{}.get_inheritable()", "closed": "{}.fileno() < 0",
}  # fmt: skip


def _inspect(call: Call) -> str:
    names = [getattr(each, "value", getattr(each, "name", "")) for each in call.get("fields").items]
    if not set(names) <= set(_ATTRIBUTES):
        raise Inexpressible(f"step {call.step.number} reads attributes that only the harness has")
    return "{" + ", ".join(f"{name!r}: {_ATTRIBUTES[name].format(call.on)}" for name in names) + "}"


def _method(name: str, *parameters: str) -> Callable[[Call], str]:
    """A method of the object with these parameters as numbers; those that are not given are left out."""
    return lambda call: f"{call.on}.{name}({', '.join(call.number(each) for each in parameters if call.has(each))})"


def _helper(name: str, *parameters: str) -> Callable[[Call], str]:
    """A function of the program, whose first argument is the object."""
    return lambda call: f"{name}({', '.join([call.on, *(call.number(each) for each in parameters)])})"


def _stream(call: Call) -> bool:
    return "stream" in call.write.transport.groups


def _fill(call: Call) -> str:
    return f"fill({call.on}, {call.number('record', '65536' if _stream(call) else '1')}, {_stream(call)})"


_CALLS: dict[str, Callable[[Call], str]] = {
    "socket": _socket,
    "socketpair": _socketpair,
    "bind": lambda call: f"{call.on}.bind({call.address()})",
    "listen": _method("listen", "backlog"),
    "accept": _method("accept"),
    "connect": lambda call: f"{call.on}.connect({call.address()})",
    "connect_ex": lambda call: f"{call.on}.connect_ex({call.address()})",
    "shutdown": lambda call: f"{call.on}.shutdown({call.symbol('how', '')})",
    "close": lambda call: f"{call.on}.close()",
    "close_descriptor": lambda call: f"os.close({call.on}.fileno())",
    "detach": _method("detach"),
    "dup": _method("dup"),
    "socket_from": lambda call: f"socket.socket(fileno={call.object('object')})",
    "send": lambda call: f"{call.on}.send({call.data()}{call.flags()})",
    "sendall": lambda call: f"{call.on}.sendall({call.data()}{call.flags()})",
    "sendto": lambda call: f"{call.on}.sendto({call.data()}{call.flags()}, {call.address('to')})",
    "sendmsg": _sendmsg,
    "recv": lambda call: f"{call.on}.recv({call.number('size')}{call.flags()})",
    "recv_into": _into,
    "recvfrom_into": _into,
    "recvfrom": lambda call: f"{call.on}.recvfrom({call.number('size')}{call.flags()})",
    "getsockname": _method("getsockname"),
    "getpeername": _method("getpeername"),
    "setsockopt": _set_options,
    "getsockopt": _get_option,
    "setblocking": _method("setblocking", "flag"),
    "getblocking": _method("getblocking"),
    "settimeout": lambda call: f"{call.on}.settimeout({call.number('seconds')})",
    "gettimeout": _method("gettimeout"),
    "set_inheritable": _method("set_inheritable", "flag"),
    "setdefaulttimeout": lambda call: f"socket.setdefaulttimeout({call.number('seconds')})",
    "inspect": _inspect,
    "makefile": lambda call: f"{call.on}.makefile({call.number('mode', repr('r'))}"
                             f"{', ' + call.number('buffering') if call.has('buffering') else ''})",
    "readline": _method("readline"),
    "flush": _method("flush"),
    "lock": lambda call: "threading.Lock()",
    "acquire": _method("acquire"),
    "release": _method("release"),
    "select": _select,
    "poll": lambda call: f"poll({call.write.events(call.get('events'), call.step.actor)}, "
                         f"{call.number('timeout', '0')})",
    "epoll": lambda call: f"epoll({call.write.events(call.get('events'), call.step.actor)})",
    "epoll_wait": _helper("epoll_wait", "timeout"),
    "selector": lambda call: f"selector({call.write.events(call.get('events'), call.step.actor)})",
    "selector_wait": _helper("selector_wait", "timeout"),
    "fionread": _helper("fionread"),
    "ready": _helper("ready"),
    "await": _helper("await_event", "event"),
    "await_bytes": _helper("await_bytes", "size"),
    "pack": lambda call: f"struct.pack({call.number('format')}, *{call.write.plain(call.get('values'))})",
    "unpack": lambda call: f"list(struct.unpack({call.number('format')}, {call.data()}))",
    "has": lambda call: f"hasattr(socket, {call.number('name')})",
    "recv_exactly": _helper("recv_exactly", "size"),
    "recv_until_eof": _helper("recv_until_eof"),
    "mysend": lambda call: f"mysend({call.on}, {call.data()})",
    "myreceive": _helper("myreceive", "size"),
    "recv_message": lambda call: f"recv_message({call.on}, {call.number('prefix')}"
                                 f"{', ' + call.data('already') if call.has('already') else ''})",
    "recv_delimited": lambda call: f"recv_delimited({call.on}, {call.data('delimiter')})",
    "fill": _fill,
    "drain": lambda call: f"drain({call.on}, {_stream(call)})",
    "poll_recv": _helper("poll_recv", "cpu"),
    "send_numbered": _helper("send_numbered", "times"),
    "collect_numbered": _helper("collect_numbered", "times"),
    "connect_until_stuck": lambda call: f"connect_until_stuck({call.write.kind()}, {call.address('to')}, "
                                        f"{call.number('at_most')})",
}  # fmt: skip
