"""Werewolf as a pure state machine. docs/arenas/werewolf.md says the same for people, corner cases included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Ask, Event, Outcome, Seat, Step
from lanista.arenas.werewolf import asks
from lanista.arenas.werewolf.asks import members, names
from lanista.arenas.werewolf.deck import DOCTOR, HUNTER, INDEX, SEATS, SEER, WEREWOLF, WITCH, Config
from lanista.arenas.werewolf.moves import ACCUSE, REPORT, SAY_NOTHING, Act, Heal, Kill, Poison, Shoot, Speech, Vote

VILLAGE, WOLVES = "village", "wolves"
NOBODY = -1
TALK, VOTE, DEN, NIGHT, POTION, SHOT, OVER = "talk", "vote", "den", "night", "potion", "shot", "over"


class Table(NamedTuple):
    """What never changes in a game. Seats are indices, sets of seats are bit masks."""

    config: Config
    players: int
    roles: tuple[str, ...]  # by seat
    deck: tuple[str, ...]  # the role names in play
    wolves: int
    actors: int  # who is asked together at night: wolves, seer, doctor
    seer: int
    doctor: int
    witch: int
    hunter: int


class State(NamedTuple):
    """A moment of a game."""

    table: Table
    key: int
    stage: str
    day: int  # the number of the present day or night
    alive: int
    queue: tuple[int, ...] = ()  # who still speaks in this round, or who shoots
    rounds: int = 0  # discussion rounds to come after this one
    by_night: bool = False  # whether the shot now owed answers a death of the night
    victim: int = NOBODY  # whom the wolves attacked this night
    protected: int = NOBODY  # whom the doctor protected this night
    heal: bool = True  # the witch still has the healing potion
    poison: bool = True
    inspected: int = 0  # whom the seer has inspected so far
    decided: int = 0  # who has decided anything so far
    accused: tuple[tuple[int, int], ...] = ()  # whom each seat accused or reported first today, in order: (who, whom)
    winner: str | None = None


def table_of(config: Config, roles: Sequence[str]) -> Table:
    """The table at which seat i holds ``roles[i]``."""

    def where(role: str) -> int:
        return roles.index(role) if role in roles else NOBODY

    wolves = sum(1 << i for i, role in enumerate(roles) if role == WEREWOLF)
    actors = wolves | sum(1 << i for i, role in enumerate(roles) if role in (SEER, DOCTOR))
    return Table(
        config, config.players, tuple(roles), tuple(config.deck), wolves, actors,
        where(SEER), where(DOCTOR), where(WITCH), where(HUNTER),
    )  # fmt: skip


class WerewolfRules:
    """See ``lanista.arenas.core.contract.Rules``."""

    def deal(self, seed: int, config: Config) -> State:
        roles = _pack_of_cards(config)
        key = chance.key("werewolf", seed)
        cards = list(roles)
        chance.stream(key, "deal").shuffle(cards)
        return begin(table_of(config, cards), key)

    def opening(self, state: State) -> Sequence[Event]:
        table = state.table
        config = table.config
        public = {
            "players": config.players,
            "deck": dict(config.deck),
            "first_phase": config.first_phase,
            "discussion_rounds": config.discussion_rounds,
            "reveal_on_death": config.reveal_on_death,
        }
        events = [Event("table", public)]
        events += [Event("role", {"seat": SEATS[i], "role": role}, (SEATS[i],)) for i, role in enumerate(table.roles)]
        pack = names(table.wolves)
        events.append(Event("pack", {"wolves": list(pack)}, pack))
        events.append(Event(config.first_phase, {"day": 1}))
        return events

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return SEATS[: config.players]

    def to_act(self, state: State) -> tuple[Seat, ...]:
        stage = state.stage
        if stage in (TALK, DEN, SHOT):
            return (SEATS[state.queue[0]],)
        if stage == VOTE:
            return names(state.alive)
        if stage == NIGHT:
            return names(state.table.actors & state.alive)
        if stage == POTION:
            return (SEATS[state.table.witch],)
        return ()

    def ask(self, state: State, seat: Seat) -> Ask:
        stage, table, alive = state.stage, state.table, state.alive
        me, players = INDEX[seat], table.players
        if stage == TALK:
            return asks.speech(me, alive, players, table.deck)
        if stage == VOTE:
            return asks.vote(me, alive, players)
        if stage == DEN:
            return asks.den(me, alive & ~table.wolves, players)
        if stage == NIGHT:
            if table.wolves >> me & 1:
                return asks.kill(me, alive & ~table.wolves, players)
            if me == table.seer:
                return asks.inspect(me, alive, players)
            return asks.protect(me, alive, players)
        if stage == POTION:
            return asks.potion(me, alive, players, state.heal, state.poison)
        return asks.shot(me, alive, players)

    def fallback(self, state: State, seat: Seat) -> Any:
        """Silence where one speaks, else a uniformly random legal move."""
        ask = self.ask(state, seat)
        if not ask.complete:
            return SAY_NOTHING
        return ask.choices[chance.draw(state.key, f"fallback {ask.kind} {seat}", state.day, len(ask.choices))]

    def play(self, state: State, moves: Mapping[Seat, Any]) -> Step:
        return _PLAY[state.stage](state, moves)

    def outcome(self, state: State) -> Outcome | None:
        winner = state.winner
        if winner is None:
            return None
        scores = {VILLAGE: float(winner == VILLAGE), WOLVES: float(winner == WOLVES)}
        return Outcome(winner, scores, {"day": state.day, "survivors": list(names(state.alive))})

    def role(self, state: State, seat: Seat) -> str:
        return state.table.roles[INDEX[seat]]

    def roles(self, config: Config) -> Mapping[str, tuple[str, ...]]:
        village = tuple(role for role in config.deck if role != WEREWOLF)
        return {VILLAGE: village, WOLVES: (WEREWOLF,)}

    def phase(self, state: State) -> str:
        return _phase(state.stage, state.day, state.by_night)

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        wolves = state.table.wolves
        return {VILLAGE: names((1 << state.table.players) - 1 & ~wolves), WOLVES: names(wolves)}

    def rekey(self, state: State, key: int) -> State:
        return state._replace(key=key)


def begin(table: Table, key: int) -> State:
    """The first moment of a game at this table."""
    alive = (1 << table.players) - 1
    state = State(table, key, OVER, 1, alive)
    return _night_falls(state) if table.config.first_phase == "night" else _day_breaks(state)


def accuses(act: Act) -> bool:
    """Whether an act of speech accuses its target: an accusation, or the report that somebody is a werewolf."""
    return act.act == ACCUSE or (act.act == REPORT and act.finding == "werewolf")


def elected(targets: Iterable[Seat], key: int, purpose: str, turn: int) -> int:
    """The seat index with the most votes; ties are broken uniformly at random."""
    counts: dict[Seat, int] = {}
    for target in targets:
        counts[target] = counts.get(target, 0) + 1
    most = max(counts.values())
    first = sorted(INDEX[target] for target, count in counts.items() if count == most)
    return first[0] if len(first) == 1 else first[chance.draw(key, purpose, turn, len(first))]


def winner_of(wolves: int, alive: int) -> str | None:
    """Who has won when ``alive`` (a mask) live: the village without a wolf, else the wolves at half of the living."""
    left = (wolves & alive).bit_count()
    if left == 0:
        return VILLAGE
    return WOLVES if 2 * left >= alive.bit_count() else None


def fallen(state: State, poisoned: int = NOBODY, healed: bool = False) -> int:
    """The mask of those who die at the end of this night."""
    dead = 0 if poisoned == NOBODY else 1 << poisoned
    if state.victim != state.protected and not healed:
        dead |= 1 << state.victim
    return dead


def turns_bound(config: Config) -> int:
    """Decisions after which any game of this table has ended: every day takes a life, and two living end it."""
    per_day = [alive * (config.discussion_rounds + 1) + 2 * alive + 3 for alive in range(2, config.players + 1)]
    return sum(per_day) + 2


# Playing one stage


def _talk(state: State, moves: Mapping[Seat, Any]) -> Step:
    ((seat, said),) = moves.items()
    me = INDEX[seat]
    act = said.act
    accused = state.accused
    if act is not None and accuses(act) and all(who != me for who, _ in accused):
        accused = (*accused, (me, INDEX[act.target]))
    stage, queue, rounds = TALK, state.queue[1:], state.rounds
    if not queue:
        if rounds:
            queue, rounds = _speakers(state.alive, state.day), rounds - 1
        else:
            stage = VOTE
    after = State(
        state.table, state.key, stage, state.day, state.alive, queue, rounds, False, NOBODY, NOBODY,
        state.heal, state.poison, state.inspected, state.decided | 1 << me, accused, None,
    )  # fmt: skip
    return Step(after, (_said("speech", seat, said, None),))


def _den(state: State, moves: Mapping[Seat, Any]) -> Step:
    ((seat, said),) = moves.items()
    queue = state.queue[1:]
    after = state._replace(stage=DEN if queue else NIGHT, queue=queue, decided=state.decided | 1 << INDEX[seat])
    return Step(after, (_said("den", seat, said, names(state.table.wolves & state.alive)),))


def _vote(state: State, moves: Mapping[Seat, Vote]) -> Step:
    votes = {seat: moves[seat].target for seat in names(state.alive)}
    out = elected(votes.values(), state.key, "vote", state.day)
    data = {"votes": votes, "eliminated": SEATS[out], "role": _shown(state.table, out)}
    after = state._replace(
        alive=state.alive & ~(1 << out), decided=state.decided | state.alive, queue=(), stage=SHOT, by_night=False
    )
    return _bury(after, [Event("votes", data)], 1 << out, NOBODY)


def _night(state: State, moves: Mapping[Seat, Any]) -> Step:
    table = state.table
    events: list[Event] = []
    votes: dict[Seat, Seat] = {}
    inspected, protected, decided = state.inspected, NOBODY, state.decided
    for seat in names(table.actors & state.alive):
        move = moves[seat]
        decided |= 1 << INDEX[seat]
        if isinstance(move, Kill):
            votes[seat] = move.target
        elif INDEX[seat] == table.seer:
            target = INDEX[move.target]
            inspected |= 1 << target
            finding = "werewolf" if table.wolves >> target & 1 else "innocent"
            events.append(Event("inspected", {"seat": seat, "target": move.target, "finding": finding}, (seat,)))
        else:
            protected = INDEX[move.target]
            events.append(Event("protected", {"seat": seat, "target": move.target}, (seat,)))
    victim = elected(votes.values(), state.key, "kill", state.day)
    pack = names(table.wolves & state.alive)
    events.insert(0, Event("ballot", {"votes": votes, "victim": SEATS[victim]}, pack))
    after = state._replace(victim=victim, protected=protected, inspected=inspected, decided=decided)
    if brews(state):
        witch = SEATS[table.witch]
        told = SEATS[victim] if state.heal else None
        events.append(Event("attacked", {"seat": witch, "victim": told}, (witch,)))
        return Step(after._replace(stage=POTION), events)
    return _dawn(after, events, fallen(after), NOBODY)


def brews(state: State) -> bool:
    """Whether the witch is asked this night: she lives and has a potion left."""
    witch = state.table.witch
    return witch != NOBODY and bool(state.alive >> witch & 1) and (state.heal or state.poison)


def _potion(state: State, moves: Mapping[Seat, Any]) -> Step:
    ((seat, move),) = moves.items()
    healed = isinstance(move, Heal)
    target = move.target if isinstance(move, Poison) else None
    poisoned = NOBODY if target is None else INDEX[target]
    after = state._replace(
        heal=state.heal and not healed,
        poison=state.poison and target is None,
        decided=state.decided | 1 << INDEX[seat],
    )
    event = Event("brewed", {"seat": seat, "heal": healed, "poison": target}, (seat,))
    return _dawn(after, [event], fallen(after, poisoned, healed), poisoned)


def _dawn(state: State, events: list[Event], dead: int, poisoned: int) -> Step:
    deaths = [{"seat": SEATS[i], "role": _shown(state.table, i)} for i in members(dead)]
    events.append(Event("deaths", {"cause": "night", "deaths": deaths}))
    after = state._replace(
        alive=state.alive & ~dead, victim=NOBODY, protected=NOBODY, queue=(), stage=SHOT, by_night=True
    )
    return _bury(after, events, dead, poisoned)


def _bury(state: State, events: list[Event], dead: int, poisoned: int) -> Step:
    """Those who died are off the table; a hunter among them shoots, unless poisoned, before anybody has won."""
    hunter = state.table.hunter
    if hunter != NOBODY and dead >> hunter & 1 and hunter != poisoned and state.alive:
        return Step(state._replace(queue=(hunter,)), events)
    return _settle(state, events)


def _shot(state: State, moves: Mapping[Seat, Any]) -> Step:
    ((seat, move),) = moves.items()
    decided = state.decided | 1 << INDEX[seat]
    if not isinstance(move, Shoot):
        event = Event("shot", {"seat": seat, "target": None, "role": None})
        return _settle(state._replace(queue=(), decided=decided), [event])
    target = INDEX[move.target]
    event = Event("shot", {"seat": seat, "target": move.target, "role": _shown(state.table, target)})
    return _settle(state._replace(queue=(), decided=decided, alive=state.alive & ~(1 << target)), [event])


def _settle(state: State, events: list[Event]) -> Step:
    """All deaths of the resolution are in: the game is won, or the next night or day begins."""
    table = state.table
    winner = winner_of(table.wolves, state.alive)
    if winner is not None:
        roles = dict(zip(SEATS, table.roles, strict=False))
        events.append(Event("end", {"winner": winner, "roles": roles}))
        return Step(state._replace(stage=OVER, winner=winner, by_night=False), events)
    night_first = table.config.first_phase == "night"
    if state.by_night:
        after = _day_breaks(state._replace(day=state.day + (not night_first), by_night=False))
        events.append(Event("day", {"day": after.day}))
    else:
        after = _night_falls(state._replace(day=state.day + night_first))
        events.append(Event("night", {"day": after.day}))
    return Step(after, events)


def _night_falls(state: State) -> State:
    pack = members(state.table.wolves & state.alive)
    return state._replace(stage=DEN, queue=pack) if len(pack) > 1 else state._replace(stage=NIGHT, queue=())


def _day_breaks(state: State) -> State:
    rounds = state.table.config.discussion_rounds
    if not rounds:
        return state._replace(stage=VOTE, queue=(), accused=())
    return state._replace(stage=TALK, queue=_speakers(state.alive, state.day), rounds=rounds - 1, accused=())


_PLAY: dict[str, Callable[[State, Mapping[Seat, Any]], Step]] = {
    TALK: _talk,
    VOTE: _vote,
    DEN: _den,
    NIGHT: _night,
    POTION: _potion,
    SHOT: _shot,
}


# Small pieces


def _said(kind: str, seat: Seat, said: Speech, to: tuple[Seat, ...] | None) -> Event:
    act = said.act
    return Event(kind, {"seat": seat, "text": said.text, "act": None if act is None else act.data()}, to)


def _shown(table: Table, seat: int) -> str | None:
    return table.roles[seat] if table.config.reveal_on_death else None


@lru_cache(maxsize=4096)
def _speakers(alive: int, day: int) -> tuple[int, ...]:
    """Table order; each day begins one living player further on, so that nobody always speaks first."""
    living = members(alive)
    first = (day - 1) % len(living)
    return living[first:] + living[:first]


@lru_cache(maxsize=4096)
def _phase(stage: str, day: int, by_night: bool) -> str:
    if stage == OVER:
        return "over"
    if stage == SHOT:
        return f"{'night' if by_night else 'day'} {day}: shot"
    return f"day {day}: {stage}" if stage in (TALK, VOTE) else f"night {day}"


@lru_cache(maxsize=256)
def _pack_of_cards(config: Config) -> tuple[str, ...]:
    return tuple(role for role, count in config.deck.items() for _ in range(count))
