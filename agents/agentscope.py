"""An AgentScope 2 agent in any seat: ``agentscope:MODULE:FACTORY`` or ``agentscope:PATH.py:FACTORY``.

The factory is called as ``factory(seat=…, role=…, seed=…)`` and returns an ``agentscope.agent.Agent``. Every seat of
every game gets an agent of its own. It is kept from turn to turn, and made anew from the seat's history where it is
missing or does not match: in a fork, after a forfeit, in another process. What came between a question and its reply
(thoughts, tool calls and their results) is reported with the turn as ``meta["agentscope"]`` and put back from there.

The injection of AgentScope's runtime state is switched off: it would write the wall clock into the prompt.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lanista.agents import background, guard
from lanista.agents.contract import Answer, Exchange, Question
from lanista.arenas.core.contract import Forfeit
from lanista.arenas.core.referee import storable
from lanista.errors import LanistaError, Unavailable, UsageError

_FORM = "write agentscope:MODULE:FACTORY or agentscope:PATH.py:FACTORY"
_GRACE_S = 10.0


def make(target: str, *, time_limit_s: float = 60.0, parallel: int = 16) -> AgentScopeAgent:
    """An AgentScope 2 agent, as ``agentscope:MODULE:FACTORY`` or ``agentscope:PATH.py:FACTORY``.

    Args:
        target: Where the factory is.
        time_limit_s: Seconds one reply may take.
        parallel: Replies waited for side by side at most.

    Raises UsageError where there is no such factory, LanistaError where the agentscope package is missing.
    """
    where, colon, name = target.rpartition(":")
    if not colon or not where or not name:
        raise UsageError(f"{target!r} names no factory: {_FORM}")
    try:
        import agentscope  # noqa: F401
    except ImportError as error:
        raise LanistaError("this agent needs the agentscope package: pip install 'lanista[agentscope]'") from error
    factory = getattr(_module(where), name, None)
    if not callable(factory):
        raise UsageError(f"{where!r} has no function {name!r}: {_FORM}")
    try:
        inspect.signature(factory).bind(seat="", role="", seed=0)
    except TypeError as error:
        raise UsageError(f"{target!r} is called as {name}(seat=…, role=…, seed=…), and does not take that") from error
    return AgentScopeAgent(factory, name=f"agentscope:{target}", time_limit_s=time_limit_s, parallel=parallel)


class AgentScopeAgent:
    """Seats whatever agents ``factory`` makes. Every question has its own time limit and forfeits on its own."""

    batched = True
    batch_matters = False
    time_limit_s: float | None = None  # each reply has its own limit; one for a whole batch would punish the last

    def __init__(
        self, factory: Callable[..., Any], *, name: str = "agentscope", time_limit_s: float = 60.0, parallel: int = 16
    ) -> None:
        if time_limit_s <= 0 or parallel < 1:
            raise UsageError("time_limit_s is over 0 and parallel at least 1")
        self.name = name
        self._factory = factory
        self._limit_s = time_limit_s
        self._parallel = self.concurrent = parallel
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit | Unavailable]:
        """One answer per question, ``parallel`` of them thought about side by side."""
        if self._loop is not background.loop():  # what was kept holds connections of a loop that is gone
            self._kept.clear()
            self._loop = background.loop()
        rounds = math.ceil(len(questions) / self._parallel)
        try:
            return background.run(self._all(questions), rounds * self._limit_s + _GRACE_S)
        except TimeoutError:
            return [guard.forfeit("blocked the event loop: an AgentScope agent must await")] * len(questions)

    def forget(self, game: str) -> None:
        """Drop the game's agents."""
        for key in [key for key in self._kept if key[0] == game]:
            del self._kept[key]

    def close(self) -> None:
        """Drop every agent."""
        self._kept.clear()

    async def _all(self, questions: Sequence[Question]) -> list[Answer | Forfeit | Unavailable]:
        slots = asyncio.Semaphore(self._parallel)

        async def one(question: Question) -> Answer | Forfeit | Unavailable:
            async with slots:
                return await self._one(question)

        return await asyncio.gather(*(one(question) for question in questions))

    async def _one(self, question: Question) -> Answer | Forfeit | Unavailable:
        key = question.game, question.seat
        kept = self._kept.pop(key, None)  # put back only after a reply: a failed turn leaves half a conversation
        try:
            async with asyncio.timeout(self._limit_s) as limit:
                agent = kept.agent if kept is not None and kept.matches(question) else await self._rebuilt(question)
                before = len(agent.state.context)
                message = await agent.reply(_user(_unanswered(question)))
        except TimeoutError:
            return guard.forfeit(f"no reply within {self._limit_s:g} s")
        except Unavailable as error:
            return error
        except Exception as error:
            return guard.raised(error)
        if limit.expired():  # AgentScope answers a cancellation with a message of its own
            return guard.forfeit(f"no reply within {self._limit_s:g} s")
        if message.finished_reason != "completed":
            return guard.forfeit(f"AgentScope's agent ended with {message.finished_reason or 'an open tool call'}")
        text = message.get_text_content() or ""
        self._kept[key] = _Kept(agent, len(question.history) + 1, storable(text))
        return Answer(text, _report(agent, before, message))

    async def _rebuilt(self, question: Question) -> Any:
        """A new agent that remembers the seat's history."""
        agent = self._factory(seat=question.seat, role=question.role, seed=question.seed)
        from agentscope.agent import Agent

        if not isinstance(agent, Agent):
            raise LanistaError(f"the factory of {self.name} returned a {type(agent).__name__}, not an AgentScope agent")
        agent.injection_config.inject_runtime_state = False
        pending: list[str] = []
        for exchange in question.history:
            pending.append(exchange.text)
            if exchange.reply:
                await agent.observe(_user("\n".join(pending)))
                agent.state.context.extend(_replied(agent.name, exchange))
                pending = []
        return agent


class _Kept:
    """An agent in mid-game, and what its seat must have said for it to be the right one."""

    __slots__ = ("agent", "last", "turns")

    def __init__(self, agent: Any, turns: int, last: str) -> None:
        self.agent = agent
        self.turns = turns
        self.last = last

    def matches(self, question: Question) -> bool:
        history = question.history
        return len(history) == self.turns and history[-1].reply == self.last


def _user(text: str) -> Any:
    from agentscope.message import UserMsg

    return UserMsg(name="moderator", content=text)


def _unanswered(question: Question) -> str:
    """The question's text after those of the turns that were forfeited just before it."""
    pending: list[str] = []
    for exchange in reversed(question.history):
        if exchange.reply:
            break
        pending.append(exchange.text)
    return "\n".join([*reversed(pending), question.text])


def _report(agent: Any, before: int, message: Any) -> Mapping[str, Any]:
    """Token counts, and the messages of this reply where they hold more than its text."""
    meta: dict[str, Any] = {}
    if message.usage is not None:
        meta["usage"] = {
            "prompt_tokens": message.usage.input_tokens,
            "completion_tokens": message.usage.output_tokens,
        }
    replied = agent.state.context[before + 1 :]  # the first of the new messages is the question
    if [block.type for each in replied for block in each.content] != ["text"]:
        meta["agentscope"] = [each.model_dump(mode="json") for each in replied]
    return meta


def _replied(name: str, exchange: Exchange) -> list[Any]:
    from agentscope.message import AssistantMsg, Msg

    recorded = exchange.meta.get("agentscope")
    if recorded:
        return [Msg.model_validate(each) for each in recorded]
    return [AssistantMsg(name=name, content=exchange.reply)]


def _module(where: str) -> Any:
    try:
        if not where.endswith(".py"):
            return importlib.import_module(where)
        path = Path(where)
        if not path.is_file():
            raise UsageError(f"there is no file {where!r}: {_FORM}")
        spec = importlib.util.spec_from_file_location(f"lanista_seat_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"cannot import {where!r} ({type(error).__name__}: {error}): {_FORM}") from error
