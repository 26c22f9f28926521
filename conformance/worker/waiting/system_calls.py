"""The names of the system calls that a thread may wait or hang in, by ABI and number.

The numbers are those of Linux 6.1: arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl,
arch/arm/tools/syscall.tbl (EABI), include/uapi/asm-generic/unistd.h (arm64, riscv64, loongarch64),
arch/powerpc/kernel/syscalls/syscall.tbl, arch/s390/kernel/syscalls/syscall.tbl,
arch/mips/kernel/syscalls/syscall_n64.tbl. Where a call has two numbers, as ``select`` and ``_newselect``, or ``futex``
and ``futex_time64`` of 32-bit systems, both get the same name.
"""

from __future__ import annotations

import re

_ABIS = (
    (r"x86_64|i\d86", 64, "x86_64"),
    (r"x86_64|i\d86", 32, "i386"),
    (r"aarch64.*|arm.*|riscv64|loongarch64", 64, "generic"),
    (r"aarch64.*|arm.*", 32, "arm"),
    (r"ppc.*", 64, "ppc64"),
    (r"s390.*", 64, "s390x"),
    (r"mips.*", 64, "mips64"),
)
"""The machine as uname(2) calls it, the word size of the process, and the column of the table that goes with both.

The word size decides: a 32-bit process on a 64-bit kernel makes 32-bit system calls, and a 64-bit one may run under
``setarch`` with the machine name of a 32-bit system.
"""

_TABLE = """
                 x86_64    i386     arm generic   ppc64   s390x  mips64
read                  0       3       3      63       3       3    5000
write                 1       4       4      64       4       4    5001
readv                19     145     145      65     145     145    5018
writev               20     146     146      66     146     146    5019
pread64              17     180     180      67     179     180    5016
pwrite64             18     181     181      68     180     181    5017
preadv              295     333     361      69     320     328    5289
pwritev             296     334     362      70     321     329    5290
open                  2       5       5       -       5       5    5002
openat              257     295     322      56     286     288    5247
close                 3       6       6      57       6       6    5003
ioctl                16      54      54      29      54      54    5015
fcntl                72  55/221  55/221      25      55      55    5070
flock                73     143     143      32     143     143    5071
fsync                74     118     118      82     118     118    5072
fdatasync            75     148     148      83     148     148    5073
sendfile             40 187/239 187/239      71     186     187    5039
splice              275     313     340      76     283     306    5263
select               23  82/142     142       -  82/142     142    5022
pselect6            270 308/413 335/413  72/413     280     301    5260
poll                  7     168     168       -     167     168    5007
ppoll               271 309/414 336/414  73/414     281     302    5261
epoll_wait          232     256     252       -     238     251    5209
epoll_pwait         281     319     346      22     303     312    5272
epoll_pwait2        441     441     441     441     441     441    5441
connect              42     362     283     203     328     362    5041
accept               43       -     285     202     330       -    5042
accept4             288     364     366     242     344     364    5293
send                  -       -     289       -     334       -       -
sendto               44     369     290     206     335     369    5043
recv                  -       -     291       -     336       -       -
recvfrom             45     371     292     207     337     371    5044
sendmsg              46     370     296     211     341     370    5045
sendmmsg            307     345     374     269     349     358    5302
recvmsg              47     372     297     212     342     372    5046
recvmmsg            299 337/417 365/417 243/417     343     357    5294
shutdown             48     373     293     210     338     373    5047
futex               202 240/422 240/422  98/422     221     238    5194
nanosleep            35     162     162     101     162     162    5034
clock_nanosleep     230 267/407 265/407 115/407     248     262    5224
pause                34      29      29       -      29      29    5033
rt_sigsuspend       130     179     179     133     178     179    5128
rt_sigtimedwait     128 177/421 177/421 137/421     176     177    5126
wait4                61     114     114     260     114     114    5059
waitid              247     284     280      95     272     281    5237
io_uring_enter      426     426     426     426     426     426    5426
getrandom           318     355     384     278     359     349    5313
restart_syscall     219       0       0     128       0       7    5213
socketcall            -     102       -       -     102     102       -
"""

SOCKETCALL = "socketcall"
"""One number for all calls on sockets; the first argument says which (linux/net.h). The C library of i386 and s390x
uses it as long as it supports kernels before 4.3."""

_SOCKET_CALLS = {
    3: "connect", 5: "accept", 9: "send", 10: "recv", 11: "sendto", 12: "recvfrom", 13: "shutdown", 16: "sendmsg",
    17: "recvmsg", 18: "accept4", 19: "recvmmsg", 20: "sendmmsg",
}  # fmt: skip


def _tables() -> dict[str, dict[int, str]]:
    head, *rows = [line.split() for line in _TABLE.strip().splitlines()]
    return {
        abi: {int(number): row[0] for row in rows for number in row[column].split("/") if number != "-"}
        for column, abi in enumerate(head, start=1)
    }


SYSTEM_CALLS = _tables()
"""By ABI: number to name."""


def abi_of(machine: str, word_bits: int) -> str:
    """The ABI by which a process with this word size calls the kernel of this machine; empty if no table has it."""
    found = (abi for pattern, bits, abi in _ABIS if bits == word_bits and re.fullmatch(pattern, machine))
    return next(found, "")


def call_name(calls: dict[int, str], number: int, arguments: str) -> str:
    """The name of a system call, or ``system call`` and its number; ``arguments`` as /proc writes them."""
    name = calls.get(number, f"system call {number}")
    if name == SOCKETCALL:
        return _SOCKET_CALLS.get(int(arguments.split()[0], 16), name)
    return name
