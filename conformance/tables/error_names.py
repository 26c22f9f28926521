"""Error names: one POSIX symbol for each behaviour, whatever number or name the platform has for it."""

from __future__ import annotations

import errno
import socket

_ALIASES = {"EWOULDBLOCK": "EAGAIN", "ENOTSUP": "EOPNOTSUPP", "EDEADLOCK": "EDEADLK"}
"""Pairs of names for the same error; the second one is recorded."""

_WINSOCK = {
    995: "ECANCELED", 10004: "EINTR", 10009: "EBADF", 10013: "EACCES", 10014: "EFAULT", 10022: "EINVAL",
    10024: "EMFILE", 10035: "EAGAIN", 10036: "EINPROGRESS", 10037: "EALREADY", 10038: "ENOTSOCK",
    10039: "EDESTADDRREQ", 10040: "EMSGSIZE", 10041: "EPROTOTYPE", 10042: "ENOPROTOOPT", 10043: "EPROTONOSUPPORT",
    10044: "ESOCKTNOSUPPORT", 10045: "EOPNOTSUPP", 10046: "EPFNOSUPPORT", 10047: "EAFNOSUPPORT",
    10048: "EADDRINUSE", 10049: "EADDRNOTAVAIL", 10050: "ENETDOWN", 10051: "ENETUNREACH", 10052: "ENETRESET",
    10053: "ECONNABORTED", 10054: "ECONNRESET", 10055: "ENOBUFS", 10056: "EISCONN", 10057: "ENOTCONN",
    10058: "ESHUTDOWN", 10059: "ETOOMANYREFS", 10060: "ETIMEDOUT", 10061: "ECONNREFUSED", 10062: "ELOOP",
    10063: "ENAMETOOLONG", 10064: "EHOSTDOWN", 10065: "EHOSTUNREACH", 10066: "ENOTEMPTY", 10068: "EUSERS",
    10069: "EDQUOT", 10070: "ESTALE", 10071: "EREMOTE", 10093: "WSANOTINITIALISED", 10101: "EDISCON",
    10103: "ECANCELED",
}  # fmt: skip
"""Winsock's error numbers (Microsoft Learn, "Windows Sockets Error Codes") by the POSIX name of the same behaviour."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ERROR_NAMES = _words(
    """
    E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBUSY ECHILD ECONNABORTED
    ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDISCON EDOM EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH
    EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMSGSIZE ENAMETOOLONG ENETDOWN ENETRESET
    ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOMEM ENOPROTOOPT ENOSPC ENOSYS ENOTCONN ENOTDIR ENOTEMPTY
    ENOTSOCK ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EPERM EPFNOSUPPORT EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE
    EROFS ESHUTDOWN ESOCKTNOSUPPORT ESPIPE ESRCH ETIMEDOUT ETOOMANYREFS EWOULDBLOCK ENOTSUP EXDEV ECANCELED
    EBADMSG EUSERS ESTALE EDQUOT EREMOTE
    """
)
"""The names that a scenario may give for a system error."""

GETADDRINFO_NAMES = _words(
    """
    EAI_AGAIN EAI_BADFLAGS EAI_FAIL EAI_FAMILY EAI_MEMORY EAI_NODATA EAI_NONAME EAI_SERVICE EAI_SOCKTYPE
    EAI_ADDRFAMILY EAI_OVERFLOW EAI_SYSTEM
    """
)

CLASSES = _words(
    """
    OSError TimeoutError BlockingIOError ConnectionError ConnectionResetError ConnectionRefusedError
    ConnectionAbortedError BrokenPipeError InterruptedError PermissionError FileNotFoundError FileExistsError
    ValueError TypeError OverflowError AttributeError EOFError RuntimeError NotImplementedError KeyError
    IndexError DeprecationWarning UnsupportedOperation HandlerRaised error gaierror herror
    """
)
"""The exception classes that a scenario may name."""


def canonical_errno(number: int | None) -> str | None:
    """The POSIX symbol of an ``errno`` or ``winerror`` number; None if it has none."""
    if number is None:
        return None
    name = _WINSOCK.get(number) or errno.errorcode.get(number)
    if name and name.startswith("WSA") and name[3:] in ERROR_NAMES:
        name = name[3:]
    return _ALIASES.get(name, name) if name else f"errno {number}"


def canonical_name(name: str) -> str:
    """The recorded name of a name that a scenario may write, such as EAGAIN for EWOULDBLOCK."""
    return _ALIASES.get(name, name)


_NUMBERED_OTHERWISE = (("ssl", "SSLError"), (socket.herror.__module__, "herror"))
"""Classes of OSError, by module and name, whose errno is no error number of the system."""


def describe(error: BaseException) -> dict[str, str]:
    """An exception as ``{"name", "class"}``: its errno by POSIX symbol, else EAI_*, else its class."""
    cls = "TimeoutError" if type(error) is socket.timeout else type(error).__name__  # its name since Python 3.10
    if isinstance(error, socket.gaierror):
        return {"name": _getaddrinfo_name(number_of(error, "errno")), "class": cls}
    if not isinstance(error, OSError) or any((each.__module__, each.__name__) in _NUMBERED_OTHERWISE
                                             for each in type(error).__mro__):  # fmt: skip
        return {"name": cls, "class": cls}
    number = number_of(error, "winerror")  # Python has an errno for other errors of Windows
    number = number if number in _WINSOCK else number_of(error, "errno")
    return {"name": canonical_errno(number) or cls, "class": cls}


def number_of(error: BaseException, name: str) -> int | None:
    """An attribute of an exception, if it is a number."""
    try:
        value = getattr(error, name, None)
    except Exception:  # noqa: BLE001 (a property of foreign code)
        return None
    return int.__add__(value, 0) if isinstance(value, int) else None


def _getaddrinfo_name(number: int | None) -> str:
    """The name of a getaddrinfo error; EAI_NONAME on Windows, where EAI_NODATA (not standard) has the same number."""
    names = sorted(GETADDRINFO_NAMES, key=lambda name: (name == "EAI_NODATA", name))
    return next((name for name in names if getattr(socket, name, object()) == number), "gaierror")
