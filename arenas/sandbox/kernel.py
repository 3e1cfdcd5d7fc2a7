"""The few system calls that Python's standard library does not offer, through ctypes.

Every function raises OSError with the kernel's reason. Read inside the sandbox's own interpreter; imports the standard
library only.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_MACHINE = os.uname().machine

# x86-64, aarch64 (asm/unistd_64.h, asm-generic/unistd.h)
_NUMBERS = {
    "capset": (126, 91),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "unshare": (272, 97),
    "setns": (308, 268),
    "seccomp": (317, 277),
    "mount_setattr": (442, 442),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}

FIXED_ADDRESSES = 0x0040000
"""ADDR_NO_RANDOMIZE: what is executed from here on has its parts at the same addresses every time."""
_ASK = 0xFFFFFFFF

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_READ_ONLY, MOUNT_NOSUID, MOUNT_NODEV, MOUNT_NOEXEC = 1, 2, 4, 8
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAPABILITY_VERSION_3 = 0x20080522
_SECCOMP_SET_MODE_FILTER = 1


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def _syscall(name: str, *args: Any) -> int:
    number = _NUMBERS[name][0 if _MACHINE == "x86_64" else 1]
    return _check(_LIBC.syscall(ctypes.c_long(number), *args), name)


def prctl(option: int, value: int = 0) -> int:
    zero = ctypes.c_ulong(0)
    return _check(_LIBC.prctl(option, ctypes.c_ulong(value), zero, zero, zero), f"prctl {option}")


def personality(new: int = _ASK) -> int:
    """The calling thread's personality so far; whatever it executes inherits the new one."""
    return _syscall("personality", ctypes.c_ulong(new))


def host_name(name: str) -> None:
    """What this UTS namespace is called."""
    _check(_LIBC.sethostname(name.encode(), ctypes.c_size_t(len(name))), "sethostname")
    _check(_LIBC.setdomainname(b"", ctypes.c_size_t(0)), "setdomainname")


def unshare(flags: int) -> None:
    _syscall("unshare", ctypes.c_int(flags))


def setns(fd: int, kind: int) -> None:
    _syscall("setns", ctypes.c_int(fd), ctypes.c_int(kind))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    arguments = (source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None)
    _check(_LIBC.mount(*arguments), f"mount {target}")


def mount_attributes(target: str, attributes: int) -> None:
    """Adds attributes to a mount and all below it; never takes one away."""
    attr = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    path, size = target.encode(), ctypes.c_size_t(ctypes.sizeof(attr))
    _syscall("mount_setattr", ctypes.c_int(_AT_FDCWD), path, ctypes.c_uint(_AT_RECURSIVE), attr, size)


def pivot_root(new: str, old: str) -> None:
    _syscall("pivot_root", new.encode(), old.encode())


def unmount(target: str) -> None:
    _check(_LIBC.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def bound_capabilities() -> None:
    """No exec gives any capability from here on; those that are held stay."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # past the kernel's last, or not allowed to: then none are held, and no_new_privs lets none come


_HEADER = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
_NONE = (ctypes.c_uint32 * 6)()


def clear_capabilities() -> None:
    """Empties the effective, permitted and inheritable sets."""
    _syscall("capset", _HEADER, _NONE)


class Filter(ctypes.Structure):
    """``struct sock_fprog``: a filter, ready to be installed."""

    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))

    def __init__(self, program: bytes) -> None:
        super().__init__(len(program) // 8, program)


def seccomp(made: Filter) -> None:
    """Puts the calling process under a filter for good."""
    _syscall("seccomp", ctypes.c_uint(_SECCOMP_SET_MODE_FILTER), ctypes.c_uint(0), ctypes.byref(made))


# Landlock (linux/landlock.h). All that a ruleset handles is denied unless a rule allows it.
READ_FILE, READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many file rights an ABI version knows; the last holds for later ones."""
_NET_SINCE, _SCOPE_SINCE = 4, 6
_NET_BOTH, _SCOPE_BOTH = 3, 3
"""Bind and connect TCP; abstract unix sockets and signals."""


def landlock_version() -> int:
    """The kernel's Landlock ABI, at least 1. Raises OSError where there is none."""
    return _syscall("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(1))


def landlock_everything() -> int:
    """All file rights that this kernel's Landlock knows."""
    return (1 << _FILE_RIGHTS.get(landlock_version(), _FILE_RIGHTS[5])) - 1


def landlock_ruleset() -> int:
    """A new ruleset's descriptor; it handles everything that this kernel can handle, and allows nothing yet."""
    version = landlock_version()
    net = _NET_BOTH if version >= _NET_SINCE else 0
    scope = _SCOPE_BOTH if version >= _SCOPE_SINCE else 0
    attr = (ctypes.c_uint64 * 3)(landlock_everything(), net, scope)
    size = 24 if scope else 16 if net else 8
    return _syscall("landlock_create_ruleset", attr, ctypes.c_size_t(size), ctypes.c_uint32(0))


def landlock_allow(ruleset: int, path: str, rights: int) -> None:
    """Allows ``rights`` at ``path`` and all below it."""

    class Rule(ctypes.Structure):
        _pack_ = 1
        _fields_ = (("rights", ctypes.c_uint64), ("parent", ctypes.c_int32))

    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = Rule(rights, parent)
        arguments = (ctypes.c_int(ruleset), ctypes.c_uint(1), ctypes.byref(rule), ctypes.c_uint32(0))
        _syscall("landlock_add_rule", *arguments)
    finally:
        os.close(parent)


def landlock_restrict(ruleset: int) -> None:
    _syscall("landlock_restrict_self", ctypes.c_int(ruleset), ctypes.c_uint32(0))
