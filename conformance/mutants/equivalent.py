"""Mechanical mutants that no scenario can kill, each with the reason. They are not run."""

from __future__ import annotations

_NO_END_OF_RECORD = (
    "MSG_EOR is not transmitted by what scenarios use: it ends a segment in Linux tcp_sendmsg_locked(), and "
    "udp_sendmsg(), unix_stream_sendmsg() and unix_dgram_sendmsg() do not read it"
)
_ENTERED = "entering only returns the socket (CPython Lib/socket.py __enter__()), which with_block does not use"
_NO_ORDER = "POSIX.1-2024 getaddrinfo() and RFC 3493 section 6.1 name no order for the results of one address"
_FILE_DROPPED = "the first of the two files is dropped, and CPython closes it at once (Lib/socket.py SocketIO.close())"
_NEVER_EAGAIN = "sendfile() itself goes on after EAGAIN (CPython Lib/socket.py _sendfile_use_sendfile())"
_DROPPED = "the first of the two results is dropped, and CPython closes it at once (socketmodule.c sock_finalize())"
_CONSTANT = "the value never changes during the life of a socket (CPython socketmodule.c init_sockobject() sets it)"
_AS_VALUE = "connect_ex() returns a timeout and EAGAIN as numbers (CPython socketmodule.c internal_connect())"

EQUIVALENT: dict[str, str] = {
    "__del__:fails-afterwards": "Python ignores what a finalizer raises (Python language reference, object.__del__())",
    "__enter__:not-made": _ENTERED,
    "connect_ex:timeout-as-system-error": _AS_VALUE,
    "connect_ex:timeout-as-would-block": _AS_VALUE,
    "connect_ex:would-block-as-timeout": _AS_VALUE,
    "dup:made-twice": _DROPPED,
    "family:made-once": _CONSTANT,
    "getaddrinfo:infos-reversed": _NO_ORDER,
    "makefile:made-twice": _FILE_DROPPED,
    "proto:made-once": _CONSTANT,
    "send:always-eor": _NO_END_OF_RECORD,
    "sendall:always-eor": _NO_END_OF_RECORD,
    "sendfile:would-block-as-timeout": _NEVER_EAGAIN,
    "sendto:always-eor": _NO_END_OF_RECORD,
    "socketpair:made-twice": _DROPPED,
    "type:made-once": _CONSTANT,
}
"""Name to reason."""
