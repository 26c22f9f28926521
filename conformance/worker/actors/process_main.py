"""The life of an actor's own process: carries out the steps that its worker sends, in its main thread.

Signal handlers of Python run in the main thread only, so that is where the actor's calls are made. Actors that live
beside it are threads here, each with a channel of its own.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 (host names need it; a process that gave up its rights may not read it any more)
import os
import signal
import threading
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, Optional

from conformance.model import observation as o
from conformance.model.errors import Missing, Unsupported
from conformance.model.plan import Plan, PlanStep
from conformance.worker.actors.channel import Channel, adopted, pair
from conformance.worker.actors.descriptors import close_all_but, limit
from conformance.worker.actors.fork_server import Lineage
from conformance.worker.actors.shared_names import Shared
from conformance.worker.adapters import adapter_for
from conformance.worker.calls.harness_operations import octal
from conformance.worker.calls.perform import Performer, Vantage, performer_on
from conformance.worker.calls.scope import Scope
from conformance.worker.network.namespaces import join
from conformance.worker.waiting.settling import unsent

NOBODY = 65534
"""The user and group that own nothing, on Linux; elsewhere the account called nobody is looked up."""

HELLO, BORN, BEGUN, ENDED, REFUSED = "hello", "born", "begun", "ended", "refused"
"""What a process says: it is there, it has a child, a call begins, a call came back, it cannot be what it is to be."""


@dataclass(frozen=True)
class Errand:
    """What a new process is told: what it is, and what the descriptors are that come with it.

    First the end of the pipe for signs that a handler ran, then a channel for each actor, then each host's namespace,
    then a socket for each object.
    """

    plan: Plan
    vantage: Vantage
    actors: tuple[str, ...]
    objects: tuple[str, ...]
    host: Optional[str]
    unprivileged: bool


class HandlerRaised(Exception):  # noqa: N818 (the name that scenarios expect)
    """What a signal handler raises that was set to ``raise``."""


def live(errand: Errand, descriptors: list[int], lineage: Lineage) -> None:
    """The whole life of the process; does not return."""
    notices, channels = descriptors[0], [adopted(number) for number in descriptors[1 : 1 + len(errand.actors)]]
    present = [name for name, number in errand.vantage.namespaces.items() if number is not None]
    rest = descriptors[1 + len(errand.actors) :]
    here = {**errand.vantage.namespaces, **dict(zip(present, rest))}
    errand = replace(errand, vantage=replace(errand.vantage, namespaces=here))
    if errand.host is not None:
        join(int(here[errand.host] or 0))
    close_all_but(0, 1, 2, lineage.line, lineage.sign, *descriptors)
    try:
        process = Process(errand, lineage, notices)
        process.adopt(dict(zip(errand.objects, rest[len(present) :])))
        if errand.unprivileged:
            become_nobody()
    except (Unsupported, OSError) as error:
        channels[0].send((REFUSED, str(error)))
        os._exit(0)
    for name, channel in list(zip(errand.actors, channels))[1:]:
        threading.Thread(target=process.serve, args=(name, channel), daemon=True).start()
    process.serve(errand.actors[0], channels[0])


def become_nobody() -> None:
    """Gives up every privilege, for good. Unsupported where that is not possible."""
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
    """What the actors of one process share; also the operations of kind ``process``."""

    def __init__(self, errand: Errand, lineage: Lineage, notices: int) -> None:
        self._errand = errand
        self._lineage = lineage
        self._notices = notices
        self._adapter = adapter_for(errand.plan.implementation)
        self._performer: Performer = performer_on(errand.plan, self._adapter, errand.vantage, {"process": self})
        self._scope: Scope = self._performer.scope
        self._own = errand.actors[0]
        self._channels: dict[str, Channel] = {}
        self._calling = False

    def adopt(self, numbers: dict[str, int]) -> None:
        """Makes objects of the implementation for descriptors that moved here."""
        import socket

        for name, number in numbers.items():
            self._scope.objects[name] = self._adapter.adopt(socket.socket(fileno=number))

    def serve(self, name: str, channel: Channel) -> None:
        """Carries out one actor's steps until its worker wants no more; then the process is over."""
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
        """Bytes that TCP holds back on this process's sockets."""
        return sum(unsent(each.fileno()) for _, each in self._scope.sockets() if hasattr(each, "getsockname"))

    # operations

    def fork(self, actor: str) -> None:
        """The child has copies of all objects, and its parent's own under its own name, too; it never returns."""
        if threading.current_thread() is not threading.main_thread():
            raise Missing("a process is forked by the actor that has it as its own")
        ours, theirs = pair()
        status, ended = os.pipe()
        seen, notices = os.pipe()
        if self._lineage.fork(ended):
            for number in (status, seen, self._notices):
                os.close(number)
            for end in (ours, *self._channels.values()):
                end.close()
            if self._own in self._scope.objects:
                self._scope.objects[actor] = self._scope.objects[self._own]
            self._own, self._notices, self._channels, self._calling = actor, notices, {}, False
            self.serve(actor, theirs)
        self._channels[self._own].send((BORN, actor), (ours.fileno(), status, seen))
        for end in (ours, theirs):
            end.close()
        for number in (status, ended, seen, notices):
            os.close(number)

    def exit(self, code: int) -> None:
        """Ends the process at once; its worker sees it go."""
        os._exit(code)

    def on_signal(self, signal: str, action: str) -> None:
        """Sets what a signal does."""
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

    def limit_descriptors(self, spare: int) -> None:
        """Lets the process open so many more descriptors."""
        limit(spare)

    def umask(self, mode: str) -> None:
        """Sets the file mode creation mask."""
        os.umask(octal(mode))

    def chdir(self, path: str) -> None:
        """Goes to a folder in the cell's folder; paths of addresses are relative from now on."""
        folder = os.path.join(self._scope.folder, os.path.basename(path))
        os.makedirs(folder, exist_ok=True)
        os.chdir(folder)
        self._scope.relative = True


_default, _ignore = signal.SIG_DFL, signal.SIG_IGN


def _set(number: int, handler: Any) -> None:
    signal.signal(number, handler)


def signal_number(name: str) -> int:
    """The number of a signal here. Unsupported where it has none."""
    number = getattr(signal, name, None) if name.startswith("SIG") else None
    if number is None:
        raise Unsupported(f"there is no {name} here")
    return int(number)
