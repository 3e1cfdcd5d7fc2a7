"""What goes into a sandbox and what comes out: limits, calls, results. Values only; nothing here runs anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lanista.errors import UsageError

Stop = Literal["cpu", "wall", "memory", "output", "syscall", "exception", "exit", "crash", "refused", "steps"]
"""Why a child ended before it had answered every call.

``cpu`` and ``wall``: out of that time. ``memory``: it asked for more than it may have. ``output``: it printed, or
returned, more than it may. ``syscall``: it tried something that no solution needs (to execute a file, to trace a
process, ...) and was killed for it. ``exception``: the program itself raised while it was loaded; a syntax error is
one. ``exit``: it left by itself (``sys.exit``, ``os._exit``). ``crash``: the interpreter died (a segmentation fault, a
signal). ``refused``: it was never started, being too large. ``steps``: a query ran past its steps.
"""

Status = Literal["ok", "exception", "unfit", "stopped", "unreached"]
"""How one call went.

``ok``: it returned ``value``. ``exception``: it raised ``error``. ``unfit``: what it returned cannot leave the child
(another type than those of `lanista.arenas.sandbox.values`, too deep, too large), or what left it made no sense.
``stopped``: the child ended in it. ``unreached``: the child had ended before. Everything but ``ok`` is a failure.
"""

PROGRAM_BYTES = 1_000_000
"""A longer program is refused without being run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one child may use. A child is one program with all its calls (or one call, where each has its own)."""

    cpu_s: float = 2.0
    """CPU seconds, user and system together, loading the program included."""
    wall_s: float = 10.0
    """Seconds on the clock, for what burns no CPU; a busy machine makes them pass too, so leave room."""
    memory_bytes: int = 256_000_000
    """Address space it may add to that of the interpreter; with ``processes`` above 1, each of them for itself."""
    output_bytes: int = 1_000_000
    """Bytes it may print, to stdout and stderr together."""
    result_bytes: int = 1_000_000
    """Bytes of all returned values together, as they cross."""
    file_bytes: int = 0
    """0: no file can be written. More: a private empty /tmp of that many bytes (tier ``full`` only)."""
    processes: int = 1
    """1: neither a process nor a thread can be started. More: that many at once, the first included (``full`` only)."""

    def __post_init__(self) -> None:
        for name in ("cpu_s", "wall_s"):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0.01 <= value <= 3600:
                raise UsageError(f"{name}={value!r}: a limit is between 0.01 and 3600 seconds")
        for name, least, most in (
            ("memory_bytes", 1_000_000, 1 << 46),
            ("output_bytes", 0, 1 << 30),
            ("result_bytes", 100, 1 << 30),
            ("file_bytes", 0, 1 << 40),
            ("processes", 1, 1000),
        ):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise UsageError(f"{name}={value!r}: a whole number between {least} and {most} is needed")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function that the program defines, as ``function(*args, **kwargs)``.

    ``function`` may be dotted (``Stack.push``). Arguments are None, bool, int, float, complex, str, bytes, Fraction,
    Decimal, and lists, tuples, sets, frozensets and dictionaries of them.
    """

    function: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """How one call went. Everything in it but ``stop`` was written by the program: data to compare and to quote."""

    status: Status
    value: Any = None
    """What it returned, rebuilt from exact builtin types; None unless ``ok``."""
    stdout: str = ""
    """What it printed meanwhile (stderr included), as far as its own account goes."""
    error: str = ""
    """One line: ``line 3 in f: ZeroDivisionError: division by zero``; why, where it is stopped or unfit."""
    cpu_s: float = 0.0
    """CPU seconds by the child's own account; with ``fresh=True`` the kernel's."""
    stop: Stop | None = None
    """Why the child ended in or before this call; None where it answered."""

    @property
    def ok(self) -> bool:
        return self.status == "ok"


@dataclass(frozen=True, slots=True)
class Results:
    """One run: a result per call, in order, and how the child (or, with ``fresh=True``, the worst child) ended."""

    tier: str
    """What held the program: ``full``, ``seccomp+landlock`` or ``unsafe``."""
    results: tuple[Result, ...]
    stop: Stop | None
    """None where every call was answered, else why the child ended before."""
    error: str = ""
    """One line that explains ``stop``."""
    output: str = ""
    """All that was printed, up to the limit; undecodable bytes are escaped."""
    cpu_s: float = 0.0
    """CPU seconds as the kernel counted them."""
    wall_s: float = 0.0
    """Seconds on the caller's clock."""
    packages: tuple[str, ...] = ()
    """What the program could import besides the standard library, as ``numpy==2.4.1``."""
    fixed_addresses: bool = False
    """Whether ``hash(None)`` and the like are the same in every run; where not, sets of such things vary in order."""

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, index: int) -> Result:
        return self.results[index]


def check_calls(calls: Sequence[Call]) -> None:
    """Raises UsageError for what is no call. (What is in their arguments is checked when they are encoded.)"""
    if not isinstance(calls, Sequence):
        raise UsageError(f"calls is a {type(calls).__name__}; a list of Calls is needed")
    for i, call in enumerate(calls):
        if not isinstance(call, Call):
            raise UsageError(f"calls[{i}] is a {type(call).__name__}; a Call is needed")
        name = call.function
        if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
            raise UsageError(f"calls[{i}].function={name!r} is no name of a function")
        if type(call.args) is not tuple:
            raise UsageError(f"calls[{i}].args is a {type(call.args).__name__}; a tuple is needed")
        if not isinstance(call.kwargs, Mapping) or not all(isinstance(key, str) for key in call.kwargs):
            raise UsageError(f"calls[{i}].kwargs={call.kwargs!r:.60}: a dictionary is needed whose keys are names")
