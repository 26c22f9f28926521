"""Mutants: implementations with one bug each. They show that scenarios can fail, and which scenario detects which bug.

Those in ``MUTANTS`` are written by hand after real bugs: the last column says where the bug was reported, or where the
trap is documented. Those in ``GENERATED`` are made mechanically, one for each thing that can go wrong with each call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.mutants import (
    closing,
    connecting,
    datagrams,
    describing,
    generated,
    lifecycle,
    receiving,
    sending,
    timeouts,
)  # fmt: skip
from conformance.mutants.correct import Composed, Noting, PassThrough


@dataclass(frozen=True)
class Mutant:
    """One bug. ``reference`` is how a run names the implementation, ``bug`` one sentence.

    ``kin``: the operator and the call of a generated mutant; what kills one often kills its kin.
    """

    name: str
    reference: str
    bug: str
    inspired_by: str
    kin: tuple[str, ...] = ()


def _row(cls: type, inspired_by: str) -> Mutant:
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
    return Mutant(name, f"{cls.__module__}:{cls.__qualname__}", cls.__doc__ or "", inspired_by)


_HOWTO = "Python Socket Programming HOWTO"
_LIBRARY = "Python documentation: socket"

_SENDING = (
    _row(sending.ResendsFromStart, "ASPLes/nopoll #16: the caller writes the same data again"),
    _row(sending.StopsAfterPartialSend, "adafruit/Adafruit_CircuitPython_MiniMQTT #231"),
    _row(sending.CountsItemsNotBytes, "gevent 26.9.0 _socketcommon._sendall(): a view is cut by items"),
    _row(sending.ClaimsAllWasSent, "aws/s2n-tls #1012: what a send that blocked half-way reports"),
    _row(sending.CutsLargeWrites, "corecode/dma #105: partial writes are not carried on"),
    _row(sending.SwallowsBrokenPipe, "wolfSSL/osp #37: a masked reset"),
    _row(sending.HoldsFirstWriteBack, "MagicStack/uvloop #631"),
    _row(sending.DropsEmptySends, "ponylang/ponyc #5289: empty datagrams are legal"),
    _row(sending.SendsFirstPartOnly, "POSIX sendmsg(): gather output"),
    _row(sending.DropsSendFlags, "pyOpenSSL: the flags of send are ignored"),
    _row(sending.WouldBlockSendsZero, "eduardsui/tlse #44: EAGAIN is not a result"),
    _row(sending.SendallNeverTimesOut, f"{_LIBRARY}.sendall(): the timeout bounds the whole call"),
    _row(sending.SendfileFromTheStart, f"{_LIBRARY}.sendfile()"),
    _row(sending.SendfileToTheEnd, f"{_LIBRARY}.sendfile()"),
    _row(sending.NonblockingSendDropsData, "micropython/micropython-esp32 #99"),
)

_RECEIVING = (
    _row(receiving.EndTakenForRetry, "python/cpython #156344: a busy loop at the end"),
    _row(receiving.ResetTakenForEnd, "erlang/otp #730, aspnet/KestrelHttpServer #934"),
    _row(receiving.WouldBlockTakenForEnd, f"{_HOWTO}, Non-blocking Sockets"),
    _row(receiving.DropsResidue, f"{_HOWTO}, Using a Socket: what came behind the delimiter"),
    _row(receiving.BuffersAhead, "cesanta/mongoose #47: select does not see what is buffered"),
    _row(receiving.ReturnsMoreThanAsked, "rsta2/circle #46: the size is ignored"),
    _row(receiving.WaitsForFullBuffer, f"{_HOWTO}, Using a Socket: recv returns what is there"),
    _row(receiving.EndRaises, "asyncio and Twisted raise where recv returns no bytes"),
    _row(receiving.StripsTrailingNuls, "adafruit/circuitpython #3955: buffers ended by a NUL"),
    _row(receiving.StopsAtNul, "adafruit/circuitpython #3955: buffers ended by a NUL"),
    _row(receiving.PeekConsumes, "emscripten-core/emscripten #27278"),
    _row(receiving.IgnoresWaitall, "emscripten-core/emscripten #27278: flags do not reach the socket"),
    _row(receiving.IgnoresDontwait, "wasmerio/wasmer #5600"),
    _row(receiving.DontwaitSticks, "POSIX recv(): the flag is for one call"),
    _row(receiving.IntoClaimsFullBuffer, "adafruit/Adafruit_CircuitPython_ESP32SPI #155"),
    _row(receiving.IntoNeedsSize, "adafruit/circuitpython #3397"),
    _row(receiving.IntoWrongPlace, "zerotier/libzt #145: filling the caller's buffer"),
    _row(receiving.IntoMisreportsEnd, "eventlet/eventlet #353"),
    _row(receiving.LosesTruncationFlag, "asterinas/asterinas #3202"),
    _row(receiving.LosesAncillaryData, "POSIX recvmsg(): SCM_RIGHTS"),
    _row(receiving.UrgentInline, "POSIX SO_OOBINLINE: off by default"),
    _row(receiving.NotConnectedTakenForWouldBlock, "eventlet/eventlet #192: ENOTCONN taken for EWOULDBLOCK"),
    _row(receiving.NonblockingEndTakenForWouldBlock, "microsoft/WSL #2822, #3649"),
    _row(receiving.LosesControlTruncationFlag, "YurtOS/yurtos-kernel #104: no MSG_CTRUNC"),
    _row(receiving.KeepsUnwantedDescriptors, "oven-sh/bun #37427, libuv/libuv #4358"),
)

_DATAGRAMS = (
    _row(datagrams.KeepsTheRemainder, "POSIX recv(): excess bytes of a message are discarded"),
    _row(datagrams.SkipsEmptyDatagrams, "Glimesh/janus-ftl-plugin #86"),
    _row(datagrams.EmptyDatagramCloses, "rust-lang/rust #18129, cesanta/mongoose #3696"),
    _row(datagrams.SendtoIgnoresAddress, "POSIX sendto() on a connected socket"),
    _row(datagrams.RecvfromSaysOwnName, "emscripten-core/emscripten #3997: the two addresses mixed up"),
    _row(datagrams.FirstSenderForEver, "socket wrappers that keep one peer per UDP socket"),
    _row(datagrams.MergesDatagrams, "POSIX recv(): one message for each call"),
    _row(datagrams.TruncationRaises, "Winsock recv(): WSAEMSGSIZE"),
    _row(datagrams.CutsLargeDatagrams, "libraries with one buffer of the size of a packet"),
    _row(datagrams.SplitsLargeDatagrams, "POSIX send(): EMSGSIZE"),
    _row(datagrams.AcceptsStrangers, "POSIX connect(): only datagrams of the peer are received"),
    _row(datagrams.EmptyReadLeavesDatagram, "google/gvisor #993"),
    _row(datagrams.SendtoBindsEachTime, "Anorov/PySocks #173"),
    _row(datagrams.SendtoErrorsSwallowed, "RIOT-OS/RIOT #11551, sonydevworld/spresense-nuttx #89"),
    _row(datagrams.SendtoReturnsZero, "OpenFastPath/ofp #250"),
    _row(datagrams.RecordsRunTogether, "NetworkConfiguration/dhcpcd #533: records without boundaries"),
)

_TIMEOUTS = (
    _row(timeouts.TimeoutLostAfterUse, "benoitc/gunicorn #1616: whose timeout holds when"),
    _row(timeouts.AcceptIgnoresTimeout, "IronLanguages/main #583"),
    _row(timeouts.RecvIgnoresTimeout, "gevent/gevent #1737"),
    _row(timeouts.ConnectIgnoresTimeout, "Anorov/PySocks #66"),
    _row(timeouts.ZeroMeansNoTimeout, "docker/docker-py #1284, micropython/micropython #4219"),
    _row(timeouts.IgnoresSetblocking, "Anorov/PySocks #121"),
    _row(timeouts.TimeoutTakenForWouldBlock, "micropython/micropython #4219"),
    _row(timeouts.WouldBlockTakenForTimeout, f"{_LIBRARY}: a timeout and a non-blocking socket raise different errors"),
    _row(timeouts.AcceptedInheritsTimeout, "synopse/mORMot2 #3; BSD accept() inherits O_NONBLOCK"),
    _row(timeouts.TimeoutInMilliseconds, "SO_RCVTIMEO takes milliseconds on Windows, a timeval elsewhere"),
    _row(timeouts.WholeSecondsOnly, "libraries that keep timeouts in integers"),
    _row(timeouts.DupForgetsTimeout, f"{_LIBRARY}.dup()"),
    _row(timeouts.ConnectLeavesNonBlocking, "schwa/SwiftIO #8"),
    _row(timeouts.TimeoutSetsBlocking, "Anorov/PySocks #66: the mode is changed behind the caller's back"),
    _row(timeouts.TimeoutPerChunk, f"{_LIBRARY}.sendall(): before Python 3.5"),
    _row(timeouts.AcceptWouldBlockTimesOut, "micropython/micropython #2947"),
    _row(timeouts.DatagramWouldBlockTimesOut, "micropython/micropython #5759"),
    _row(timeouts.DefaultTimeoutNotApplied, "pypy/pypy #2824"),
    _row(timeouts.BlockingReadIntoRaises, "eventlet/eventlet #274, #275"),
    _row(timeouts.AbandonedAcceptTakesNext, "python/cpython #153761: a cancelled accept drops a connection"),
)

_CONNECTING = (
    _row(connecting.ConnectExRaises, "Anorov/PySocks #97"),
    _row(connecting.ConnectExHidesErrors, "python/cpython #125632"),
    _row(connecting.InProgressIsSuccess, "Spirent/openperf #64, rthalley/dnspython #389"),
    _row(connecting.SwallowsConnectErrors, "miketeo/pysmb #11"),
    _row(connecting.ErrorsWithoutNumber, "cjrh/aiomsg #14"),
    _row(connecting.RefusedTakenForTimeout, "proxies that report every failure as a timeout"),
    _row(connecting.SecondConnectSucceeds, "microsoft/WSL #2949: EISCONN and EINPROGRESS"),
    _row(connecting.FixedBacklog, "POSIX listen(): backlog"),
    _row(connecting.TakesPortsInUse, "Winsock SO_REUSEADDR: two sockets share a port"),
    _row(connecting.BindsAnotherPort, "development servers that take the next free port"),
    _row(connecting.BindsEveryInterface, f"{_HOWTO}, Creating a Socket: who can reach a bound address"),
    _row(connecting.BindRemovesThePath, "servers that unlink their path before they bind it"),
    _row(connecting.AcceptSaysListener, "emscripten-core/emscripten #3997: the two addresses mixed up"),
    _row(connecting.AcceptsNewestFirst, "POSIX accept(): the first connection on the queue"),
    _row(connecting.OptionsLostOnAccept, "POSIX accept(): options of the listener"),
    _row(connecting.AcceptHidesTransientErrors, "Anorov/PySocks #121: non-blocking mode ignored"),
    _row(connecting.BindListens, "libraries with one call for both"),
    _row(connecting.BindErrorsSwallowed, "POSIX bind(): EINVAL for a second one, EADDRINUSE"),
    _row(connecting.ListenErrorsSwallowed, "POSIX listen(): EOPNOTSUPP"),
    _row(connecting.AnyMeansLoopback, f"{_HOWTO}, Creating a Socket: visible to the world or not"),
    _row(connecting.GuessesAddresses, f"{_LIBRARY}: socket families, the shape of addresses"),
    _row(connecting.CutsLongPaths, "unix(7): sun_path has 108 bytes"),
    _row(connecting.OpensItsPath, "servers that chmod their socket"),
    _row(connecting.ListenAcceptsOnce, f"{_HOWTO}, Creating a Socket: the server socket goes on"),
    _row(connecting.PortKnownAfterListen, "Jython: tomerfiliba-org/rpyc #156"),
    _row(connecting.TimedOutConnectCloses, "python-trio/trio #247: what is left of a cancelled connect"),
    _row(connecting.PadsAbstractNames, "luaposix/luaposix #284, janet-lang/janet #1618"),
    _row(connecting.CutsAbstractNamesAtNul, "libuv/libuv #4737"),
    _row(connecting.SpeaksOneVersionOnly, "libp2p/rust-libp2p #1555: IPV6_V6ONLY always set"),
    _row(connecting.UnknownFamilyIsInternet, "lwIP: genodelabs/genode #732"),
    _row(connecting.IgnoresProtocol, "emscripten-core/emscripten #16479: an invalid protocol"),
)

_CLOSING = (
    _row(closing.HalfCloseClosesBoth, "twisted/twisted #7367, emscripten-core/emscripten #4152"),
    _row(closing.ShutsTheOtherWay, "POSIX shutdown(): SHUT_RD and SHUT_WR"),
    _row(closing.ShutdownErrorsSwallowed, "staalmannen/APExp #457: success without a connection"),
    _row(closing.ShutdownDoesNothing, "staalmannen/APExp #457: a stub that answered success"),
    _row(closing.ShutdownCloses, "staalmannen/APExp #457, fpagliughi/sockpp #82"),
    _row(closing.NeverCloses, "eventlet/eventlet #474"),
    _row(closing.ClosesByShutdownOnly, "eventlet/eventlet #474: shutdown is called, close is not"),
    _row(closing.MakefileLeaks, "eventlet/eventlet #318: makefile and reference counts"),
    _row(closing.ClosesUnderItsFiles, "eventlet/eventlet #219: a descriptor closed under its user"),
    _row(closing.MakefileLosesItsBuffer, f"{_HOWTO}, Using a Socket: flush"),
    _row(closing.MakefileIsUnbuffered, f"{_LIBRARY}.makefile()"),
    _row(closing.DetachCloses, f"{_LIBRARY}.detach()"),
    _row(closing.DupSharesDescriptor, "eventlet/eventlet #326"),
    _row(closing.CloseTwiceRaises, f"{_LIBRARY}.close()"),
    _row(closing.CloseResets, "libuv/libuv #3034: close sends RST"),
    _row(closing.CloseNeverResets, "MagicStack/uvloop #471"),
    _row(closing.DrainsBeforeClose, "MagicStack/uvloop #471"),
    _row(closing.KeepsItsNumber, f"{_LIBRARY}.fileno(): -1 after close"),
    _row(closing.WithBlockLeavesOpen, f"{_LIBRARY}: leaving a with block closes"),
    _row(closing.GarbageStaysOpen, f"{_HOWTO}, Disconnecting: garbage collection"),
    _row(closing.FilenoDuplicates, "eventlet/eventlet #326: makefile on a duplicate"),
    _row(closing.UsableAfterShutdown, "POSIX shutdown(): EPIPE"),
    _row(closing.ShutdownOfReadingDoesNothing, "paramiko/paramiko #939"),
    _row(closing.ClosedSocketsWait, "paramiko/paramiko #99, #120"),
    _row(closing.SecondCloseCutsFiles, "urllib3/urllib3 #2984"),
)

_DESCRIBING = (
    _row(describing.SwapsPortBytes, "ponylang/ponyc #2362, bmx-ng/brl.mod #132"),
    _row(describing.PeernameIsOwnName, "emscripten-core/emscripten #3997"),
    _row(describing.SocknameIsPeername, "emscripten-core/emscripten #3997"),
    _row(describing.RemembersFirstName, "zephyrproject-rtos/zephyr #61545"),
    _row(describing.RemembersPeer, "POSIX getpeername(): ENOTCONN"),
    _row(describing.UnconnectedPeerIsNone, "asyncio: get_extra_info('peername') is None"),
    _row(describing.CachesOptions, "socket(7): the kernel doubles SO_SNDBUF"),
    _row(describing.IgnoresOptions, "WebSocket emulations whose setsockopt is a stub"),
    _row(describing.OptionErrorsSwallowed, "POSIX setsockopt(): ENOPROTOOPT, EINVAL"),
    _row(describing.ErrorStays, "POSIX SO_ERROR: reading clears it"),
    _row(describing.ErrorIsAlwaysZero, "Spirent/openperf #64: SO_ERROR after a non-blocking connect"),
    _row(describing.IsInherited, "PEP 446"),
    _row(describing.TypeCarriesFlags, "python/cpython #74390"),
    _row(describing.AlwaysSaysTcp, f"{_LIBRARY}.proto: 0 is the default of the family and type"),
    _row(describing.DescriptorsAreInternetStreams, "python/cpython #1349"),
    _row(describing.BufferSizesAsGiven, "socket(7): the kernel doubles SO_SNDBUF"),
    _row(describing.UnboundNameIsNone, "asyncio: get_extra_info('sockname') is None"),
    _row(describing.OptionsInNetworkOrder, "POSIX getsockopt(): an int in the host's order"),
    _row(describing.NagleIsAlwaysOff, "TCP_NODELAY: off by default"),
    _row(describing.BufferSizesLostOnAccept, "google/gvisor #1095"),
    _row(describing.NeverListens, "google/gvisor #8487"),
    _row(describing.KeepaliveByDefault, "apple/servicetalk #2676, line/armeria #1755"),
    _row(describing.ForgetsItsKind, "wasm-micro-runtime/wasm-micro-runtime #4456"),
    _row(describing.UnnamedIsNul, "jnr/jnr-unixsocket #34: the path of an unnamed socket"),
    _row(describing.ReadinessSticks, "paramiko/paramiko #695: the descriptor of a pipe instead of a socket's"),
)

_LIFECYCLE = (
    _row(lifecycle.ShutdownNeedsAConnection, "google/gvisor #6495"),
    _row(lifecycle.ReconnectIsANewSocket, "google/gvisor #8998, libuv/libuv #5193"),
    _row(lifecycle.ConnectDropsTheQueue, "POSIX connect(): the queue of a datagram socket"),
    _row(lifecycle.ConnectWaitsItOut, "python/cpython #85972: native timeouts for connect"),
    _row(lifecycle.RefusesItself, "libuv/libuv #2503"),
    _row(lifecycle.OnePortForEveryProtocol, "RFC 9293 and RFC 768: ports belong to a protocol"),
    _row(lifecycle.AcceptAsksForThePeer, "python-trio/trio #609, tokio-rs/tokio #4665"),
    _row(lifecycle.AcceptTriesAgain, "socket(7): SO_RCVTIMEO holds for accept, too"),
    _row(lifecycle.AcceptSaysInvalid, "POSIX accept(): EOPNOTSUPP and EINVAL"),
    _row(lifecycle.WaitallNeverGivesLess, "POSIX recv(): MSG_WAITALL and signals"),
    _row(lifecycle.ReadsOnBehindRights, "unix(7): ancillary data forms a barrier"),
    _row(lifecycle.ReceivedDescriptorsAreKept, "recvmsg(2): MSG_CMSG_CLOEXEC"),
    _row(lifecycle.NoErrorQueue, "pypy/pypy #2649"),
    _row(lifecycle.IntoIgnoresNbytes, f"{_LIBRARY}.recv_into()"),
    _row(lifecycle.IntoCutsNbytes, f"{_LIBRARY}.recv_into()"),
    _row(lifecycle.IntoTakesResetForEnd, "eventlet/eventlet #274: an error of recv_into looks like the end"),
    _row(lifecycle.SendallStartsAgain, "ASPLes/nopoll #16: the caller writes the same data again"),
    _row(lifecycle.ShutdownReadDiscards, "POSIX shutdown(): SHUT_RD disables further receiving"),
    _row(lifecycle.ShutdownWriteResets, "netty/netty #4317: data is lost where the end comes at the same time"),
    _row(lifecycle.ShutdownWriteStopsListening, "google/gvisor #2468: shutdown of a listener"),
    _row(lifecycle.CloseWaitsForCalls, "gevent/gevent #26: one closes while another reads"),
    _row(lifecycle.NeverLooksReady, "eventlet/eventlet #154: another descriptor is given to select"),
)

_BY_HAND = (_SENDING, _RECEIVING, _DATAGRAMS, _TIMEOUTS, _CONNECTING, _CLOSING, _DESCRIBING, _LIFECYCLE)

MUTANTS: dict[str, Mutant] = {row.name: row for rows in _BY_HAND for row in rows}
"""Every mutant that was written by hand, by name."""

GENERATED: dict[str, Mutant] = {
    name: Mutant(
        name,
        f"conformance.mutants.generated:{generated.attribute(name)}",
        f"{each.call.name}: {each.bug}.",
        "generated",
        (each.label, each.call.name),
    )
    for name, each in generated.MUTATIONS.items()
}
"""Every mechanical mutant by name."""

CORRECT: dict[str, Mutant] = {
    "noting": Mutant("noting", "conformance.mutants.correct:NOTING", Noting.__doc__ or "", "inheritance"),
    **{row.name: row for row in (_row(PassThrough, "inheritance"), _row(Composed, "delegation"))},
}
"""Wrappers without a bug: a scenario that fails one of them is itself at fault."""

__all__ = ["CORRECT", "GENERATED", "MUTANTS", "Mutant"]
