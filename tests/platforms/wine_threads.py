"""Run by Wine's Python: how the probe sees threads with different calls, and whether data is ever missed."""

import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, sys.argv[1])

import contextlib
import ctypes

from conformance.worker.adapters import ShapedAdapter
from conformance.worker.waiting import wine_threads as wine_waiting
from conformance.worker.waiting.probes import best_probe
from conformance.worker.waiting.settling import Settling
from conformance.worker.waiting.watch import Watch

PROBE, TRAFFIC = best_probe()
LONG, SHORT = 5.0, 0.3
ROUNDS = 300


def proved(watch, settling):
    """What a call is proved to wait in by one attempt, made as the worker makes it."""
    if watch.waiting() is None or not settling.settled():
        return None
    again = watch.waiting()
    return again and again.call


def looks(call, seconds, release):
    """What a thread is proved to wait in, and what it was last seen in."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    watch = Watch(PROBE, thread.native_id, ShapedAdapter.waits - {"a call"}, 1.0)
    settling = Settling(TRAFFIC, list, lambda: 0, 1.0)
    deadline, found, seen = time.monotonic() + seconds, None, None
    while found is None and time.monotonic() < deadline:
        found = proved(watch, settling)
        look = PROBE.look(thread.native_id)
        seen = look.call if look else seen
    release()
    thread.join(LONG)
    return {"proved": found, "seen": seen, "ended": not thread.is_alive()}


def waits():
    """Calls that do wait."""
    client, server = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", 0))
    patient, other = socket.socketpair()
    patient.settimeout(60)
    full, reader = socket.socketpair()
    outlet, inlet = os.pipe()

    def send():
        with contextlib.suppress(OSError):
            full.sendall(bytes(1 << 23))

    yield "recv", lambda: client.recv(1), lambda: server.send(b"x")
    yield "accept", listener.accept, lambda: socket.create_connection(listener.getsockname()).close()
    yield "recvfrom", lambda: datagrams.recvfrom(1), lambda: datagrams.sendto(b"x", datagrams.getsockname())
    yield "timeout", lambda: patient.recv(1), lambda: other.send(b"x")
    yield "send", send, reader.close
    yield "pipe", lambda: os.read(outlet, 1), lambda: os.write(inlet, b"x")


def others():
    """Threads that do something else."""
    lock, event, over = threading.Lock(), threading.Event(), threading.Event()
    lock.acquire()

    def work():
        while not over.is_set():
            sum(range(1000))

    yield "lock", lock.acquire, lock.release
    yield "event", event.wait, event.set
    yield "sleep", lambda: time.sleep(2 * SHORT), lambda: None
    yield "busy", work, over.set
    over.clear()
    yield "files", lambda: [os.listdir(".") for _ in iter(over.is_set, True)], over.set


def missed(kind):
    """How often a thread was proved waiting although data for it was still under way."""
    if kind == "stream":
        sender, receiver = socket.socketpair()
        send = sender.send
    else:
        sender, receiver = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        receiver.bind(("127.0.0.1", 0))
        sender.connect(receiver.getsockname())
        send = sender.send
    received, wrong = [0], 0

    def receive():
        while receiver.recv(1) != b"!":
            received[0] += 1

    thread = threading.Thread(target=receive, daemon=True)
    thread.start()
    for sent in range(1, ROUNDS + 1):
        send(b"x")
        watch, settling = (
            Watch(PROBE, thread.native_id, frozenset({"recv"}), 1.0),
            Settling(TRAFFIC, list, lambda: 0, 1.0),
        )
        while proved(watch, settling) is None:
            pass
        wrong += received[0] < sent
    send(b"!")
    thread.join(LONG)
    return wrong


@contextlib.contextmanager
def busy_server():
    """Keeps the Wine server busy, so that arrived data has to queue."""
    over = threading.Event()
    kernel = ctypes.WinDLL("kernel32")

    def ask():
        while not over.is_set():
            kernel.CloseHandle(kernel.CreateEventW(None, False, False, None))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join(LONG)


def held_back():
    """The bytes that TCP holds back on a full connection, and after the receiver has read all."""
    client, server = socket.socketpair()
    client.setblocking(False)
    sent = 0
    try:
        while True:
            sent += client.send(bytes(1 << 16))
    except BlockingIOError:
        pass
    full = dict(TRAFFIC.unsent([("client", client.fileno())]))
    server.settimeout(LONG)
    while sent:
        sent -= len(server.recv(1 << 20))
    return [full["client"] > 0, dict(TRAFFIC.unsent([("client", client.fileno())]))["client"]]


def descriptors():
    """Descriptors that are open, by what a new pair gets."""
    pair = os.pipe()
    for each in pair:
        os.close(each)
    return pair


def elsewhere():
    """The probe that is chosen under an unknown version of Wine."""
    known, wine_waiting._VERSIONS = wine_waiting._VERSIONS, (b"0.9",)
    found = best_probe()[0]
    wine_waiting._VERSIONS = known
    return [found.name, found.certainty]


with busy_server():
    overtaken = {kind: missed(kind) for kind in ("stream", "datagrams")}

print(
    json.dumps(
        {
            "probe": [PROBE.name, PROBE.certainty],
            "elsewhere": elsewhere(),
            "descriptors": descriptors(),
            "waits": {name: looks(call, LONG, release) for name, call, release in waits()},
            "others": {name: looks(call, SHORT, release) for name, call, release in others()},
            "missed": overtaken,
            "held back": held_back(),
        }
    ),
    flush=True,
)
os._exit(0)
