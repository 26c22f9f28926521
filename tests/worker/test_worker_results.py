"""How results and errors of calls are recorded; failures of the harness are neither."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from conformance.model.errors import HarnessError
from conformance.tables.error_names import describe
from conformance.worker.adapters.stdlib import StdlibAdapter
from conformance.worker.calls.canonical import Recorder
from conformance.worker.calls.scope import Scope


class OwnSSLError(ssl.SSLWantReadError):
    """An error of a library that builds on ssl."""


@pytest.mark.parametrize(
    "error, name",
    [
        (ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the operation did not complete"), "SSLWantReadError"),
        (ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "end in violation of protocol"), "SSLEOFError"),
        (OwnSSLError(ssl.SSL_ERROR_WANT_READ, "not yet"), "OwnSSLError"),
        (socket.herror(1, "unknown host"), "herror"),
        (OSError(errno.ENOENT, "no such file"), "ENOENT"),
        (TimeoutError(errno.ETIMEDOUT, "timed out"), "ETIMEDOUT"),
        (TimeoutError("timed out"), "TimeoutError"),
        (socket.timeout("timed out"), "TimeoutError"),
        (socket.gaierror(socket.EAI_NONAME, "unknown name"), "EAI_NONAME"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_errors_whose_number_is_not_the_systems_are_named_by_their_class(error, name):
    assert describe(error)["name"] == name


@pytest.mark.parametrize("option, value", [("SO_LINGER", [1, 0]), ("SO_LINGER", 5), ("SO_RCVBUF", "4 KiB"),
                                           ("SO_RCVTIMEO", None), ("TCP_NODELAY", {}), ("SO_SNDBUF", [])])  # fmt: skip
def test_a_value_that_is_none_of_its_option_is_a_mistake_of_ours_and_nothing_is_called(option, value):
    class NeverCalled:
        def setsockopt(self, *arguments):
            raise AssertionError("the implementation was called")

    with pytest.raises(HarnessError, match=f"is no value of {option}: "):
        StdlibAdapter().setsockopt(NeverCalled(), {option: value}, None, None, None)


def test_a_step_that_cannot_be_made_because_of_us_makes_its_cell_inconclusive(run):
    outcomes = run("""
        transports: [unix]
        given: connected
        steps:
          - client: {call: {function: sys.byteorder}, as: word}
          - client: {setsockopt: {option: SO_RCVBUF, value: $word}, raises: ValueError}
        """)
    assert outcomes["unix"].verdict.kind == "inconclusive"
    assert "'little' is no value of SO_RCVBUF" in outcomes["unix"].verdict.reason.replace("big", "little")


def test_what_an_earlier_step_did_not_give_leaves_a_step_out(run):
    outcomes = run("""
        transports: [unix]
        given: connected
        steps:
          - client: {call: {function: sys.byteorder}, as: word}
          - client: {sendall: $word}
        """)
    assert outcomes["unix"].observations[2].kind == "not-run"
    assert "an argument cannot be made" in outcomes["unix"].observations[2].reason


@pytest.mark.parametrize("value", [(0, bytes(14)), (24, b"\x00\x01")])
def test_an_address_of_a_family_that_python_does_not_know_is_recorded_by_its_family(value):
    recorder = Recorder(Scope(None, ""))
    assert recorder.result("address", value) == ({"family": value[0], "names": []}, {"family": value[0]})
