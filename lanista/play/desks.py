"""Where questions wait for agents that do not answer at once: batched ones, and slow ones on threads of their own."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lanista.agents import guard
from lanista.agents.contract import Agent, Question
from lanista.play.session import Session


class Asked(NamedTuple):
    """A question of a session, and what came of it."""

    session: Session
    put: Question
    result: guard.Result
    latency_s: float


def exact(agent: Agent) -> bool:
    """Whether an agent's answers depend on who shares its batch, so that only rounds play the same games again."""
    return agent.batched and bool(getattr(agent, "batch_matters", True))


def waits(agent: Agent) -> bool:
    """Whether an agent may keep others waiting, and is therefore asked on threads of its own."""
    return agent.time_limit_s is not None or bool(getattr(agent, "concurrent", 0))


def ask(asked: Sequence[tuple[Session, Question]]) -> list[Asked]:
    """Ask the agents in the seats, a batched one all of its questions in one call. What came of each, in order."""
    agents = [session.spec.seating[put.seat] for session, put in asked]
    if not any(agent.batched for agent in agents):
        return [_one(agent, *pair) for agent, pair in zip(agents, asked, strict=True)]
    calls: dict[int, tuple[Agent, list[int]]] = {}
    for place, agent in enumerate(agents):
        calls.setdefault(id(agent), (agent, []))[1].append(place)
    found: dict[int, Asked] = {}
    for agent, places in calls.values():
        for some in [places] if agent.batched else [[place] for place in places]:
            results, latency_s = guard.ask(agent, [asked[place][1] for place in some])
            for place, result in zip(some, results, strict=True):
                found[place] = Asked(*asked[place], result, latency_s)
    return [found[place] for place in range(len(asked))]


def _one(agent: Agent, session: Session, put: Question) -> Asked:
    (result,), latency_s = guard.ask(agent, (put,))
    return Asked(session, put, result, latency_s)


class Desks:
    """A desk for every agent that needs one."""

    def __init__(self) -> None:
        self.known: dict[int, Desk | None] = {}
        """What ``of`` has found, by the agent's identity."""
        self._out: dict[int, Question] = {}
        """The questions that wait or are being answered, by identity."""
        self._in: queue.SimpleQueue[list[Asked] | BaseException] = queue.SimpleQueue()

    def of(self, agent: Agent) -> Desk | None:
        """The agent's desk; None for an agent that is asked one question at a time and answers at once."""
        try:
            return self.known[id(agent)]
        except KeyError:
            desk = Desk(agent, self._in) if agent.batched or waits(agent) else None
            self.known[id(agent)] = desk
            return desk

    def put(self, desk: Desk, session: Session, put: Question) -> bool:
        """Let a question wait at a desk; False where it does already."""
        if id(put) in self._out:
            return False
        self._out[id(put)] = put
        desk.put(session, put)
        return True

    def results(self, block: bool) -> Iterator[Asked]:
        """What has been answered. ``block`` waits for something, where anything can come.

        Raises what a learner raised, and KeyboardInterrupt.
        """
        wait = block and bool(self._out)
        while True:
            try:
                found = self._in.get(block=wait)
            except queue.Empty:
                return
            wait = False
            if isinstance(found, BaseException):
                raise found
            for asked in found:
                del self._out[id(asked.put)]
                yield asked

    def drop(self, session: Session) -> None:
        """Ask nothing more for a session. What is being answered already is answered in vain."""
        for desk in self.known.values():
            if desk is not None:
                for put in desk.drop(session):
                    del self._out[id(put)]

    def close(self) -> None:
        """Let the threads end; one that is in the middle of a call is left behind."""
        for desk in self.known.values():
            if desk is not None:
                desk.close()


class Desk:
    """The questions that wait for one agent."""

    def __init__(self, agent: Agent, answered: queue.SimpleQueue[list[Asked] | BaseException]) -> None:
        self.agent = agent
        self._answered = answered
        self._most = max(1, int(getattr(agent, "concurrent", 0))) if waits(agent) else 0
        """Threads at most; 0 answers where it is told to ``go``."""
        self._all = agent.batched and self._most <= 1
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._waiting: deque[tuple[Session, Question]] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, session: Session, put: Question) -> None:
        """Let a question wait until ``go``."""
        with self._changed:
            self._waiting.append((session, put))

    def drop(self, session: Session) -> list[Question]:
        """The questions of a session that nobody was asked yet; they are not asked any more."""
        with self._changed:
            dropped = [put for its, put in self._waiting if its is session]
            self._waiting = deque(pair for pair in self._waiting if pair[0] is not session)
        return dropped

    def go(self) -> None:
        """Have what waits answered: now, or by the agent's threads."""
        if not self._most:
            if self._waiting:
                self._answered.put(self._ask(self._next()))
            return
        with self._changed:
            wanted = 1 if self._all else len(self._waiting)
            for _ in range(min(wanted - self._idle, self._most - len(self._threads))):
                thread = threading.Thread(target=self._serve, name=f"desk of {self.agent.name}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """Drop what waits and let the threads end, each after the call it is in."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._waiting and not self._closed:
                    self._changed.wait()
                self._idle -= 1
                if self._closed:
                    return
                asked = self._next()
            try:
                answered: list[Asked] | BaseException = self._ask(asked)
            except BaseException as error:  # goes on in the runner's own thread
                answered = error
            self._answered.put(answered)

    def _next(self) -> list[tuple[Session, Question]]:
        """Everything that waits for a batched agent, else what has waited longest."""
        if not self._all:
            return [self._waiting.popleft()]
        asked = list(self._waiting)
        self._waiting.clear()
        return asked

    def _ask(self, asked: list[tuple[Session, Question]]) -> list[Asked]:
        results, latency_s = guard.ask(self.agent, [put for _, put in asked])
        return [Asked(*pair, result, latency_s) for pair, result in zip(asked, results, strict=True)]
