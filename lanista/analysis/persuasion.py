"""What a speech moved: the votes after it, against the votes had its speaker been silent.

The game is copied as it stood before the speech, once with the speech and once with silence in its place, and the other
living players, made again from the record, are asked for their votes in both. That is done under K seeds: in each of
these forks both branches have the same seeds, so that whoever does not listen votes alike in both and the difference
is exactly zero.

Two questions can be asked of the same intervention:

``direct``  everybody else says that day what they said in the record; only the votes may answer. One ballot with all
            speeches as they were serves every speech of the day.
``total``   whoever speaks later that day speaks anew in both branches, so what was passed on by others counts too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lanista.agents.contract import Agent, Question
from lanista.analysis.forks import Branch, Reply, answers, fork_seed, moments, under
from lanista.arenas.core.contract import Arena, Ask, Forfeit, Illegal, Seat
from lanista.arenas.core.episode import Episode, Turn
from lanista.arenas.core.referee import Game
from lanista.arenas.werewolf.asks import names, vote
from lanista.arenas.werewolf.deck import INDEX, WEREWOLF
from lanista.arenas.werewolf.moves import Speech
from lanista.arenas.werewolf.rules import VOTE
from lanista.errors import LanistaError
from lanista.stats import Interval, clustered_mean

Effect = Literal["direct", "total"]
EFFECTS: tuple[Effect, ...] = ("direct", "total")
SILENCE = "silent"

BEFORE_VOTES = frozenset({"speech", "bid", "nominate", "elect"})
"""What is asked by day before the votes."""

NOBODY = "nobody"
"""Who is voted for by a legal vote that names none."""

Ballot = list[dict[Seat, Seat | None]]
"""Who would vote for whom (or NOBODY), one mapping a fork; None where a reply was no vote."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one speech did. Shares are of the votes of the other living players; a shift is (spoken - silent)."""

    day: int
    place: int
    """The number of the speech in its game, from 0."""
    seat: Seat
    text: str
    act: Mapping[str, Any] | None
    moved: float
    """The share of votes that are not the same in both branches of a fork."""
    own: Interval
    """How many votes in a hundred (as a share) moved to the side that the speaker plays against, over forks."""
    aim: float | None
    """The shift to whom the speech accuses, or away from whom it defends or vouches for; None where it names nobody."""
    cover: float
    """The shift away from the speaker."""
    shift: Mapping[Seat, float]
    """The shift to each living player that any vote moved to or from."""
    unread: int
    """Replies in both branches that were no vote."""


class Speeches:
    """The speeches of one recorded game, each of which can be taken away.

    ``agents``: who sat where, made again. Raises LanistaError for a record that does not replay.
    """

    def __init__(self, episode: Episode, arena: Arena, agents: Mapping[Seat, Agent], id: str, forks: int) -> None:
        self.agents, self.id, self.forks = agents, id, forks
        self.wolves = frozenset(seat for seat, role in episode.roles.items() if role == WEREWOLF)
        self.pack = frozenset(episode.teams["wolves"])
        """Who plays for the wolves, wolf or not."""
        turns = [turn for step in episode.steps for turn in step.turns]
        self.said = [turn for turn in turns if turn.kind == "speech"]
        self.moments = moments(episode, arena, id, asked_to_speak)
        if len(self.moments) != len(self.said):
            raise LanistaError(f"game {id!r} asks for {len(self.moments)} speeches and holds {len(self.said)}")
        self._days = [int(branch.game.state.day) for branch, _, _ in self.moments]
        self._rest: list[list[Turn] | None] = [
            _before_the_votes(turns[place + 1 :]) for place, turn in enumerate(turns) if turn.kind == "speech"
        ]
        self._spoken: dict[int, Ballot] = {}
        self._closed: dict[int, Branch] = {}

    def all(self, effect: Effect = "direct") -> list[Moved]:
        """What every speech moved that was not silence and had votes to come.

        Raises Unavailable where an agent cannot be asked.
        """
        return [self.moved(n, effect) for day in self.days() for n in self.of(day) if not self.is_silence(n)]

    def moved(self, n: int, effect: Effect = "direct") -> Moved:
        """What speech number ``n`` moved."""
        branch, seat, _ = self.moments[n]
        silent = branch.copy(f"{branch.id}-silent")
        silent.say(seat, SILENCE)
        if effect == "direct":
            with_ = self.spoken(self.day(n))
            (without,) = ballots([_through(silent, self.rest(n))], self.agents, self.id, self.forks)
        else:
            spoken = branch.copy(f"{branch.id}-spoken")
            spoken.say(seat, self.said[n].action)
            with_, without = after_talk([spoken, silent], self.agents, self.id, self.forks)
        return _compared(n, self.day(n), self.read(n), branch, with_, without, self.pack)

    def spoken(self, day: int) -> Ballot:
        """The ballot of a day on which everything was said as it was."""
        if day not in self._spoken:
            (self._spoken[day],) = ballots([self.closed(day)], self.agents, self.id, self.forks)
        return self._spoken[day]

    def closed(self, day: int) -> Branch:
        """The game when all have spoken on a day. It is not to be changed."""
        if day not in self._closed:
            first = self.of(day)[0]
            branch = self.moments[first][0]
            self._closed[day] = _through(branch.copy(f"{branch.id}-spoken"), [self.said[first], *self.rest(first)])
        return self._closed[day]

    def days(self) -> list[int]:
        """The days on which somebody was asked to speak before votes."""
        return list(dict.fromkeys(day for day, rest in zip(self._days, self._rest, strict=True) if rest is not None))

    def of(self, day: int) -> list[int]:
        """The numbers of a day's speeches that had votes to come: last words have not."""
        return [n for n, its in enumerate(self._days) if its == day and self._rest[n] is not None]

    def day(self, n: int) -> int:
        """The day of speech number ``n``."""
        return self._days[n]

    def rest(self, n: int) -> list[Turn]:
        """What was decided after it and before the votes of its day."""
        return self._rest[n] or []

    def read(self, n: int) -> Speech:
        """The speech as everybody heard it."""
        branch, seat, _ = self.moments[n]
        ask = branch.game.ask(seat)
        assert ask is not None
        move = branch.game.arena.words.read(ask, self.said[n].action)
        return Speech(self.said[n].action) if isinstance(move, Illegal) else move

    def is_silence(self, n: int) -> bool:
        """Whether a speech says nothing, so that there is nothing to take away."""
        said = self.read(n)
        return not said.text and (said.act is None or said.act.act == SILENCE)


def asked_to_speak(game: Game, seat: Seat) -> bool:
    """Whether the seat is asked for a speech now, for the first time."""
    ask = game.ask(seat)
    return ask is not None and ask.kind == "speech" and not game.attempts(seat)


def living(game: Game) -> tuple[Seat, ...]:
    """The seats that live now, in table order."""
    return names(game.state.alive)


def vote_ask(game: Game, seat: Seat) -> Ask:
    """The ask for a vote, whether or not it is time to vote."""
    owed = game.ask(seat)
    if owed is not None and owed.kind == "vote":
        return owed
    if game.state.stage == VOTE:  # one after the other, and it is somebody else's turn
        return game.arena.rules.ask(game.state, seat)
    return vote(INDEX[seat], game.state.alive, game.state.table.players)


def ballots(branches: Sequence[Branch], agents: Mapping[Seat, Agent], id: str, forks: int) -> list[Ballot]:
    """What every living player would vote at each branch, in each fork. The branches themselves do not change."""
    put: list[tuple[Agent, Question]] = []
    places: list[tuple[int, int, Seat, Ask]] = []
    for number, branch in enumerate(branches):
        for seat in living(branch.game):
            ask = vote_ask(branch.game, seat)
            one, agent = branch.question(seat, ask, 0), agents[seat]
            put += [(agent, under(one, agent, id, fork)) for fork in range(forks)]
            places += [(number, fork, seat, ask) for fork in range(forks)]
    found: list[Ballot] = [[{} for _ in range(forks)] for _ in branches]
    for (number, fork, seat, ask), reply in zip(places, answers(put), strict=True):
        found[number][fork][seat] = _voted(branches[number], ask, reply)
    forget(agents, {question.game for _, question in put})
    return found


def after_talk(branches: Sequence[Branch], agents: Mapping[Seat, Agent], id: str, forks: int) -> list[Ballot]:
    """The votes after everybody who has yet to speak that day has spoken anew, in each fork by its own seeds."""
    twins = [(fork, branch.copy(f"{branch.id}~{fork}")) for branch in branches for fork in range(forks)]
    while talking := [(fork, twin, seat) for fork, twin in twins for seat in _speakers(twin.game)]:
        put = []
        for fork, twin, seat in talking:
            ask = twin.game.ask(seat)
            assert ask is not None
            put.append((agents[seat], twin.question(seat, ask, fork_seed(id, fork, seat))))
        for (_, twin, seat), reply in zip(talking, answers(put), strict=True):
            twin.say(seat, reply)
    asked = [(fork, twin, seat, vote_ask(twin.game, seat)) for fork, twin in twins for seat in living(twin.game)]
    said = answers([(agents[s], twin.question(s, ask, fork_seed(id, fork, s))) for fork, twin, s, ask in asked])
    votes: dict[str, dict[Seat, Seat | None]] = {twin.id: {} for _, twin in twins}
    for (_, twin, seat, ask), reply in zip(asked, said, strict=True):
        votes[twin.id][seat] = _voted(twin, ask, reply)
    forget(agents, votes)
    return [[votes[twin.id] for _, twin in twins[n * forks : (n + 1) * forks]] for n in range(len(branches))]


def forget(agents: Mapping[Seat, Agent], games: Iterable[str]) -> None:
    """Tell the agents that these forks are over."""
    for agent in {agent.name: agent for agent in agents.values()}.values():
        for game in games:
            agent.forget(game)


def _before_the_votes(turns: Sequence[Turn]) -> list[Turn] | None:
    """Those of the turns that come before the next votes; None where the day ends without any."""
    found: list[Turn] = []
    for turn in turns:
        if turn.kind == "vote":
            return found
        if turn.kind not in BEFORE_VOTES:
            return None
        found.append(turn)
    return None


def _speakers(game: Game) -> list[Seat]:
    """Who is asked now for something that comes before the votes."""
    return [seat for seat in game.to_act() if (ask := game.ask(seat)) and ask.kind in BEFORE_VOTES]


def _voted(branch: Branch, ask: Ask, reply: Reply) -> Seat | None:
    if isinstance(reply, Forfeit):
        return None
    move = branch.game.arena.words.read(ask, reply)
    return None if isinstance(move, Illegal) else str(getattr(move, "target", NOBODY))


def _through(branch: Branch, said: Sequence[Turn]) -> Branch:
    for turn in said:
        if turn.seat not in branch.game.to_act():
            raise LanistaError(f"without this speech {turn.seat} is not asked in turn: measure its total effect")
        branch.say(turn.seat, turn.action)
    return branch


def _compared(
    place: int, day: int, said: Speech, branch: Branch, with_: Ballot, without: Ballot, pack: frozenset[Seat]
) -> Moved:
    """The paired difference of two ballots, the speaker's own vote left out."""
    (me,) = branch.game.to_act()
    listeners = [seat for seat in living(branch.game) if seat != me]
    enemies = {s for s in branch.game.seats if (s in pack) != (me in pack)}
    shift: dict[Seat, float] = {}
    own: list[float] = []
    changed = pairs = unread = 0
    for spoken, silent in zip(with_, without, strict=True):
        gained, read = 0, 0
        for seat in listeners:
            now, then = spoken[seat], silent[seat]
            unread += (now is None) + (then is None)
            if now is None or then is None:
                continue
            read += 1
            gained += (now in enemies) - (then in enemies)
            if now != then:
                changed += 1
                shift[now] = shift.get(now, 0.0) + 1
                shift[then] = shift.get(then, 0.0) - 1
        pairs += read
        own.append(gained / read if read else 0.0)
    shares = {
        seat: value / max(pairs, 1)
        for seat, value in sorted(shift.items(), key=lambda kv: INDEX.get(kv[0], len(INDEX)))
    }
    act = None if said.act is None else said.act.data()
    return Moved(
        day, place, me, said.text, act, changed / max(pairs, 1),
        clustered_mean(own, range(len(own))), _aim(act, shares), -shares.get(me, 0.0), shares, unread,
    )  # fmt: skip


def _aim(act: Mapping[str, Any] | None, shift: Mapping[Seat, float]) -> float | None:
    if act is None or "target" not in act:
        return None
    against = act["act"] == "accuse" or act.get("finding") == "werewolf"
    return shift.get(act["target"], 0.0) * (1 if against else -1)
