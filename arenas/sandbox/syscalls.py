"""What a program may ask of the kernel, as a seccomp filter for x86-64 and aarch64.

An allow-list: what is on no list is refused with EPERM, so that an honest program sees an exception it can understand;
what only an attack would try kills the process, so that the attempt has a name (stop ``syscall``). Numbers are the
kernel's (``asm/unistd_64.h``; ``asm-generic/unistd.h``), -1 where an architecture lacks the call.

Read inside the sandbox's own interpreter; imports the standard library only.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

Numbers = Mapping[str, tuple[int, int]]


class Machine(NamedTuple):
    """An architecture: its column in the tables, its audit number, and where foreign numbers begin (0: nowhere)."""

    column: int
    audit: int
    foreign: int


MACHINES = {
    "x86_64": Machine(0, 0xC000003E, 0x40000000),  # from 0x40000000 on: the x32 doubles of every call
    "aarch64": Machine(1, 0xC00000B7, 0),
}

ALLOW: Numbers = {
    "read": (0, 63),
    "write": (1, 64),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "newfstatat": (262, 79),
    "fstat": (5, 80),
    "stat": (4, -1),
    "lstat": (6, -1),
    "statx": (332, 291),
    "lseek": (8, 62),
    "close": (3, 57),
    "pread64": (17, 67),
    "getdents64": (217, 61),
    "readv": (19, 65),
    "writev": (20, 66),
    "access": (21, -1),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, -1),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "close_range": (436, 436),
    "dup": (32, 23),
    "dup2": (33, -1),
    "dup3": (292, 24),
    "pipe": (22, -1),
    "pipe2": (293, 59),
    "select": (23, -1),
    "pselect6": (270, 72),
    "poll": (7, -1),
    "ppoll": (271, 73),
    "gettimeofday": (96, 169),
    "time": (201, -1),
    "times": (100, 153),
    "nanosleep": (35, 101),
    "getrusage": (98, 165),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "getpgrp": (111, -1),
    "sysinfo": (99, 179),
    "sched_yield": (24, 124),
    "getrandom": (318, 278),
    "getrlimit": (97, 163),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
"""Reading, memory, clocks, waiting, ending; nothing that reaches another process."""

RULED: Numbers = {
    "open": (2, -1),
    "openat": (257, 56),
    "fcntl": (72, 25),
    "prlimit64": (302, 261),
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "sched_getaffinity": (204, 123),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "ioctl": (16, 29),
    "clone": (56, 220),
    "clone3": (435, 435),
}
"""Calls that depend on their arguments; see `_rules`."""

NAMES: Numbers = {
    "uname": (63, 160),
}
"""Allowed only where the host's name is not this machine's."""

FILES: Numbers = {
    "mkdir": (83, -1),
    "mkdirat": (258, 34),
    "rmdir": (84, -1),
    "unlink": (87, -1),
    "unlinkat": (263, 35),
    "rename": (82, -1),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "ftruncate": (77, 46),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
}
"""Allowed only where the program has a /tmp of its own."""

PROCESSES: Numbers = {
    "fork": (57, -1),
    "vfork": (58, -1),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "wait4": (61, 260),
    "waitid": (247, 95),
}
"""Allowed only where the program may start processes."""

KILL: Numbers = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "process_madvise": (440, 440),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "mount_setattr": (442, 442),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "seccomp": (317, 277),
    "capset": (126, 91),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setgroups": (116, 159),
    "personality": (135, 92),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
    "acct": (163, 89),
    "swapon": (167, 224),
    "quotactl": (179, 60),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
}
"""No solution of any task needs these."""

LD, JA, JEQ, JGE, JSET, RET = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
NR, ARCH = 0, 4

RET_ALLOW = 0x7FFF0000
RET_KILL = 0x80000000
RET_ERRNO = 0x00050000

FCNTL = (0, 1, 2, 3, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC. Not F_SETOWN and F_SETSIG: a descriptor that becomes ready would
send any signal to any process of the same user."""

WRITING = 0o20003103
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND and O_TMPFILE's own bit."""

NEW_NAMESPACES = 0x7E020080
"""CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""

Line = tuple[int, int, int, int]
"""One BPF instruction: code, jump if true, jump if false, constant."""

_ALLOW: Line = (RET, 0, 0, RET_ALLOW)
_KILL: Line = (RET, 0, 0, RET_KILL)
_REFUSE: Line = (RET, 0, 0, RET_ERRNO | errno.EPERM)


def build(machine: str, *, files: bool = False, processes: bool = False, names: bool = False) -> bytes:
    """The filter's program for ``machine`` (``platform.machine()``), as an array of ``struct sock_filter``."""
    made = lines(machine, files=files, processes=processes, names=names)
    return b"".join(struct.pack("<HBBI", *line) for line in made)


def lines(machine: str, *, files: bool = False, processes: bool = False, names: bool = False) -> list[Line]:
    """The filter, instruction by instruction. Raises KeyError for a machine without a table."""
    column, audit, foreign = MACHINES[machine]
    bodies: dict[int, list[Line]] = {}
    for table, answer in ((KILL, _KILL), (FILES, _ALLOW if files else _REFUSE)):
        bodies.update({numbers[column]: [answer] for numbers in table.values()})
    for table, allowed in ((PROCESSES, processes), (NAMES, names)):
        bodies.update({numbers[column]: [_ALLOW if allowed else _REFUSE] for numbers in table.values()})
    bodies.update({numbers[column]: [_ALLOW] for numbers in ALLOW.values()})
    bodies.update(_rules(column, files, processes))
    bodies.pop(-1, None)
    out: list[Line] = [(LD, 0, 0, ARCH), (JEQ, 1, 0, audit), _KILL, (LD, 0, 0, NR)]
    if foreign:
        out += [(JGE, 0, 1, foreign), _KILL]
    return out + _search(_intervals(bodies))


def _intervals(bodies: Mapping[int, list[Line]]) -> list[tuple[int, list[Line]]]:
    """(first number, what to do from there on), rising, neighbours that do the same made one."""
    out: list[tuple[int, list[Line]]] = [(0, bodies.get(0, [_REFUSE]))]
    for number in sorted({n + step for n in bodies for step in (0, 1)}):
        body = bodies.get(number, [_REFUSE])
        if body != out[-1][1]:
            out.append((number, body))
    return out


def _search(intervals: list[tuple[int, list[Line]]]) -> list[Line]:
    """A binary search over the number, already loaded: every call costs a few comparisons.

    It is not only faster than a list: the kernel works out, whenever a filter is installed, what it says of every call.
    """
    if len(intervals) == 1:
        return intervals[0][1]
    middle = len(intervals) // 2
    below, above = _search(intervals[:middle]), _search(intervals[middle:])
    first = intervals[middle][0]
    if len(below) <= 255:
        return [(JGE, len(below), 0, first), *below, *above]
    return [(JGE, 0, 1, first), (JA, 0, 0, len(below)), *below, *above]  # conditional jumps reach 255 instructions


def _rules(column: int, files: bool, processes: bool) -> Iterator[tuple[int, list[Line]]]:
    def number(name: str) -> int:
        return RULED[name][column]

    for name, argument in (("open", 1), ("openat", 2)):
        load: Line = (LD, 0, 0, _low(argument))
        writing: list[Line] = [load, (JSET, 0, 1, WRITING), (RET, 0, 0, RET_ERRNO | errno.EACCES)]
        yield number(name), [_ALLOW] if files else [*writing, _ALLOW]
    commands: list[Line] = [line for c in FCNTL for line in ((JEQ, 0, 1, c), _ALLOW)]
    yield number("fcntl"), [(LD, 0, 0, _low(1)), *commands, _REFUSE]
    # Reading one's own limits: pid 0 and no new limit.
    words = [_low(0), _low(2), _high(2)]
    null: list[Line] = [line for w in words for line in ((LD, 0, 0, w), (JEQ, 1, 0, 0), _REFUSE)]
    yield number("prlimit64"), [*null, _ALLOW]
    # Asking about oneself: another number would tell which processes there are.
    own: list[Line] = [(LD, 0, 0, _low(0)), (JEQ, 1, 0, 0), _REFUSE, _ALLOW]
    for name in ("getpgid", "getsid", "sched_getaffinity"):
        yield number(name), own
    # The kernel's own clocks: a negative number is another process's, or a descriptor's.
    clocks: list[Line] = [(LD, 0, 0, _low(0)), (JSET, 0, 1, 1 << 31), _REFUSE, _ALLOW]
    for name in ("clock_gettime", "clock_getres", "clock_nanosleep"):
        yield number(name), clocks
    yield number("ioctl"), [(RET, 0, 0, RET_ERRNO | errno.ENOTTY)]  # what a pipe answers to "are you a terminal?"
    yield number("clone3"), [(RET, 0, 0, RET_ERRNO | errno.ENOSYS)]  # its flags lie in memory; libc then uses clone
    plain: list[Line] = [(LD, 0, 0, _low(0)), (JSET, 0, 1, NEW_NAMESPACES), _KILL]
    yield number("clone"), [*plain, _ALLOW if processes else _REFUSE]


def _low(argument: int) -> int:
    """Where the low half of an argument lies (both machines are little-endian)."""
    return 16 + 8 * argument


def _high(argument: int) -> int:
    return _low(argument) + 4
