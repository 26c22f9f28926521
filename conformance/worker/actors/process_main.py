"""The life of an actor's own process: its main thread carries out the steps that the worker sends.

The actor's calls are made in the main thread, because only there Python runs signal handlers. Other actors of the same
process are threads, each with a channel of its own.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 (host names need it; without privileges the process may not be able to read it)
import os
import signal
import socket
import threading
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, Optional

from conformance.engine.data import KEPT, pattern
from conformance.engine.evaluate import nodes_in
from conformance.model import observation as o
from conformance.model.errors import Missing, Unsupported
from conformance.model.plan import Plan, PlanStep
from conformance.model.values import Literal, Pattern
from conformance.worker.actors.channel import Channel, adopted, pair
from conformance.worker.actors.descriptors import close_all_but, limit
from conformance.worker.actors.fork_server import LifeLines
from conformance.worker.actors.killed_threads import kill_while_waiting
from conformance.worker.actors.shared_names import Shared
from conformance.worker.adapters import adapter_for
from conformance.worker.calls.harness_operations import Lock, octal
from conformance.worker.calls.perform import Performer, Vantage, performer_on
from conformance.worker.calls.scope import Scope
from conformance.worker.network.namespaces import join
from conformance.worker.waiting.settling import unsent

NOBODY = 65534
"""The user and group that own nothing, on Linux; elsewhere the account called nobody is looked up."""

HELLO, FORKED, BEGUN, ENDED, REFUSED = "hello", "forked", "begun", "ended", "refused"
"""Messages of a process: it has started, has forked a child, begins a call, ended a call, cannot be as requested."""


@dataclass(frozen=True)
class SpawnRequest:
    """Describes a new process.

    The descriptors that travel with it are, in this order: a pipe for signs that a signal handler ran, a channel for
    each actor, the namespace of each host, a socket for each object of the fixture.
    """

    plan: Plan
    vantage: Vantage
    actors: tuple[str, ...]
    objects: tuple[str, ...]
    host: Optional[str]
    unprivileged: bool


class HandlerRaised(Exception):  # noqa: N818 (the name that scenarios expect)
    """Raised by a signal handler that was set to ``raise``."""


def live(request: SpawnRequest, descriptors: list[int], lines: LifeLines) -> None:
    """Runs the process to its end; does not return."""
    notices, channels = descriptors[0], [adopted(number) for number in descriptors[1 : 1 + len(request.actors)]]
    present = [name for name, number in request.vantage.namespaces.items() if number is not None]
    rest = descriptors[1 + len(request.actors) :]
    here = {**request.vantage.namespaces, **dict(zip(present, rest))}
    request = replace(request, vantage=replace(request.vantage, namespaces=here))
    if request.host is not None:
        join(int(here[request.host] or 0))
    close_all_but(0, 1, 2, lines.worker, lines.own, *descriptors)
    try:
        process = Process(request, lines, notices)
        process.adopt(dict(zip(request.objects, rest[len(present) :])))
        if request.unprivileged:
            become_nobody()
    except (Unsupported, OSError) as error:
        channels[0].send((REFUSED, str(error)))
        os._exit(0)
    for name, channel in list(zip(request.actors, channels))[1:]:
        threading.Thread(target=process.serve, args=(name, channel), daemon=True).start()
    process.serve(request.actors[0], channels[0])


def prepare(request: SpawnRequest) -> None:
    """Makes the patterns that the plan has, so that each process need not do it again."""
    for each in nodes_in(request.plan.steps):
        size = each.size.value if isinstance(each, Pattern) and isinstance(each.size, Literal) else 0
        if isinstance(size, int) and 0 < size <= KEPT:
            pattern(size, each.seed)


def become_nobody() -> None:
    """Gives up all privileges for good. Unsupported if that is not possible."""
    try:
        import pwd

        entry = pwd.getpwnam("nobody")
        user, group = entry.pw_uid, entry.pw_gid
    except (ImportError, KeyError):
        user = group = NOBODY
    try:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    except OSError as error:
        raise Unsupported(f"an actor cannot be another user: {error.strerror}") from None


class Process:
    """State that the actors of one process share, and the operations of kind ``process``."""

    def __init__(self, request: SpawnRequest, lines: LifeLines, notices: int) -> None:
        self._lines = lines
        self._notices = notices
        adapter = adapter_for(request.plan.implementation)
        self._performer: Performer = performer_on(request.plan, adapter, request.vantage, {"process": self})
        self._scope: Scope = self._performer.scope
        self._own = request.actors[0]
        self._channels: dict[str, Channel] = {}
        self._calling = False

    def adopt(self, numbers: dict[str, int]) -> None:
        """Makes objects of the implementation, or of a raw peer, from descriptors that moved to this process."""
        for name, number in numbers.items():
            owner = "server" if name == "listener" else name
            made = self._performer.adapter_of(owner).adopt(socket.socket(fileno=number))
            self._scope.bind(name, made, owner in self._performer.raw)

    def serve(self, name: str, channel: Channel) -> None:
        """Carries out one actor's steps until the worker closes the channel; then ends the process."""
        main = threading.current_thread() is threading.main_thread()
        self._channels[name] = channel
        shared = Shared(self._scope)
        try:
            channel.send((HELLO, os.getpid(), threading.get_native_id()))
            while True:
                (step, news), _ = channel.receive()
                shared.take(news)
                channel.send((BEGUN, step.number))
                observation = self._carry_out(step, main)
                channel.send((ENDED, step.number, observation, shared.news(), self._unsent()))
        except (EOFError, OSError):
            os._exit(0)

    def _carry_out(self, step: PlanStep, main: bool) -> o.Observation:
        try:
            self._calling = main
            return self._performer.carry_out(step)
        except HandlerRaised as error:
            canonical, raw = self._performer.recorder.error(error)
            return o.Observation(o.RAISED, canonical, raw, reason="raised beside the call")
        finally:
            self._calling = False

    def _unsent(self) -> int:
        """Number of bytes that TCP holds back on this process's sockets."""
        return sum(unsent(each.fileno()) for _, each in self._scope.sockets() if hasattr(each, "getsockname"))

    # operations

    def fork(self, actor: str) -> None:
        """Forks, and never returns in the child. The child's name is one more name of the parent's own socket."""
        if threading.current_thread() is not threading.main_thread():
            raise Missing("only the actor that owns a process can fork it")
        ours, theirs = pair()
        status, ended = os.pipe()
        seen, notices = os.pipe()
        if self._lines.fork(ended):
            for number in (status, seen, self._notices):
                os.close(number)
            for end in (ours, *self._channels.values()):
                end.close()
            if self._own in self._scope.objects:
                self._scope.objects[actor] = self._scope.objects[self._own]
            self._own, self._notices, self._channels, self._calling = actor, notices, {}, False
            self.serve(actor, theirs)
        self._channels[self._own].send((FORKED, actor), (ours.fileno(), status, seen))
        for end in (ours, theirs):
            end.close()
        for number in (status, ended, seen, notices):
            os.close(number)

    def exit(self, code: int) -> None:
        """Ends the process at once; the worker learns it from the supervisor."""
        os._exit(code)

    def on_signal(self, signal: str, action: str) -> None:
        """Sets what happens when a signal comes."""
        number = signal_number(signal)
        handlers: dict[str, Any] = {
            "default": _default, "ignore": _ignore, "count": self._count, "raise": self._raise,
        }  # fmt: skip
        _set(number, handlers[action])

    def _count(self, number: int, frame: Optional[FrameType]) -> None:
        os.write(self._notices, b"\0")

    def _raise(self, number: int, frame: Optional[FrameType]) -> None:
        os.write(self._notices, b"\0")
        if self._calling:
            raise HandlerRaised

    def kill_thread(self, sock: Any, lock: Lock) -> None:
        """Kills a thread that has taken a lock and waits in recv() on a socket."""
        adapter = self._performer.adapter_of(self._own)

        def call() -> None:
            lock.acquire()
            adapter.recv(sock, 1, 0)

        kill_while_waiting(call, adapter.waits)

    def limit_descriptors(self, spare: int) -> None:
        """Lets the process open this many more descriptors."""
        limit(spare)

    def umask(self, mode: str) -> None:
        """Sets the file mode creation mask."""
        os.umask(octal(mode))

    def chdir(self, path: str) -> None:
        """Changes to a folder in the cell's folder; from now on addresses are relative paths."""
        folder = self._scope.path(os.path.basename(path))
        os.makedirs(folder, exist_ok=True)
        os.chdir(folder)
        self._scope.relative = True


_default, _ignore = signal.SIG_DFL, signal.SIG_IGN


def _set(number: int, handler: Any) -> None:
    signal.signal(number, handler)


def signal_number(name: str) -> int:
    """The number of a signal. Unsupported if this system does not have it."""
    number = getattr(signal, name, None) if name.startswith("SIG") else None
    if number is None:
        raise Unsupported(f"this system has no {name}")
    return int(number)
