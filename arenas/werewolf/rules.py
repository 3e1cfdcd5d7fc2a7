"""Werewolf as a pure state machine. docs/arenas/werewolf.md says the same for people, corner cases included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Ask, Event, Outcome, Seat, Step
from lanista.arenas.werewolf import asks
from lanista.arenas.werewolf.asks import names
from lanista.arenas.werewolf.day import (
    may_abstain,
    play_bids,
    play_election,
    play_last_words,
    play_nomination,
    play_talk,
    play_vote,
)
from lanista.arenas.werewolf.deck import INDEX, POSSESSED, SEATS, WEREWOLF, Config
from lanista.arenas.werewolf.moves import SAY_NOTHING
from lanista.arenas.werewolf.night import play_den, play_night, play_potion, play_shot
from lanista.arenas.werewolf.phases import day_breaks, night_falls
from lanista.arenas.werewolf.state import (
    BIDS,
    BY_DAY,
    DEFENCE,
    DEN,
    ELECTION,
    LAST,
    NIGHT,
    NOBODY,
    NOMINATION,
    OVER,
    POTION,
    SHOT,
    TALK,
    VILLAGE,
    VOTE,
    WOLVES,
    State,
    Table,
    accuses,
    acting,
    brews,
    cast,
    elected,
    fallen,
    table_of,
    voted_out,
    winner_of,
)

__all__ = [
    "BIDS",
    "BY_DAY",
    "DEFENCE",
    "DEN",
    "ELECTION",
    "LAST",
    "NIGHT",
    "NOBODY",
    "NOMINATION",
    "OVER",
    "POTION",
    "SHOT",
    "TALK",
    "VILLAGE",
    "VOTE",
    "WOLVES",
    "State",
    "Table",
    "WerewolfRules",
    "accuses",
    "acting",
    "begin",
    "brews",
    "cast",
    "elected",
    "fallen",
    "protectable",
    "table_of",
    "turns_bound",
    "voted_out",
    "winner_of",
]


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
        if config.options:
            public["options"] = config.options
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
        if state.queue:
            return (SEATS[state.queue[0]],)
        if stage in (VOTE, BIDS, ELECTION):
            return names(state.alive)
        if stage == NIGHT:
            return names(acting(state))
        if stage == POTION:
            return (SEATS[state.table.witch],)
        return ()

    def ask(self, state: State, seat: Seat) -> Ask:
        stage, table, alive = state.stage, state.table, state.alive
        me, players = INDEX[seat], table.players
        if stage == TALK:
            return asks.speech(me, alive, players, table.deck)
        if stage in BY_DAY:
            return _by_day(state, me)
        if stage == DEN:
            return asks.den(me, alive & ~table.wolves, players)
        if stage == NIGHT:
            if table.wolves >> me & 1:
                return asks.kill(me, alive & ~table.wolves, players)
            if me == table.seer:
                return asks.inspect(me, alive, players)
            return asks.protect(me, protectable(state), players)
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
        wolfish = tuple(role for role in config.deck if role in (WEREWOLF, POSSESSED))
        return {VILLAGE: tuple(role for role in config.deck if role not in wolfish), WOLVES: wolfish}

    def phase(self, state: State) -> str:
        return _phase(state.stage, state.day, state.by_night)

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        side = state.table.side
        return {VILLAGE: names((1 << state.table.players) - 1 & ~side), WOLVES: names(side)}

    def rekey(self, state: State, key: int) -> State:
        return state._replace(key=key)


def begin(table: Table, key: int) -> State:
    """The first moment of a game at this table."""
    alive = (1 << table.players) - 1
    state = State(table, key, OVER, 1, alive)
    return night_falls(state) if table.config.first_phase == "night" else day_breaks(state)


def protectable(state: State) -> int:
    """The mask of those whom the doctor or bodyguard may protect this night."""
    config, pool = state.table.config, state.alive
    if not config.self_protection:
        pool &= ~(1 << state.table.doctor)
    if not config.repeat_protection and state.guarded != NOBODY:
        pool &= ~(1 << state.guarded)
    return pool


def turns_bound(config: Config) -> int:
    """Decisions after which any game of this table has ended: every day takes a life, and two living end it.

    Where votes may be withheld every second day takes one.
    """
    per_day = [_decisions(config, alive) for alive in range(2, config.players + 1)]
    return sum(per_day) * (2 if config.abstention else 1) + 2 + (config.players if config.quiet_first_night else 0)


def _decisions(config: Config, alive: int) -> int:
    """At most how many decisions a day and the night after it take, with this many living."""
    speeches = alive * config.discussion_rounds
    bids = alive * speeches if config.bidding else 0
    nominations = 2 * alive if config.nomination else 0
    return speeches + bids + nominations + (alive if config.mayor else 0) + 3 * alive + 3 + config.last_words


def _by_day(state: State, me: int) -> Ask:
    stage, alive, players = state.stage, state.alive, state.table.players
    if stage in (DEFENCE, LAST):
        return asks.speech(me, alive, players, state.table.deck, stage)
    if stage == VOTE:
        return asks.vote(me, state.nominees or alive, players, may_abstain(state))
    if stage == NOMINATION:
        return asks.nominate(me, alive, players, may_abstain(state))
    return asks.bid(me, players) if stage == BIDS else asks.elect(me, alive, players)


_PLAY: dict[str, Callable[[State, Mapping[Seat, Any]], Step]] = {
    ELECTION: play_election,
    BIDS: play_bids,
    TALK: play_talk,
    NOMINATION: play_nomination,
    DEFENCE: play_talk,
    VOTE: play_vote,
    LAST: play_last_words,
    DEN: play_den,
    NIGHT: play_night,
    POTION: play_potion,
    SHOT: play_shot,
}


@lru_cache(maxsize=4096)
def _phase(stage: str, day: int, by_night: bool) -> str:
    if stage == OVER:
        return "over"
    if stage == SHOT:
        return f"{'night' if by_night else 'day'} {day}: shot"
    return f"day {day}: {stage}" if stage in BY_DAY else f"night {day}"


@lru_cache(maxsize=256)
def _pack_of_cards(config: Config) -> tuple[str, ...]:
    return tuple(role for role, count in config.deck.items() for _ in range(count))
