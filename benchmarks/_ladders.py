"""The ladders: each arena's levels, from the easiest up, the agents on them, and what the top has to keep apart.

An arena that is not named here has one level, its defaults, and the agents that every arena has. A new one is an entry
in ``LADDERS``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lanista.agents import registry
from lanista.agents.contract import Agent, Answer, Exchange, Question
from lanista.arenas.core.contract import Arena, Event, Forfeit
from lanista.errors import Unavailable, UsageError, suggest
from lanista.play import degenerate

DEGENERATE = ("silent", "first", "lister")
READER_MOST, EXPERT_LEAST = 0.6, 0.95
"""What a perfect reader that plans one step reaches at the top at most, and the expert at least."""


@dataclass(frozen=True)
class Ladder:
    """One arena's ladder."""

    levels: Mapping[str, Mapping[str, Any]]
    """Config by level, the easiest first; the last is the top."""
    rungs: tuple[str, ...]
    """Agents, the weakest first."""
    reader: str | None = None
    expert: str | None = None
    failure: Callable[[Mapping[str, Any]], str] = field(default=lambda facts: "failed")
    """What went wrong first in a case that was not done, by the outcome's facts."""
    mute: Callable[[str], str] | None = None
    """A reply without what it would have told the other seats."""


def _desk_failure(facts: Mapping[str, Any]) -> str:
    if facts["end"] in ("abandoned", "cut"):
        return str(facts["end"])
    kinds = {
        "broke a rule": bool(facts["violations"]),
        "wrong change or person": not facts["frame"],
        "cause left": facts["goal"] < 1,
        "told wrongly": facts["told"] < 1,
        "wrong ticket": facts["ticket"] < 1,
    }
    return next((kind for kind, so in kinds.items() if so), "failed")


def _without_note(reply: str) -> str:
    """A call without its note."""
    name, _, arguments = reply.partition(" ")
    try:
        said = json.loads(arguments)
    except json.JSONDecodeError:
        return reply
    return f"{name} {json.dumps({k: v for k, v in said.items() if k != 'note'})}" if isinstance(said, dict) else reply


def _trip_failure(facts: Mapping[str, Any]) -> str:
    kinds = {
        "said to be impossible": facts["false_impossible"],
        "booked wrongly": facts["wrong_booking"],
        "not confirmed": facts["unconfirmed"],
    }
    return next((kind for kind, so in kinds.items() if so), str(facts["end"]))


def _package_failure(facts: Mapping[str, Any]) -> str:
    if not facts["revisions"]:
        return "passed as it was"
    return "better, not right" if facts["improved"] > 0 else "not better"


def _package_mute(reply: str) -> str:
    """The report of a tester that only says that something is wrong; files without a word beside them."""
    heads = re.findall(r"^to \w+:", reply, re.MULTILINE)
    if heads:
        return "\n".join(f"{head} mend it" for head in heads)
    return "\n".join(line for line in reply.splitlines() if not line.startswith("note:"))


def _program_failure(facts: Mapping[str, Any]) -> str:
    kinds = {
        "syntax error": facts["syntax_error"],
        "timed out": facts["timed_out"],
        "right at first": facts["first_solved"],
    }
    return next(
        (kind for kind, so in kinds.items() if so), "wrong in some tests" if facts["passed"] else "wrong in all tests"
    )


def _query_failure(facts: Mapping[str, Any]) -> str:
    kinds = {
        "refused by the judge": facts["refused"],
        "syntax error": facts["syntax_error"],
        "right at first": facts["first_solved"],
        "answered what the schema cannot": not facts["answerable"],
        "wrong, and accepted": facts["accepted"],
    }
    return next((kind for kind, so in kinds.items() if so), "wrong, and not accepted")


def _summary_failure(facts: Mapping[str, Any]) -> str:
    kinds = {
        "claims that do not hold": facts["bad_claims"],
        "not found": facts["found"] < 1,
        "found, not written": facts["covered"] < 1,
    }
    return next((kind for kind, so in kinds.items() if so), "failed")


LADDERS: Mapping[str, Ladder] = {
    "support_desk": Ladder(
        levels={
            "one fault": {},
            "three faults": {
                "faults": 3,
                "masking": True,
                "cooperation": "difficult",
                "error_rate": 0.2,
                "horizon": 40,
            },
            "expert": {"level": "expert"},
        },
        rungs=(*DEGENERATE, "random", "desk_novice", "desk_reader", "desk_expert"),
        reader="desk_reader",
        expert="desk_expert",
        failure=_desk_failure,
        mute=_without_note,
    ),
    "travel_booking": Ladder(
        levels={level: {"level": level} for level in ("easy", "medium", "hard", "top")},
        rungs=(*DEGENERATE, "random", "travel_novice", "travel_reader", "travel_expert"),
        reader="travel_reader",
        expert="travel_expert",
        failure=_trip_failure,
        mute=_without_note,
    ),
    "coding": Ladder(
        levels={"one step": {"steps": 1}, "defaults": {}},
        rungs=(*DEGENERATE, "random", "coding_novice", "coding_expert"),
        expert="coding_expert",
        failure=_program_failure,
    ),
    "packages": Ladder(
        levels={level: {"level": level} for level in ("easy", "medium", "top")},
        rungs=(*DEGENERATE, "random", "packages_novice", "packages_reader", "packages_expert"),
        reader="packages_reader",
        expert="packages_expert",
        failure=_package_failure,
        mute=_package_mute,
    ),
    "text_to_sql": Ladder(
        levels={level: {"level": level} for level in ("basic", "mixed", "hard")},
        rungs=(*DEGENERATE, "random", "sql_cheater", "sql_novice", "sql_expert"),
        expert="sql_expert",
        failure=_query_failure,
    ),
    "research": Ladder(
        levels={level: {"level": level} for level in ("basic", "mixed", "hard")},
        rungs=(*DEGENERATE, "random", "research_cheater", "research_novice", "research_expert"),
        expert="research_expert",
        failure=_summary_failure,
    ),
}


def ladder(arena: Arena) -> Ladder:
    """The arena's ladder."""
    teachers = dict.fromkeys((arena.baseline, *arena.teachers))
    rungs = tuple(dict.fromkeys((*DEGENERATE, "random", *teachers)))
    return LADDERS.get(arena.name, Ladder(levels={"defaults": {}}, rungs=rungs))


def chosen(found: Ladder, level: str) -> Mapping[str, Mapping[str, Any]]:
    """The levels that a word names: ``all``, ``top``, or one. Raises UsageError for another."""
    if level == "all":
        return found.levels
    name = list(found.levels)[-1] if level == "top" else level
    if name not in found.levels:
        known = ("top", "all", *found.levels)
        raise UsageError(f"unknown level {level!r}{suggest(level, known)} (there are: {', '.join(known)})")
    return {name: found.levels[name]}


def made(spec: str, arena: str) -> Agent:
    """The agent of a spec; the degenerate ones by their names."""
    habits = {agent.name: agent for agent in degenerate.AGENTS}
    return habits[spec] if spec in habits else registry.make(spec, arena=arena)


class Wrapped:
    """An agent in other clothes: its questions or its answers are changed on the way."""

    def __init__(self, agent: Agent, name: str) -> None:
        self.agent, self.name = agent, name
        self.time_limit_s, self.batched = agent.time_limit_s, agent.batched
        self.concurrent = getattr(agent, "concurrent", 0)
        self.batch_matters = getattr(agent, "batch_matters", True)

    def answer(self, questions: Sequence[Question]) -> Sequence[Answer | Forfeit | Unavailable]:
        """The agent's own answers."""
        return self.agent.answer(questions)

    def forget(self, game: str) -> None:
        """As the agent does."""
        self.agent.forget(game)

    def close(self) -> None:
        """As the agent does."""
        self.agent.close()


class Mute(Wrapped):
    """The same agent, and nothing of what it writes to the other seats arrives."""

    def __init__(self, agent: Agent, mute: Callable[[str], str]) -> None:
        super().__init__(agent, f"{agent.name}, writes nothing")
        self._mute = mute

    def answer(self, questions: Sequence[Question]) -> Sequence[Answer | Forfeit | Unavailable]:
        """The agent's answers without what they would tell."""
        answers = self.agent.answer(questions)
        return [Answer(self._mute(a.text), a.meta) if isinstance(a, Answer) else a for a in answers]


class Shared(Wrapped):
    """One agent in all seats of a team with one memory: every seat knows what each of them was told and replied.

    A seat is shown, before what is new to it, what the others were shown and replied since its last turn; ``events``
    are everybody's, in the order in which they came to be known. What it costs a team to have seats is the difference
    to the same agent without.
    """

    def __init__(self, agent: Agent) -> None:
        super().__init__(agent, f"{agent.name}, one memory")
        self._games: dict[str, _Memory] = {}

    def answer(self, questions: Sequence[Question]) -> Sequence[Answer | Forfeit | Unavailable]:
        """The agent's answers to the questions as somebody with one memory hears them."""
        memories = [self._games.setdefault(q.game, _Memory()) for q in questions]
        answers = self.agent.answer([m.recall(q) for m, q in zip(memories, questions, strict=True)])
        for memory, question, answer in zip(memories, questions, answers, strict=True):
            if isinstance(answer, Answer):
                memory.keep(question, answer)
        return answers

    def forget(self, game: str) -> None:
        """Drops the memory too."""
        self._games.pop(game, None)
        self.agent.forget(game)


class _Memory:
    """What the seats of one game have been told and said, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.said: list[tuple[str, Exchange]] = []
        self._seen: dict[str, int] = {}
        self._heard: dict[str, int] = {}

    def recall(self, question: Question) -> Question:
        """The question with everything that the others know; what the seat is told itself comes in order too."""
        new = question.events[self._seen.get(question.seat, 0) :]
        self._seen[question.seat] = len(question.events)
        known = {id(event) for event in self.events}
        self.events += [event for event in new if id(event) not in known]
        others = [(s, e) for s, e in self.said[self._heard.get(question.seat, 0) :] if s != question.seat]
        told = [f"{seat} was shown:\n{each.text}\n{seat} replied: {each.reply}" for seat, each in others]
        everything = tuple(each for _, each in self.said)
        return replace(question, events=tuple(self.events), text="\n".join([*told, question.text]), history=everything)

    def keep(self, question: Question, answer: Answer) -> None:
        """The reply is known to everybody from now on."""
        self.said.append((question.seat, Exchange(question.text, answer.text)))
        self._heard[question.seat] = len(self.said)
