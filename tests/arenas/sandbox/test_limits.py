"""Every reason for a stop is told apart, and bad programs get a clear answer."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import textwrap
import threading
from dataclasses import replace
from typing import Any

import pytest

from lanista.arenas.sandbox import Call, Limits, Sandbox
from lanista.errors import LanistaError, UsageError

TIGHT = Limits(cpu_s=0.3, wall_s=60.0, memory_bytes=64_000_000, output_bytes=1000, result_bytes=10_000)


@pytest.mark.parametrize(
    ("body", "stop", "says"),
    [
        ("while True: pass", "cpu", "0.3 CPU seconds"),
        ("__import__('time').sleep(60)", "wall", "1 s"),
        ("return len([0] * 100_000_000)", "memory", "MemoryError"),
        ("return len(' ' * 100_000_000)", "memory", "MemoryError"),
        ("print('x' * 2000)", "output", "printed more than 1000 bytes"),
        ("import os\n    while True: os.write(2, b'x' * 100)", "output", "printed more than 1000 bytes"),
        ("import os\n    while True: os.write(3, b'x' * 100)", "output", "returned more than 10000 bytes"),
        ("import os\n    os.execv('/bin/true', ['true'])", "syscall", "no solution needs"),
        ("import sys\n    sys.exit(0)", "exit", "SystemExit: 0"),
        ("exit()", "exit", "SystemExit"),
        ("import os\n    os._exit(0)", "exit", "left with code 0"),
        ("import ctypes\n    ctypes.string_at(0)", "crash", "SIGSEGV"),
    ],
)
def test_why_a_child_ended(box: Sandbox, body: str, stop: str, says: str) -> None:
    program = f"def before():\n    return 1\ndef f():\n    {body}\n"
    limits = replace(TIGHT, wall_s=1.0) if stop == "wall" else TIGHT
    results = box.run(program, [Call("before"), Call("f"), Call("before")], limits)
    assert (results.stop, results[0].value) == (stop, 1)
    assert says in results.error
    assert [r.status for r in results.results] == ["ok", "stopped", "unreached"]
    assert [r.stop for r in results.results] == [None, stop, stop]
    assert results.tier == box.tier
    assert len(results.output) <= 1000
    # The limits of one child are no other's.
    assert box.run(program, [Call("before")], TIGHT)[0].ok


@pytest.mark.parametrize(
    ("body", "stop"),
    [
        ("while True: pass", "cpu"),
        ("__import__('time').sleep(60)", "wall"),
        ("import ctypes; ctypes.string_at(0)", "crash"),
        ("import os; os._exit(3)", "exit"),
        ("import os; os.execv('/bin/true', ['true'])", "syscall"),
        ("x = [0] * 100_000_000", "memory"),
        ("print('x' * 10_000)", "output"),
    ],
)
@pytest.mark.parametrize("where", ["loading", "calling"])
def test_what_was_printed_before_a_stop_comes_back(box: Sandbox, body: str, stop: str, where: str) -> None:
    lines = "print('said', 1)\nimport sys\nprint('ü', file=sys.stderr)\n"
    program = f"{lines}{body}\n"
    if where == "calling":
        program = "def f():\n" + textwrap.indent(program, "    ")
    limits = replace(TIGHT, wall_s=1.0) if stop == "wall" else TIGHT
    results = box.run(program, [Call("f")], limits)
    assert (results.stop, results.output) == (stop, "said 1\nü\n")


LOW = """
import resource, sys
which, most = getattr(resource, sys.argv[1]), int(sys.argv[2])
from lanista.arenas.sandbox import Call, Sandbox
from lanista.errors import LanistaError
resource.setrlimit(which, (most, most if sys.argv[3] == "hard" else resource.getrlimit(which)[1]))
try:
    with Sandbox() as box:
        for _ in range(3):
            result = box.run("def f(): return 'ran'", [Call("f")])[0]
    print(result.value)
except LanistaError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("which", "most", "how", "says"),
    [
        ("RLIMIT_NOFILE", 24, "hard", "at most 24 files may be open here (ulimit -Hn), and a sandbox needs"),
        ("RLIMIT_NOFILE", 24, "soft", "ran"),
        ("RLIMIT_NOFILE", 12, "hard", "ulimit -Hn"),
        ("RLIMIT_FSIZE", 0, "hard", "ulimit -f"),
        ("RLIMIT_AS", 250_000_000, "hard", "ran"),
        ("RLIMIT_CPU", 5, "hard", "ran"),
        ("RLIMIT_STACK", 1 << 16, "hard", "ran"),
        ("RLIMIT_NPROC", 1, "hard", ""),  # root has as many as it likes; in a namespace root is nobody
        ("RLIMIT_MEMLOCK", 0, "hard", "ran"),
        ("RLIMIT_CORE", 0, "hard", "ran"),
    ],
)
def test_a_caller_with_low_limits_works_or_gets_one_sentence(which: str, most: int, how: str, says: str) -> None:
    command = [sys.executable, "-c", LOW, which, str(most), how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert says in done.stdout
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("body", ["while True: pass", "__import__('time').sleep(60)", "__import__('os')._exit(0)"])
def test_a_program_that_does_not_get_to_its_functions(box: Sandbox, body: str) -> None:
    limits = replace(TIGHT, wall_s=1.0) if "sleep" in body else TIGHT
    results = box.run(f"def f():\n    return 1\n{body}\n", [Call("f")], limits)
    assert results.stop in ("cpu", "wall", "exit")
    assert results[0].status == "stopped"


def test_exceptions_are_answers_and_the_next_call_is_made(box: Sandbox) -> None:
    program = "def f(x):\n    return 1 // x\n"
    results = box.run(program, [Call("f", (0,)), Call("f", (1,)), Call("f"), Call("g"), Call("f", (), {"x": 1})])
    assert [r.status for r in results.results] == ["exception", "ok", "exception", "exception", "ok"]
    assert results[0].error == "line 2 in f: ZeroDivisionError: integer division or modulo by zero"
    assert "missing 1 required positional argument" in results[2].error
    assert "defines no g" in results[3].error
    assert results.stop is None


def test_a_syntax_error_names_its_line(box: Sandbox) -> None:
    results = box.run("def f():\n    return (\n", [Call("f"), Call("f")])
    assert (results.stop, results.error) == ("exception", "line 2: SyntaxError: '(' was never closed")
    assert [r.status for r in results.results] == ["stopped", "unreached"]


@pytest.mark.parametrize(
    ("program", "stop", "says"),
    [
        ("#" * 10_000_000, "refused", "10000000 characters"),
        ("x = 1\0\n", "exception", "null bytes"),
        ("x = '\ud800'\n", "exception", "not UTF-8 (at character 5)"),
        (b"x = '\xff'\n", "exception", "not UTF-8 (at byte 5)"),
        (b"\xff\xfex\0=\0", "exception", "not UTF-8 (at byte 0)"),
        ("(" * 1000, "exception", "SyntaxError"),
        ("x = " + "-" * 500_000 + "1", "exception", ""),
        ("x = '" + "a" * 900_000, "exception", "unterminated string"),
        ("raise KeyboardInterrupt", "exception", "KeyboardInterrupt"),
        ("raise BaseException('a\\nb\\x1b[0m')", "exception", "BaseException: a b"),
        ("class E(Exception):\n    def __str__(self): raise self\nraise E", "exception", "cannot be shown"),
        ("import nothing_like_this", "exception", "ModuleNotFoundError"),
        ("import numpy", "exception", "ModuleNotFoundError"),
        ("import lanista.errors", "exception", "ModuleNotFoundError"),
    ],
)
def test_bad_programs_are_answered(box: Sandbox, program: str | bytes, stop: str, says: str) -> None:
    results = box.run(program, [Call("f")], Limits(cpu_s=5))
    assert results.stop in (stop, "memory", "crash") if not says else results.stop == stop, results
    assert says in results.error
    assert results[0].status == "stopped"
    assert "\x1b" not in results.error


def test_bytes_that_are_utf8_run(box: Sandbox) -> None:
    assert box.run("def f():\n    return 'ü'\n".encode(), [Call("f")])[0].value == "ü"


def test_no_calls_load_the_program_and_no_more(box: Sandbox) -> None:
    assert box.run("x = 1\nprint(x)\n", []).output == "1\n"
    assert box.run("x = 1\n", []).stop is None
    assert box.run("x = \n", []).stop == "exception"


def test_each_call_has_its_own_output(box: Sandbox) -> None:
    program = "import os, sys\nprint('loaded')\ndef f(x):\n    print(x)\n    print(x, file=sys.stderr)\n"
    program += "def raw():\n    os.write(1, b'raw \\xff')\n"
    results = box.run(program, [Call("f", ("a",)), Call("f", ("ü\ud800",)), Call("raw")])
    assert results[0].stdout == "loaded\na\na\n"
    assert results[1].stdout == "ü\\ud800\nü\\ud800\n"
    assert results.output == "loaded\na\na\nü\\ud800\nü\\ud800\nraw \\xff"


def test_one_child_keeps_state_and_fresh_children_do_not(box: Sandbox) -> None:
    """The mutable default argument: seen in one child, unseen in two."""
    program = "def f(x, seen=[]):\n    seen.append(x)\n    return len(seen)\n"
    calls = [Call("f", (1,)), Call("f", (1,))]
    assert [r.value for r in box.run(program, calls).results] == [1, 2]
    assert [r.value for r in box.run(program, calls, fresh=True).results] == [1, 1]
    results = box.run(
        "import os\ndef f(x):\n    return x or os._exit(0)\n", [Call("f", (x,)) for x in (1, 0, 2)], fresh=True
    )
    assert ([r.status for r in results.results], results.stop) == (["ok", "stopped", "ok"], "exit")
    assert all(r.cpu_s < 1 for r in results.results)


def test_the_same_program_does_the_same_in_every_child(box: Sandbox) -> None:
    program = "import random\ndef f():\n    return [random.random(), list({'a', 'b', 'c', 'd', 'e'}), hash('x')]\n"
    first = box.run(program, [Call("f")])[0].value
    with Sandbox(tier=box.tier) as other:
        assert other.run(program, [Call("f")])[0].value == first


def test_values_cross_both_ways(box: Sandbox) -> None:
    value = (
        None,
        True,
        3,
        -(10**30),
        1.5,
        float("inf"),
        "ü\ud800\0",
        b"\0\xff",
        [1, (2,)],
        {1: "a", "b": {3}},
        {(1,): 2j},
    )
    results = box.run("def f(x, *, y):\n    return (x, y)\n", [Call("f", (value,), {"y": frozenset({1})})])
    assert results[0].value == (value, frozenset({1}))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return object()", "type object"),
        ("return lambda: 1", "type function"),
        ("return type('int', (int,), {})(3)", "type int"),
        ("return f", "type function"),
        ("x = []\n    x.append(x)\n    return x", "nested"),
        ("x = 1\n    for _ in range(900): x = [x]\n    return x", "nested"),
        ("return 'x' * 2000000", "too large"),
        ("return 1 << 100_000_000", "too large"),
        ("return bytearray(3)", "type bytearray"),
    ],
)
def test_what_cannot_leave_is_unfit(box: Sandbox, body: str, says: str) -> None:
    results = box.run(f"def f():\n    {body}\ndef g():\n    return 1\n", [Call("f"), Call("g")])
    assert (results[0].status, results[1].value, results.stop) == ("unfit", 1, None)
    assert says in results[0].error


def test_files_and_processes_only_where_they_were_asked_for(box: Sandbox) -> None:
    program = """
import os, _thread, time
def write(n):
    with open('/tmp/x', 'a') as file:
        file.write('x' * n)
    return os.path.getsize('/tmp/x')
def fork(n):
    made = []
    try:
        for _ in range(n):
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
            made.append(pid)
    except OSError as error:
        return len(made)
    return len(made)
"""
    if box.tier != "full":
        with pytest.raises(UsageError, match="need tier 'full'"):
            box.run(program, [Call("write", (1,))], Limits(file_bytes=100_000))
        return
    limits = Limits(file_bytes=100_000, cpu_s=5)
    results = box.run(program, [Call("write", (10,)), Call("write", (1_000_000,))], limits)
    assert (results[0].value, results[1].ok) == (10, False)
    assert box.run(program, [Call("write", (10,))], limits)[0].value == 10  # another /tmp
    assert not box.run(program, [Call("write", (10,))])[0].ok
    forked = [box.run(program, [Call("fork", (20,))], Limits(processes=5))[0].value for _ in range(10)]
    assert forked == [4] * 10  # whatever of the runs before is still dying, and whether the next child is there yet
    assert box.run("import os\ndef f():\n    os.unshare\n", [Call("f")], Limits(processes=5))[0].status == "exception"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Limits(cpu_s=0), "cpu_s=0"),
        (lambda: Limits(wall_s=float("nan")), "wall_s=nan"),
        (lambda: Limits(memory_bytes=1), "memory_bytes=1"),
        (lambda: Limits(processes=0), "processes=0"),
        (lambda: Limits(output_bytes=1.5), "output_bytes=1.5"),  # type: ignore[arg-type]
        (lambda: Sandbox(workers=0), "workers=0"),
        (lambda: Sandbox(tier="ful"), "did you mean 'full'"),
        (lambda: Sandbox(tier="unsafe"), "allow_unsafe=True"),
        (lambda: Sandbox(readable=["relative"]), "absolute path"),
    ],
)
def test_impossible_arguments_are_named(make: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make()  # type: ignore[operator]


def test_impossible_calls_are_named(box: Sandbox) -> None:
    with pytest.raises(UsageError, match=r"calls\[1\] cannot cross: .*type object"):
        box.run("", [Call("f"), Call("f", (object(),))])
    with pytest.raises(UsageError, match="no name of a function"):
        box.run("", [Call("f()")])
    with pytest.raises(UsageError, match="not NoneType"):
        box.run(None, [])  # type: ignore[arg-type]


def test_threads_and_asyncio_share_a_pool(box: Sandbox) -> None:
    program = "def f(x):\n    return x * x\n"
    with Sandbox(workers=3, tier=box.tier) as pool:

        async def all_at_once() -> list[object]:
            runs = [pool.arun(program, [Call("f", (i,))]) for i in range(20)]
            return [run[0].value for run in await asyncio.gather(*runs)]

        assert asyncio.run(all_at_once()) == [i * i for i in range(20)]
        got: dict[int, object] = {}

        def work(i: int) -> None:
            got[i] = pool.run(program, [Call("f", (i,))])[0].value

        threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == {i: i * i for i in range(20)}
    with pytest.raises(LanistaError, match="closed"):
        pool.run(program, [])


def test_cpu_seconds_are_the_kernels(box: Sandbox) -> None:
    program = "import sys\ndef f():\n    for _ in range(3_000_000): pass\n"
    program += "    sys._getframe(1).f_locals['self'].clock = lambda: 0.0\n"
    results = box.run(program, [Call("f")], Limits(cpu_s=60, wall_s=600))
    assert results.stop is None
    assert results.cpu_s > 0.01
    assert results[0].cpu_s == 0.0  # what the program says of itself


BURNING = """
import os, time
def burn(seconds):
    while time.process_time() < seconds:
        pass
    os._exit(0)
def serial(count):
    for _ in range(count):
        if os.fork() == 0:
            burn(time.process_time() + 0.4)
        os.wait()
    return count
def together(count):
    for _ in range(count):
        if os.fork() == 0:
            burn(time.process_time() + 60)
    time.sleep(60)
def brief():
    if os.fork() == 0:
        burn(time.process_time() + 0.2)
    os.wait()
    return 1
"""


@pytest.mark.parametrize("how", ["serial", "together"])
def test_cpu_seconds_are_those_of_all_processes(box: Sandbox, how: str) -> None:
    """No process alone comes near the limit where they take turns: 20 of 0.4 s each."""
    if box.tier != "full":
        pytest.skip("only tier full starts processes")
    limits = Limits(cpu_s=1.0, wall_s=60.0, processes=4)
    results = box.run(BURNING, [Call(how, (20 if how == "serial" else 2,))], limits)
    assert (results.stop, results[0].ok) == ("cpu", False)
    assert 1.0 <= results.cpu_s < 5.0


def test_what_children_used_is_told(box: Sandbox) -> None:
    if box.tier != "full":
        pytest.skip("only tier full starts processes")
    for _ in range(5):  # ended and reaped before anybody could look, or not
        results = box.run(BURNING, [Call("brief")], Limits(cpu_s=10.0, wall_s=60.0, processes=2))
        assert results[0].ok
        assert results.cpu_s >= 0.15


@pytest.mark.parametrize(
    "calls",
    [
        *(
            [Call("f", (), {1: 2})],  # type: ignore[dict-item]
            [Call("f", (), None)],  # type: ignore[arg-type]
            [Call(3)],  # type: ignore[arg-type]
            [Call("")],
            [Call("f", [1])],  # type: ignore[arg-type]
            [Call("f", (object,))],
        ),
        *((c for c in [Call("f")]), None, 3, ["f"], {Call("f", ()).function}),
    ],
)
def test_what_is_no_list_of_calls_is_the_callers_mistake(box: Sandbox, calls: Any) -> None:
    with pytest.raises(UsageError, match="calls"):
        box.run("def f(**k): return 1", calls)


@pytest.mark.parametrize("value", ["1", None, True, float("nan"), float("inf"), 1j, 0, -1])
def test_what_is_no_limit_is_the_callers_mistake(value: Any) -> None:
    for name in ("cpu_s", "wall_s"):
        with pytest.raises(UsageError, match=name):
            Limits(**{name: value})


@pytest.mark.parametrize(
    "options",
    [
        *({"readable": "/etc"}, {"readable": 3}, {"readable": [3]}, {"readable": [b"/etc"]}, {"readable": ["/a\0"]}),
        *({"python": 3}, {"tier": 3}, {"tier": ["full"]}, {"workers": "2"}, {"workers": True}, {"readable": None}),
    ],
)
def test_what_makes_no_sandbox_is_the_callers_mistake(options: Any) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        Sandbox(**options)


def test_limits_are_limits(box: Sandbox) -> None:
    limits: Any = {"cpu_s": 1}
    with pytest.raises(UsageError, match="limits is a dict"):
        box.run("", [], limits)


def test_what_a_program_may_read_is_not_hidden_by_its_own_tmp(box: Sandbox) -> None:
    with tempfile.NamedTemporaryFile(dir="/tmp") as file, Sandbox(tier=box.tier, readable=[file.name]) as mine:
        with pytest.raises(UsageError, match="hide" if box.tier == "full" else "hide|tier"):
            mine.run("", [], Limits(file_bytes=100_000))
        assert mine.run("def f(): return 1", [Call("f")])[0].ok
