"""Mechanical mutants that no scenario can kill, each with the reason. They are not run."""

from __future__ import annotations

_NO_END_OF_RECORD = "no protocol that scenarios use transmits MSG_EOR (Linux: tcp_sendmsg(), udp_sendmsg(), af_unix.c)"
_LISTENER = "SHUT_WR changes nothing on a listener (Linux: inet_shutdown(), unix_shutdown())"
_DROPPED = "the first of the two results is dropped, and reference counting closes it at once"
_CONSTANT = "the value never changes during the life of a socket, so the first one is right for ever"
_AS_VALUE = "connect_ex() returns errors of the system and raises neither a timeout nor EAGAIN"

EQUIVALENT: dict[str, str] = {
    "__del__:fails-afterwards": "Python ignores what a finalizer raises (object.__del__() in the language reference)",
    "__enter__:not-made": "entering only returns the socket, and with_block ignores the result",
    "accept:ends-sending": _LISTENER,
    "bind:eats-a-byte": "nothing can arrive before a socket is bound",
    "connect_ex:timeout-as-system-error": _AS_VALUE,
    "connect_ex:timeout-as-would-block": _AS_VALUE,
    "connect_ex:would-block-as-timeout": _AS_VALUE,
    "dup:made-twice": _DROPPED,
    "family:made-once": _CONSTANT,
    "getaddrinfo:infos-reversed": "the order of results is up to the resolver (RFC 6724; POSIX getaddrinfo())",
    "listen:ends-sending": _LISTENER,
    "makefile:made-twice": _DROPPED,
    "proto:made-once": _CONSTANT,
    "send:always-eor": _NO_END_OF_RECORD,
    "sendall:always-eor": _NO_END_OF_RECORD,
    "sendfile:would-block-as-timeout": "sendfile() refuses non-blocking sockets with a ValueError",
    "sendto:always-eor": _NO_END_OF_RECORD,
    "socketpair:made-twice": _DROPPED,
    "type:made-once": _CONSTANT,
}
"""Name to reason."""
