"""The functions that exported programs contain: only those that a program uses, and those that these use in turn."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DID = '''
def did(number, words, call):
    """Makes a call, prints what it did, and returns its result; None if it raised an error."""
    result, line = outcome(call)
    print(f"{number:2} {words}: {line}", flush=True)
    return result
'''

_OUTCOME = '''
def outcome(call):
    """The result of a call and what it did, in words."""
    try:
        result = call()
    except Exception as error:
        name = errno.errorcode.get(getattr(error, "errno", None), "")
        return None, f"raised {type(error).__name__} {name} ({error})"
    KEPT.append(result)  # otherwise sockets without a name would be closed
    return result, f"returned {shown(result)}"


KEPT = []
'''

_SHOWN = '''
def shown(value):
    """A result in words: long data by size and digest, objects by their names here."""
    if isinstance(value, (bytes, bytearray)) and len(value) > 4096:
        return f"{len(value)} bytes with SHA-256 {hashlib.sha256(value).hexdigest()}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {shown(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return ("[%s]" if isinstance(value, list) else "(%s)") % ", ".join(map(shown, value))
    if hasattr(value, "fileno"):
        return repr(next((name for name, each in globals().items() if each is value), "a new object"))
    return repr(value)
'''

_BEGIN = '''
class begin(threading.Thread):
    """A call in a thread of its own, because it may wait."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.result, self.line = call, None, ""
        self.start()

    def run(self):
        self.result, self.line = outcome(self.call)

    def waits(self, number, words, seconds=0.3):
        """Prints that the call has not come back for so long, or what it did."""
        self.join(seconds)
        print(f"{number:2} {words}: {'waits' if self.is_alive() else self.line}", flush=True)
        return self.result

    def ends(self, number, words, seconds=10):
        """Prints what the call did, once it is back."""
        self.join(seconds)
        print(f"{number:2} {words}: {'hung' if self.is_alive() else self.line}", flush=True)
        return self.result
'''

_PATTERN = '''
def pattern(size, seed=0):
    """Bytes without a period, the same each time."""
    return hashlib.shake_128(b"conformance pattern %d" % seed).digest(size)
'''

_ADDRESS_OF = '''
def address_of(sock):
    """The address of a socket; None if it has none or is closed."""
    try:
        return sock.getsockname()
    except (OSError, AttributeError):
        return None
'''

_NOBODY = '''
def nobody(family, kind, address):
    """An address at which nobody listens: a socket holds it, and does not."""
    holder = socket.socket(family, kind)
    holder.bind(address)
    KEPT.append(holder)
    if kind == socket.SOCK_DGRAM and family == getattr(socket, "AF_UNIX", None):
        holder.close()
        return address
    if kind == socket.SOCK_DGRAM:
        holder.connect(holder.getsockname())
    return holder.getsockname()
'''

_RECV_EXACTLY = '''
def recv_exactly(sock, size):
    """Receives until so many bytes are there, or the end."""
    data = b""
    while len(data) < size:
        part = sock.recv(min(size - len(data), 262144)) if hasattr(sock, "recv") else os.read(sock, size - len(data))
        if not part:
            break
        data += part
    return data
'''

_RECV_UNTIL_EOF = '''
def recv_until_eof(sock):
    """Receives until zero bytes come."""
    data = b""
    while part := sock.recv(65536):
        data += part
    return data
'''

_MYSEND = '''
def mysend(sock, data):
    """The HOWTO's loop; waits by select if a call would block."""
    while data:
        try:
            sent = sock.send(data)
        except BlockingIOError:
            select.select([], [sock], [])
            continue
        if sent == 0:
            raise RuntimeError("socket connection broken")
        data = data[sent:]
'''

_MYRECEIVE = '''
def myreceive(sock, size):
    """The HOWTO's loop; waits by select if a call would block."""
    data = b""
    while len(data) < size:
        try:
            part = sock.recv(min(size - len(data), 2048))
        except BlockingIOError:
            select.select([sock], [], [])
            continue
        if part == b"":
            raise RuntimeError("socket connection broken")
        data += part
    return data
'''

_RECV_MESSAGE = '''
def recv_message(sock, prefix, already=b""):
    """Reads a decimal length of so many digits, then so many bytes."""
    head = already + recv_exactly(sock, prefix - len(already))
    return recv_exactly(sock, int(head))
'''

_RECV_DELIMITED = '''
def recv_delimited(sock, delimiter):
    """Reads up to a delimiter and keeps what came behind it."""
    data = RESIDUES.pop(sock, b"")
    while delimiter not in data:
        part = sock.recv(65536)
        if not part:
            return {"message": data, "residue": b""}
        data += part
    message, _, RESIDUES[sock] = data.partition(delimiter)
    return {"message": message, "residue": RESIDUES[sock]}


RESIDUES = {}
'''

_FILL = '''
def fill(sock, record, stream):
    """Sends until nothing has fitted for 0.3 s; the number of bytes, or of records."""
    before, data, sent, count, refused = sock.gettimeout(), pattern(16 << 20), 0, 0, 0.0
    sock.setblocking(False)
    while sent < len(data) - record:
        try:
            sent += sock.send(data[sent : sent + record])
            count, refused = count + 1, 0.0
        except BlockingIOError:
            refused = refused or time.monotonic()
            if time.monotonic() - refused >= 0.3:
                break
            select.select([], [sock], [], 0.1)
        except OSError:
            break  # some systems refuse a full queue by ENOBUFS
    sock.settimeout(before)
    return sent if stream else count
'''

_DRAIN = '''
def drain(sock, stream):
    """Receives until nothing is left; the number of bytes, or of records."""
    before, received, count = sock.gettimeout(), 0, 0
    sock.setblocking(False)
    try:
        while True:
            part = sock.recv(65536)
            if stream and not part:
                break
            received, count = received + len(part), count + 1
    except BlockingIOError:
        pass
    finally:
        sock.settimeout(before)
    return received if stream else count
'''

_CONNECT_UNTIL_STUCK = '''
def connect_until_stuck(family, kind, address, at_most):
    """Connects fresh sockets until one does not connect at once; how many did."""
    for done in range(at_most):
        sock = socket.socket(family, kind)
        KEPT.append(sock)
        sock.setblocking(False)
        try:
            sock.connect(address)
        except BlockingIOError:
            if family == getattr(socket, "AF_UNIX", None) or not select.select([], [sock], [sock], 0.3)[1]:
                return done
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return done
        except OSError:
            return done
    return at_most
'''

_ECHO = '''
def echo(sock, times, size):
    """Sends back what comes, so many times."""
    for _ in range(times):
        sock.sendall(recv_exactly(sock, size))
'''

_PING = '''
def ping(sock, times, size):
    """Sends and waits for the echo, so many times; the median of the seconds of a round trip."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        sock.sendall(pattern(size))
        recv_exactly(sock, size)
        found.append(time.perf_counter() - began)
    return sorted(found)[times // 2]
'''

_TAKE = '''
def take(sock, size):
    """Receives so many bytes; bytes per second from the first piece on."""
    first = len(sock.recv(min(size, 65536)))
    began = time.perf_counter()
    return len(recv_exactly(sock, size - first)) / (time.perf_counter() - began)
'''

_POLL_RECV = '''
def poll_recv(sock, cpu):
    """Calls recv() until that has used so much processor time; how many calls would have blocked."""
    calls, until = 0, time.thread_time() + cpu
    while time.thread_time() < until:
        try:
            sock.recv(1)
        except BlockingIOError:
            calls += 1
    return calls
'''

_SEND_NUMBERED = '''
def send_numbered(sock, times):
    """Sends numbered records of 16 bytes."""
    for number in range(times):
        sock.sendall(struct.pack("!QQ", number, number))
'''

_COLLECT_NUMBERED = '''
def collect_numbered(sock, times):
    """Receives numbered records; how many came in order."""
    for number in range(times):
        if recv_exactly(sock, 16) != struct.pack("!QQ", number, number):
            return number
    return times
'''

_AWAIT = '''
def await_event(sock, event):
    """Waits for an event without consuming it."""
    if event in ("readable", "writable", "urgent"):
        lists = [[sock] if event == name else [] for name in ("readable", "writable", "urgent")]
        select.select(*lists)
        return
    poller = select.poll()
    poller.register(sock, 0 if event == "reset" else getattr(select, "POLLRDHUP", 1))
    poller.poll()
'''

_AWAIT_BYTES = '''
def await_bytes(sock, size):
    """Waits until so many bytes can be received, or no more can come; receives none."""
    with contextlib.closing(select.epoll()) as arrivals:
        arrivals.register(sock, select.EPOLLIN | 0x2000 | select.EPOLLET)  # EPOLLRDHUP
        ended = False
        while fionread(sock) < size and not ended:
            ended = any(mask & (0x2000 | select.EPOLLHUP | select.EPOLLERR) for _, mask in arrivals.poll())
    return fionread(sock)
'''

_FIONREAD = '''
def fionread(sock):
    """How many bytes can be read, as ioctl(FIONREAD) reports."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))[0]
'''

_READY = '''
def ready(thing):
    """A snapshot of select's three lists for one object."""
    lists = select.select([thing], [thing], [thing], 0)
    return [word for word, found in zip(("read", "write", "error"), lists) if found]
'''

_POLL = '''
def poll(events, timeout):
    """The events that poll() reports, by name."""
    poller = select.poll()
    for thing, mask in events.values():
        poller.register(thing, mask)
    return named(events, poller.poll(None if timeout is None else timeout * 1000), "POLL")
'''

_EPOLL = '''
def epoll(events):
    """An epoll object that watches these, and what they are called."""
    poller = select.epoll()
    for thing, mask in events.values():
        poller.register(thing, mask)
    EPOLLED[poller] = {name: (number_of(thing), mask) for name, (thing, mask) in events.items()}
    return poller


def epoll_wait(poller, timeout):
    """The events that epoll reports, by name."""
    return named(EPOLLED[poller], poller.poll(-1 if timeout is None else timeout), "EPOLL")


EPOLLED = {}
'''

_NAMED = '''
def named(events, found, prefix):
    """What was found, by the names of the objects and of the events."""
    names = {number_of(thing): name for name, (thing, _) in events.items()}
    words = [word for word in dir(select) if word.startswith(prefix)]
    return {names[number]: [word for word in words if mask & getattr(select, word)] for number, mask in found}


def number_of(thing):
    """The descriptor of an object, or the number itself."""
    return thing if isinstance(thing, int) else thing.fileno()
'''

_SELECTOR = '''
def selector(events):
    """A selector that watches these."""
    poller = selectors.DefaultSelector()
    for name, (thing, mask) in events.items():
        poller.register(thing, mask, name)
    return poller


def selector_wait(poller, timeout):
    """The events that a selector reports, by name."""
    words = ("EVENT_READ", "EVENT_WRITE")
    found = poller.select(timeout)
    return {key.data: [word for word in words if mask & getattr(selectors, word)] for key, mask in found}
'''

_RECV_MSG = '''
def recv_message_of(sock, size, room, flags=0):
    """recvmsg(), with the descriptors that came along and the names of the flags."""
    data, ancillary, found, address = sock.recvmsg(size, room, flags)
    rights = []
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, getattr(socket, "SCM_RIGHTS", None)):
            rights += struct.unpack(f"{len(content) // 4}i", content[: len(content) // 4 * 4])
    credentials = any(kind == getattr(socket, "SCM_CREDENTIALS", -1) for _, kind, _ in ancillary)
    return {"data": data, "rights": rights, "flags": flag_names(found), "from": address, "credentials": credentials}


def flag_names(found):
    """The names of the flags of a received message."""
    names = ("MSG_OOB", "MSG_EOR", "MSG_TRUNC", "MSG_CTRUNC", "MSG_ERRQUEUE")
    return [name for name in names if found & getattr(socket, name, 0)]


def recv_message_into(sock, size, flags=0):
    """recvmsg_into() with two buffers."""
    first, second = bytearray(size // 2), bytearray(size - size // 2)
    count, _, found, _ = sock.recvmsg_into([first, second], 0, flags)
    return {"count": count, "data": bytes(first + second)[:count], "flags": flag_names(found)}
'''

_INTO = '''
def received_into(call, buffer, *arguments):
    """recv_into() or recvfrom_into(): how much came, and what."""
    result = call(buffer, *arguments)
    count = result if isinstance(result, int) else result[0]
    return {"count": count, "data": memoryview(buffer).cast("B")[:count].tobytes()}
'''

_REPEATED = '''
def repeated(times, call):
    """Makes a call so many times, or until one raises an error; how many returned."""
    for done in range(times):
        try:
            KEPT.append(call())
        except Exception:
            return done
    return times
'''

_HOST_OF = '''
def resolved(host, port, *how):
    """getaddrinfo(), as a list of {family, type, host, port}."""
    found = socket.getaddrinfo(host, port, *how)
    return [{"family": each[0].name, "type": each[1].name, "host": each[4][0], "port": each[4][1]} for each in found]
'''

_SOURCES = (
    _DID, _OUTCOME, _SHOWN, _BEGIN, _PATTERN, _ADDRESS_OF, _NOBODY, _RECV_EXACTLY, _RECV_UNTIL_EOF,
    _MYSEND, _MYRECEIVE, _RECV_MESSAGE, _RECV_DELIMITED, _FILL, _DRAIN, _CONNECT_UNTIL_STUCK, _ECHO, _PING, _TAKE,
    _POLL_RECV, _SEND_NUMBERED, _COLLECT_NUMBERED, _AWAIT, _AWAIT_BYTES, _FIONREAD, _READY, _POLL, _EPOLL, _NAMED,
    _SELECTOR, _RECV_MSG, _INTO, _REPEATED, _HOST_OF,
)  # fmt: skip
_DEFINED = re.compile(r"^(?:def|class) (\w+)|^([A-Z]+) = ", re.MULTILINE)

MODULES = (
    "array", "contextlib", "errno", "fcntl", "gc", "hashlib", "os", "select", "selectors", "shutil", "socket", "stat",
    "struct", "sys", "tempfile", "termios", "threading", "time",
)  # fmt: skip
"""The modules that exported programs may use."""

TAKEN = frozenset(name for source in _SOURCES for pair in _DEFINED.findall(source) for name in pair if name)
"""The names of these functions, which nothing else in a program may have."""


def helpers_for(program: str) -> str:
    """The functions that a program calls, directly or through others."""
    chosen: list[str] = []
    text = program
    while more := [each for each in _SOURCES if each not in chosen and _is_used(each, text)]:
        chosen += more
        text += "".join(more)
    return "\n".join(each for each in _SOURCES if each in chosen)


def imports_for(program: str) -> Iterable[str]:
    """The modules that a program uses."""
    return [name for name in MODULES if re.search(rf"\b{name}[.,)]", program)]


def _is_used(source: str, text: str) -> bool:
    names = [name for pair in _DEFINED.findall(source) for name in pair if name]
    return any(re.search(rf"\b{name}\b", text) for name in names)
