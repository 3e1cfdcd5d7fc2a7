"""What each seat is asked, with sample replies made of what it has seen. All else that it may call is legal too."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lanista.arenas.core.contract import Ask
from lanista.arenas.core.tools import Call, call
from lanista.arenas.research import calls
from lanista.arenas.research.cases import DATE, TOPIC
from lanista.arenas.research.config import EXECUTOR, GENERATOR, PLANNER, VERIFIER
from lanista.arenas.research.moves import Line, Summary
from lanista.arenas.research.state import EXECUTE, PLAN, VERIFY, State

_SHOWN = 6
"""Papers that samples name."""


def ask(state: State) -> Ask:
    """What is asked of whoever owes a decision."""
    if state.stage == PLAN:
        return _planning(state.table.case.question[: calls.TASK], state.table.config.rounds - state.round)
    if state.stage == EXECUTE:
        more = (state.query, state.pages + 1) if state.more else ("", 0)
        return _executing(state.tasks[state.at], state.at, len(state.tasks), state.left, more, state.hits[:_SHOWN])
    if state.stage == VERIFY:
        judged = {paper for (paper, value), _ in state.judged if (paper, value) in state.reports}
        left = tuple(paper for paper, _ in state.reports if paper not in judged)
        return _verifying(left[-_SHOWN:], frozenset(left) & state.read, state.left)
    kept = dict(state.judged)
    told = tuple(pair for pair in state.reports if not kept.get(pair))
    return _summarising(state.tasks[0] if state.tasks else "", told[:_SHOWN])


@lru_cache(maxsize=4096)
def _planning(question: str, rounds: int) -> Ask:
    plans = (call("plan", tasks=[question]), call("plan", tasks=[question[: calls.TASK // 2].strip()]))
    return Ask(PLANNER, PLAN, tuple(dict.fromkeys((*plans, call("write")))), False, (("rounds", rounds),))


@lru_cache(maxsize=1 << 14)
def _executing(task: str, at: int, of: int, left: int, more: tuple[str, int], hits: tuple[str, ...]) -> Ask:
    query = task[: calls.QUERY].strip()
    choices: list[Call] = [call("search", query=query)] if query else []
    if more[0]:
        choices.append(call("search", query=more[0], page=more[1]))
    if hits:
        choices += [call("open", papers=list(hits[: calls.OPENED])), call("open", papers=[hits[0]])]
        choices.append(call("report", text=", ".join(hits)))
    choices += [call("report", text=""), call("wait")]
    return Ask(EXECUTOR, EXECUTE, tuple(dict.fromkeys(choices)), False, (("at", at + 1), ("of", of), ("left", left)))


@lru_cache(maxsize=1 << 14)
def _verifying(reported: tuple[str, ...], read: frozenset[str], left: int) -> Ask:
    choices: list[Call] = []
    unread = [each for each in reported if each not in read]
    if unread:
        choices.append(call("open", papers=unread[: calls.OPENED]))
    if reported:
        choices.append(call("keep", papers=list(reported)))
        choices += [call("drop", papers=[each], reason=DATE) for each in reported[:2]]
        choices.append(call("drop", papers=list(reported), reason=TOPIC))
    choices += [call("keep", papers=[each]) for each in reported[:2]]
    return Ask(VERIFIER, VERIFY, tuple(dict.fromkeys((*choices, call("done")))), False, (("left", left),))


@lru_cache(maxsize=1 << 14)
def _summarising(task: str, told: tuple[tuple[str, str], ...]) -> Ask:
    words = " ".join("".join(c if c.isalnum() else " " for c in task).split())[:40].strip() or "nothing"
    choices: list[Any] = [Summary((Line(words, "value", value or "0", (paper,)),)) for paper, value in told]
    return Ask(GENERATOR, "summarise", tuple(dict.fromkeys((*choices, Summary((Line(words, "value"),))))), False)
