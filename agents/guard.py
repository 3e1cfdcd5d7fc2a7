"""Asking an agent so that nothing it does stops a game: what it raises, drags out or leaves unsaid is a forfeit.

Two things are none. What is not the agent's doing (``Unavailable``: its server is down, memory ran out) is handed on,
for the game to be suspended. And what a learner raises comes out: a bug in training must not teach anybody.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lanista.agents.contract import Agent, Answer, Question
from lanista.arenas.core.contract import Forfeit
from lanista.arenas.core.referee import storable
from lanista.errors import Unavailable
from lanista.text import redact

REASON_LIMIT = 300
"""Characters that are kept of a forfeit's reason."""

Reply = tuple[str | Forfeit, Mapping[str, Any]]
"""What a seat said, or why it said nothing, and what its agent reported: a blank reply's tokens were spent too."""

Result = Reply | Unavailable
"""A reply, or why there can be none now."""

# KeyboardInterrupt is not among them: it is the user's, and stops the runner.
_FAULTS = (Exception, SystemExit, asyncio.CancelledError)


def ask(agent: Agent, questions: Sequence[Question]) -> tuple[list[Result], float]:
    """One result per question, in order, and the seconds that one of them took (the call's, shared out).

    Raises what a learner raises (an agent with ``learner = True``), and nothing else but KeyboardInterrupt.

    An agent with a time limit is called in a daemon thread. Python cannot stop a thread: one that runs past its limit
    is left behind, its late answer goes nowhere, and the next call gets a thread of its own.
    """
    started = time.perf_counter()
    if agent.time_limit_s is None:
        replies = _called(agent, questions)
    else:
        replies = _called_within(agent, questions, agent.time_limit_s)
    return replies, (time.perf_counter() - started) / len(questions)


def close(agent: Agent) -> None:
    """Close an agent. What it raises is told as a warning: its games have been played."""
    try:
        agent.close()
    except _FAULTS as error:
        warnings.warn(f"agent {agent.name!r} {raised(error).reason} when it was closed", RuntimeWarning, stacklevel=2)


def forfeit(reason: str) -> Forfeit:
    """A Forfeit whose reason is one storable line of bounded length, without the keys that some servers repeat."""
    line = storable(" ".join(redact(reason[: 4 * REASON_LIMIT]).split()))
    return Forfeit(line if len(line) <= REASON_LIMIT else line[: REASON_LIMIT - 1] + "…")


def raised(error: BaseException) -> Forfeit:
    """The Forfeit for an exception."""
    try:
        said = str(error)
    except _FAULTS:
        said = ""
    return forfeit(f"raised {type(error).__name__}{': ' if said else ''}{said}")


def _called(agent: Agent, questions: Sequence[Question]) -> list[Result]:
    wanted = len(questions)
    try:
        given: Any = agent.answer(questions)
        if not isinstance(given, (list, tuple)):  # a generator, say: reading it runs the agent's code too
            given = list(itertools.islice(given, wanted + 1))
    except Unavailable as error:
        return [error] * wanted
    except _FAULTS as error:
        if _memory_ran_out(error):
            return [Unavailable(f"memory ran out: {raised(error).reason}")] * wanted
        if getattr(agent, "learner", False):
            raise
        return [(raised(error), {})] * wanted
    if len(given) != wanted:
        return [(forfeit(f"gave {len(given)} answers to {wanted} questions"), {})] * wanted
    return [answer if isinstance(answer, Unavailable) else checked(answer) for answer in given]


def _memory_ran_out(error: BaseException) -> bool:
    # torch has an OutOfMemoryError of its own, and torch is not imported for this
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def _called_within(agent: Agent, questions: Sequence[Question], limit_s: float) -> list[Result]:
    replies = _within(lambda: _called(agent, questions), limit_s, name=f"agent {agent.name}")
    if replies is None:
        return [(forfeit(f"no reply within {limit_s:g} s"), {})] * len(questions)
    return replies


def _within(call: Callable[[], list[Result]], limit_s: float, name: str) -> list[Result] | None:
    """What ``call`` returns or raises, or None where that takes over ``limit_s`` seconds."""
    results: queue.SimpleQueue[list[Result] | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put(call())
        except BaseException as error:  # whatever is no forfeit goes on in the runner's own thread
            results.put(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        result = results.get(timeout=limit_s)
    except queue.Empty:
        return None
    if isinstance(result, BaseException):
        raise result
    return result


def checked(answer: Any) -> Reply:
    """An agent's answer as a reply: blank or impossible ones are forfeits."""
    if isinstance(answer, Answer):
        text: Any = answer.text
        meta: Any = answer.meta
        if not isinstance(meta, Mapping):
            return forfeit(f"reported a {type(meta).__name__} as meta, not a mapping"), {}
        if text is None or (isinstance(text, str) and (not text or text.isspace())):
            return Forfeit("empty reply"), meta
        if not isinstance(text, str):
            return forfeit(f"replied with a {type(text).__name__}, not with text"), meta
        return storable(text), meta
    if isinstance(answer, Forfeit):
        return forfeit(str(answer.reason)), {}
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return Forfeit("empty reply"), {}
    return forfeit(f"answered with a {type(answer).__name__}, not with an Answer"), {}
