"""The seccomp filter, read instruction by instruction for both architectures, also the one that is not here."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.sandbox import syscalls
from lanista.arenas.sandbox.syscalls import ALLOW, FILES, KILL, MACHINES, NAMES, PROCESSES, RULED, lines

ALLOWED, KILLED, DENIED = syscalls.RET_ALLOW, syscalls.RET_KILL, syscalls.RET_ERRNO | errno.EPERM
machines = st.sampled_from(sorted(MACHINES))


def run(program: list[syscalls.Line], audit: int, number: int, args: tuple[int, ...] = ()) -> int:
    """What the kernel's interpreter would say of one call (linux/bpf_common.h; jumps are relative, forward)."""
    words = {0: number, 4: audit}
    for i, arg in enumerate((*args, *[0] * 6)[:6]):
        words[16 + 8 * i], words[20 + 8 * i] = arg & 0xFFFFFFFF, (arg >> 32) & 0xFFFFFFFF
    at = accumulator = 0
    while True:
        code, yes, no, constant = program[at]
        at += 1
        if code == syscalls.RET:
            return constant
        if code == syscalls.LD:
            accumulator = words[constant]
        elif code == syscalls.JA:
            at += constant
        else:
            tests = {
                syscalls.JEQ: accumulator == constant,
                syscalls.JGE: accumulator >= constant,
                syscalls.JSET: bool(accumulator & constant),
            }
            at += yes if tests[code] else no


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("processes", [False, True])
@pytest.mark.parametrize("files", [False, True])
@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_is_answered_as_its_table_says(machine: str, files: bool, processes: bool, names: bool) -> None:
    column, audit, _ = MACHINES[machine]
    program = lines(machine, files=files, processes=processes, names=names)
    assert len(program) < 4096  # BPF_MAXINSNS
    assert all(0 <= yes <= 255 and 0 <= no <= 255 for _, yes, no, _ in program)
    wanted: dict[int, int] = {}
    for table, answer in (
        (ALLOW, ALLOWED),
        (KILL, KILLED),
        (FILES, ALLOWED if files else DENIED),
        (PROCESSES, ALLOWED if processes else DENIED),
        (NAMES, ALLOWED if names else DENIED),
    ):
        for name, numbers in table.items():
            assert numbers[column] not in wanted or numbers[column] == -1, name
            wanted[numbers[column]] = answer
    ruled = {numbers[column] for numbers in RULED.values()}
    for number in range(700):
        if number not in ruled:
            assert run(program, audit, number) == wanted.get(number, DENIED), number
    for other in MACHINES.values():
        if other.audit != audit:
            assert all(run(program, other.audit, number) == KILLED for number in range(700))
    assert run(program, 0x40000003, 20) == KILLED  # 32-bit x86


@given(st.integers(0x40000000, 0xFFFFFFFF))
def test_x32_is_killed(number: int) -> None:
    assert run(lines("x86_64"), MACHINES["x86_64"].audit, number) == KILLED


@given(machines, st.integers(0, (1 << 64) - 1))
def test_files_are_opened_for_reading_only(machine: str, flags: int) -> None:
    column, audit, _ = MACHINES[machine]
    got = run(lines(machine), audit, RULED["openat"][column], (0, 0, flags, 0))
    writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    if writes:
        assert got == syscalls.RET_ERRNO | errno.EACCES
    elif not flags & 0o20000000:
        assert got == ALLOWED
    assert run(lines(machine, files=True), audit, RULED["openat"][column], (0, 0, flags, 0)) == ALLOWED


@given(machines, st.integers(0, 1100), st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 64) - 1), st.booleans())
def test_the_other_rules(machine: str, command: int, pid: int, new: int, processes: bool) -> None:
    column, audit, _ = MACHINES[machine]
    program = lines(machine, processes=processes)

    def says(name: str, *args: int) -> int:
        return run(program, audit, RULED[name][column], args)

    harmless = command in (0, 1, 2, 3, 1030)
    assert says("fcntl", 1, command, new) == (ALLOWED if harmless else DENIED)
    assert says("fcntl", 1, 8) == DENIED  # F_SETOWN
    assert says("fcntl", 1, 10) == DENIED  # F_SETSIG
    own = pid & 0xFFFFFFFF == 0  # the kernel reads 32 bits of it
    assert says("prlimit64", pid, 0, new, 0) == (ALLOWED if own and new == 0 else DENIED)
    for name in ("getpgid", "getsid", "sched_getaffinity"):
        assert says(name, pid, new) == (ALLOWED if own else DENIED)
        assert says(name, 0, new) == ALLOWED
    for name in ("clock_gettime", "clock_getres", "clock_nanosleep"):
        assert says(name, pid, new) == (DENIED if pid & 0x80000000 else ALLOWED)
        assert says(name, 1 << 31 | command) == DENIED
        assert says(name, (1 << 64) - 6) == DENIED  # a negative number, as it lies in the register
        assert says(name, command) == ALLOWED
    assert says("ioctl", 1, command) == syscalls.RET_ERRNO | errno.ENOTTY
    assert says("clone3", pid) == syscalls.RET_ERRNO | errno.ENOSYS
    if pid & 0x7E020080:
        assert says("clone", pid) == KILLED
    else:
        assert says("clone", pid) == (ALLOWED if processes else DENIED)


HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_the_kernels(machine: str) -> None:
    """Against the kernel's headers where this machine has them; against `errno`-free anchors everywhere."""
    column = MACHINES[machine].column
    known = {**ALLOW, **RULED, **FILES, **PROCESSES, **NAMES, **KILL}
    anchors = {"x86_64": {"read": 0, "openat": 257, "execve": 59}, "aarch64": {"read": 63, "openat": 56, "execve": 221}}
    assert {name: known[name][column] for name in anchors[machine]} == anchors[machine]
    if not HEADERS[machine].exists():
        return
    text = HEADERS[machine].read_text(encoding="utf-8")
    found = {name: int(n) for name, n in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    if machine == "aarch64":
        found["newfstatat"] = found["fstatat"]
    wrong = {n: (v[column], found.get(n)) for n, v in known.items() if v[column] not in (-1, found.get(n, v[column]))}
    assert wrong == {}
    assert {n for n, v in known.items() if v[column] == -1 and n in found} == set()
