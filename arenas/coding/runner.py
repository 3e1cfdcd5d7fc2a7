"""Who runs programs: one sandbox per process, made at the first run and closed at exit.

A request is plain data and so is the result, which holds no measured time: the same program gives the same record. What
ran to its end is remembered for a while, so that games of one group that write the same program run it once; what was
stopped by a limit is always run again.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lanista.arenas.coding.task import RESULT_BYTES
from lanista.arenas.sandbox.types import Call, Limits
from lanista.arenas.sandbox.values import decode, encode

if TYPE_CHECKING:
    from lanista.arenas.sandbox import Sandbox

REMEMBERED = 2048
"""Runs kept."""

KEPT_BYTES = 50_000
"""Of a run that is kept, as JSON: a program that returns more is run again, and all that is kept has a bound."""

PRINTED = 240
"""Characters of what one call printed, or of an error, that a record keeps."""

_ROOM = 16_000_000
"""Characters of the arguments of one call: tests that run beside a program are such an argument."""

_box: Sandbox | None = None
_done: OrderedDict[str, str] = OrderedDict()  # results as JSON: objects of it take up to a hundred times as much
_lock = threading.Lock()


def request(program: str, calls: Sequence[Call], cpu_s: float, result_bytes: int = RESULT_BYTES) -> dict[str, Any]:
    """A run as an effect asks for it, in plain values. ``result_bytes`` is in it only where it is not the default."""
    asked = {
        "program": program,
        "calls": [[call.function, encode(call.args, _ROOM), encode(dict(call.kwargs), _ROOM)] for call in calls],
        "cpu_s": cpu_s,
    }
    return asked if result_bytes == RESULT_BYTES else {**asked, "result_bytes": result_bytes}


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a request: ``{"tier", "stop", "error", "rows": [[status, value, stdout, error, stop], …]}``.

    Raises LanistaError (from the sandbox) where no tier of it holds on this system.
    """
    key = hashlib.blake2b(json.dumps(request, sort_keys=True).encode(), digest_size=20).hexdigest()
    with _lock:
        known = _done.get(key)
        if known is not None:
            _done.move_to_end(key)
            kept: dict[str, Any] = json.loads(known)
            return kept
        result = _run(request)
        if result["stop"] in (None, "exception") and len(text := json.dumps(result)) <= KEPT_BYTES:
            _done[key] = text
            if len(_done) > REMEMBERED:
                _done.popitem(last=False)
        return result


def _run(request: Mapping[str, Any]) -> dict[str, Any]:
    calls = [Call(name, decode(args), decode(kwargs)) for name, args, kwargs in request["calls"]]
    limits = Limits(cpu_s=request["cpu_s"], result_bytes=request.get("result_bytes", RESULT_BYTES))
    found = sandbox().run(request["program"], calls, limits)
    rows = [
        [
            row.status,
            encode(row.value, 2 * limits.result_bytes) if row.ok else None,
            row.stdout[:PRINTED],
            row.error[:PRINTED],
            row.stop,
        ]
        for row in found.results
    ]
    return {"tier": found.tier, "stop": found.stop, "error": found.error[:PRINTED], "rows": rows}


def sandbox() -> Sandbox:
    """The process's sandbox, made at the first call and closed at exit."""
    global _box
    if _box is None:
        from lanista.arenas.sandbox import Sandbox

        _box = Sandbox(workers=1)
    return _box


def _close() -> None:
    global _box
    if _box is not None:
        _box.close()
        _box = None


def _after_fork() -> None:
    """A forked child shares neither its parent's sandbox, whose pipes both would use, nor a lock somebody holds."""
    global _box, _lock
    _box, _lock = None, threading.Lock()


atexit.register(_close)
os.register_at_fork(after_in_child=_after_fork)
