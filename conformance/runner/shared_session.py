"""One session for all processes of xdist: the first process of pytest runs the cells, the others ask for outcomes.

Workers are started once, and any number of processes of xdist wait for the same cells as one process would.
A connection is a private socket of this user with a secret key; what goes over it is JSON.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from typing import TYPE_CHECKING, Any

from conformance.model.errors import HarnessError

if TYPE_CHECKING:
    from conformance.model.codec import Codec
    from conformance.runner.session import Outcome, Session

Named = tuple[str, str]
"""A cell by its file and its id."""


@cache
def _codec() -> Codec:
    """The codec of outcomes. It is made when there are cells: every session with xdist starts a server."""
    from conformance.model.codec import Codec
    from conformance.runner.session import Outcome

    return Codec(Outcome)


class Server:
    """Answers questions about the cells of a session, which is made when the first process names them."""

    def __init__(self, make_session: Callable[[Sequence[Named]], Session]) -> None:
        self._make_session = make_session
        self._making = threading.Lock()
        self._fault = ""
        self.session: Session | None = None
        self._key = secrets.token_bytes(32)
        self._listener = Listener(authkey=self._key)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def place(self) -> dict[str, str]:
        """The address and the key, for other processes."""
        return {"address": str(self._listener.address), "key": self._key.hex()}

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except AuthenticationError:
                continue
            except OSError:
                return  # it was closed
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with contextlib.suppress(EOFError, OSError), connection:
            names = json.loads(connection.recv_bytes())
            session = self._session([(file, cell) for file, cell in names])
            while True:
                number = json.loads(connection.recv_bytes())
                connection.send_bytes(json.dumps(self._answer(session, number)).encode())

    def _session(self, names: Sequence[Named]) -> Session | None:
        with self._making:
            if self.session is None and not self._fault:
                try:
                    self.session = self._make_session(names)
                except Exception as error:  # noqa: BLE001 (told to the process that asks)
                    self._fault = f"{type(error).__name__}: {error}"
            return self.session

    def _answer(self, session: Session | None, number: int) -> dict[str, Any]:
        if session is None:
            return {"fault": self._fault}
        try:
            return {"outcome": _codec().encode(session.outcome(number))}
        except Exception as error:  # noqa: BLE001 (told to the process that asks)
            return {"fault": str(error)}

    def close(self) -> None:
        """Ends the session."""
        with contextlib.suppress(OSError):
            self._listener.close()
        if self.session is not None:
            self.session.close()


class RemoteSession:
    """The session of a server, from another process."""

    def __init__(self, place: dict[str, str], names: Sequence[Named]) -> None:
        self._connection = Client(place["address"], authkey=bytes.fromhex(place["key"]))
        self._connection.send_bytes(json.dumps(names).encode())

    def outcome(self, number: int) -> Outcome:
        """The outcome of a cell by its number. HarnessError where it could not be run."""
        try:
            self._connection.send_bytes(json.dumps(number).encode())
            answer = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise HarnessError("the process that runs the cells is gone") from None
        if "fault" in answer:
            raise HarnessError(answer["fault"])
        outcome: Outcome = _codec().decode(answer["outcome"])
        return outcome

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()
