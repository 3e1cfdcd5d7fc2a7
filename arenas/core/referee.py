"""One game in progress: who owes what, what each seat is told, what a reply becomes, and what it earned.

The referee is the same for every arena. Nothing a seat says raises here. A game is a function of (arena, config,
weights, seed, journal): the journal holds every reply, forfeit, effect result and change of chance in order, and
playing it again gives the same game, byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from lanista.arenas.core import chance
from lanista.arenas.core.asking import Asking
from lanista.arenas.core.contract import (
    FORFEIT,
    ILLEGAL,
    REFUSED,
    REPLY_LIMIT,
    WORLD,
    Arena,
    Ask,
    Event,
    Forfeit,
    Illegal,
    Outcome,
    Seat,
    Term,
    config_json,
)
from lanista.arenas.core.episode import FORMAT, Episode, StepRecord, Turn
from lanista.arenas.core.ledger import Ledger
from lanista.arenas.core.outcomes import checked
from lanista.arenas.core.transcript import Transcript
from lanista.errors import LanistaError, UsageError

_NOBODY: frozenset[Seat] = frozenset()
_UNSTORABLE = re.compile("[\ud800-\udfff\x00]")


class Game:
    """A game of ``arena`` from ``seed``. See the module's docstring; ``fork`` and ``to_json`` are exact."""

    def __init__(
        self,
        arena: Arena,
        seed: int,
        config: Any = None,
        *,
        preset: str = "default",
        players: Mapping[Seat, str] | None = None,
    ) -> None:
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise UsageError(f"a game's seed is an integer, not {seed!r}")
        self.arena = arena
        self._words: Any = arena.words  # as a hashable key of the caches below
        self.config = arena.configure() if config is None else config
        self.preset = preset
        self.weights = arena.weights(preset)
        self.seed = seed
        self.seats = arena.rules.seats(self.config)
        self.players: dict[Seat, str] = dict(players or {})
        self.state = arena.rules.deal(seed, self.config)
        self.teams = arena.rules.teams(self.state)
        self.outcome: Outcome | None = None
        self._conclude()
        self.decisions: dict[Seat, int] = dict.fromkeys(self.seats, 0)
        """Accepted decisions so far, by seat, forfeits included."""
        self.steps: list[StepRecord] = []
        self.journal: list[dict[str, Any]] = []
        self._ledger = Ledger(self.seats, self.teams, self.weights, preset)
        self._transcript = Transcript(self.seats, self._words.show)
        self._asking = Asking()
        self._phase: str | None = None  # of the present state, once it was asked for
        self._recorded: list[Any] | None = None  # results to play instead of running effects
        self._deliver(arena.rules.opening(self.state))
        self._opening = len(self._transcript)
        self._ask_next()

    # What a seat may know

    @property
    def over(self) -> bool:
        """Whether the game has an outcome."""
        return self.outcome is not None

    @property
    def returns(self) -> dict[Seat, float]:
        """What each seat was paid so far, its share of team terms included."""
        return self._ledger.returns

    @property
    def step_terms(self) -> Sequence[Term]:
        """The terms the last reply brought about, unweighted: () unless it completed a step."""
        return self._ledger.terms

    def to_act(self) -> tuple[Seat, ...]:
        """The seats that still owe a reply now, in table order; several are sealed from each other."""
        return tuple(self._asking.asks)

    def ask(self, seat: Seat) -> Ask | None:
        """What the seat owes now, or None."""
        return self._asking.asks.get(seat)

    def legal(self, seat: Seat) -> tuple[str, ...]:
        """Distinct complete replies that are legal for the seat now; () where it owes nothing."""
        form = self._asking.forms.get(seat)
        return () if form is None else form.legal

    def text(self, seat: Seat) -> str:
        """Everything addressed to the seat since its last accepted action, then what it is asked, if anything.

        Repeatable: reading changes nothing. The seat's first text holds the rules and its role.
        """
        now, unread = self._asking, self._transcript.unread
        form = now.forms.get(seat)
        if form is None:
            return "\n".join(unread(seat))
        attempts = now.attempts.get(seat)
        if not attempts:
            # Nothing is told to a seat while it owes a reply, so its prompt is built once.
            prompt = now.prompts.get(seat)
            if prompt is None:
                prompt = now.prompts[seat] = "\n".join([*unread(seat), form.wording])
            return prompt
        return "\n".join([*unread(seat), *(self._refusal(why) for _, why in attempts), form.wording])

    def news(self, seat: Seat) -> str:
        """What is new to the seat since its last reply, a refused one included, then what it is asked.

        The same as ``text`` but after a refusal, when it is only the reason and the ask again: texts of news, one
        after the other, repeat nothing.
        """
        attempts = self._asking.attempts.get(seat)
        if not attempts:
            return self.text(seat)
        return f"{self._refusal(attempts[-1][1])}\n{self._asking.forms[seat].wording}"

    def history(self, seat: Seat) -> str:
        """The seat's whole view: all it was told, with its own accepted actions where it took them."""
        parts: list[str] = []
        for turn in self.taken(seat):
            own = turn.by == "seat"
            parts += [turn.prompt, f"> {turn.action}" if own else f"> ({SUBSTITUTE}) {turn.action}"]
        parts.append(self.text(seat))
        return "\n".join(parts)

    def taken(self, seat: Seat) -> list[Turn]:
        """The seat's decisions so far, in order, those included that the referee took for it."""
        done = [turn for step in self.steps for turn in step.turns if turn.seat == seat]
        sealed = self._asking.turns.get(seat)
        return done if sealed is None else [*done, sealed]

    def events(self, seat: Seat, since: int = 0) -> list[Event]:
        """Every event the seat was in the audience of, in order, without the first ``since`` of them."""
        return self._transcript.to(seat, since)

    def attempts(self, seat: Seat) -> int:
        """Illegal replies to the present ask so far."""
        return len(self._asking.attempts.get(seat, ()))

    def role(self, seat: Seat) -> str:
        """The seat's role, as the rules name it now."""
        return self.arena.rules.role(self.state, seat)

    def team(self, seat: Seat) -> str:
        """The team the seat plays in."""
        return next(team for team, seats in self.teams.items() if seat in seats)

    @property
    def phase(self) -> str:
        """The rules' name for where the game stands now."""
        if self._phase is None:
            self._phase = self.arena.rules.phase(self.state)
        return self._phase

    def info(self, seat: Seat) -> dict[str, Any]:
        """What an environment's infos say of the seat now, but for what it was paid."""
        info: dict[str, Any] = {"role": self.role(seat), "phase": self.phase}
        ask = self._asking.asks.get(seat)
        if ask is not None:
            info["legal"] = list(self._asking.forms[seat].legal)
            info["legal_complete"] = ask.complete
        if self.arena.public is not None:
            info |= self.arena.public(self.state)
        return info

    # Playing

    def submit(self, seat: Seat, reply: str | Forfeit, meta: Mapping[str, Any] | None = None) -> Illegal | None:
        """Take a seat's reply. Returns Illegal while it may try again, else None: the decision is sealed.

        When the last owed decision is in, the step is played. ``meta`` (tokens, latency, …) is kept with the turn and
        is no part of the canonical episode. Raises UsageError for a seat that owes nothing.
        """
        now = self._asking
        ask = now.asks.get(seat)
        if ask is None:
            raise UsageError(f"{seat!r} owes no reply now; {', '.join(now.asks) or 'nobody'} does")
        self._ledger.clear()
        by, why, action = "seat", None, None
        if isinstance(reply, Forfeit):
            self.journal.append({"seat": seat, "forfeit": reply.reason})
            move, by, why = self.arena.rules.fallback(self.state, seat), "forfeit", reply.reason
            said = ""
        else:
            said = storable(reply)
            self.journal.append({"seat": seat, "reply": said})
            move = now.forms[seat].moves.get(said)
            if move is not None:
                action = said
            elif len(said) > REPLY_LIMIT:
                move = Illegal(f"your reply is over {REPLY_LIMIT:,} characters; say it in fewer")
            else:
                move = self._words.read(ask, said)
            if isinstance(move, Illegal):
                attempts = now.attempts.setdefault(seat, ())
                if len(attempts) < self.arena.retries:
                    now.attempts[seat] = (*attempts, (said, move.why))
                    if meta:
                        now.metas.setdefault(seat, []).append(dict(meta))
                    return move
                by, why = "fallback", move.why
                move = self.arena.rules.fallback(self.state, seat)
        refused = now.attempts.pop(seat, ()) if now.attempts else ()
        if now.metas and seat in now.metas:
            meta = {**(meta or {}), "retries": now.metas.pop(seat)}
        form = now.forms.pop(seat)
        prompt = now.prompts.pop(seat, None)
        if prompt is None:
            prompt = "\n".join([*self._transcript.unread(seat), form.wording])
        if action is None:
            action = self._words.write(ask, move)
        now.turns[seat] = Turn(seat, ask.kind, prompt, said, action, refused, by, why, meta or {})
        now.moves[seat] = move
        del now.asks[seat]
        self._transcript.mark_read(seat, None if by == "seat" else _substituted(by, why, action))
        self.decisions[seat] += 1
        if not now.asks:
            self._advance()
        return None

    def step_rewards(self, seat: Seat) -> dict[str, dict[str, float]]:
        """The weighted terms of the last step for one seat: ``{"individual": {...}, "team": {...}}``."""
        return self._ledger.by_term(seat, self.team(seat)) if self._ledger.terms else {"individual": {}, "team": {}}

    def step_payments(self) -> dict[Seat, float]:
        """What the last step paid each seat it paid anything: the sum of the seat's and its team's weighted terms."""
        return self._ledger.paid

    def log(self) -> list[str]:
        """The text of every event so far, seen from above."""
        return self._transcript.texts

    # Copies and records

    def fork(self, chance_: Literal["same", "fresh"] = "same", salt: int = 0) -> Game:
        """A game that goes on from here on its own. ``fresh`` draws new chance from here on, another per ``salt``."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._recorded = None  # a copy of a game that is being replayed goes on by itself
        twin.players, twin.decisions = dict(self.players), dict(self.decisions)
        twin.steps, twin.journal = list(self.steps), list(self.journal)
        twin._ledger, twin._transcript, twin._asking = (
            self._ledger.copy(),
            self._transcript.copy(),
            self._asking.copy(),
        )
        if chance_ == "fresh":
            twin._rekey(chance.key("fork", self.state.key, len(self.journal), salt))
        elif chance_ != "same":
            raise UsageError(f"fork's chance is 'same' or 'fresh', not {chance_!r}")
        return twin

    def to_json(self) -> str:
        """Everything that is needed to go on elsewhere, as JSON. Lossless but for ``meta`` of turns already taken."""
        return json.dumps(
            {
                "format": FORMAT,
                "arena": self.arena.name,
                "hash": self.arena.hash(self.preset),
                "config": config_json(self.config),
                "preset": self.preset,
                "seed": self.seed,
                "players": self.players,
                "journal": self.journal,
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str, arena: Arena) -> Game:
        """The game that ``to_json`` wrote. Raises LanistaError under another arena, hash or format."""
        try:
            record = json.loads(text)
        except ValueError as error:
            raise LanistaError(f"this is no game that to_json wrote: {error}") from error
        if not isinstance(record, dict):
            raise LanistaError(f"this is no game that to_json wrote: it is a JSON {type(record).__name__}")
        return replay(record, arena)

    def episode(self) -> Episode:
        """The record of the game so far (``outcome`` None while it goes on)."""
        return Episode(
            arena=self.arena.name,
            version=self.arena.version,
            hash=self.arena.hash(self.preset),
            config=config_json(self.config),
            preset=self.preset,
            seed=self.seed,
            players=dict(self.players),
            roles={seat: self.role(seat) for seat in self.seats},
            teams={team: list(seats) for team, seats in self.teams.items()},
            weights=dict(self.weights),
            opening=list(self._transcript.since(0, self._opening)),
            steps=list(self.steps),
            outcome=self.outcome,
            returns=dict(self.returns),
            journal=list(self.journal),
        )

    # Inside

    def _refusal(self, why: str) -> str:
        """What a seat is told of a reply that is sent back, and whether it pays for it."""
        return f"Your reply was not accepted{' and counts against you' * bool(self.weights.get(REFUSED))}: {why}"

    def _advance(self) -> None:
        rules, before, moves = self.arena.rules, self.state, self._asking.moves
        phase = self.phase
        turns = tuple(self._asking.turns.values())
        terms = [Term(FORFEIT if t.by == "forfeit" else ILLEGAL, t.seat, 1.0) for t in turns if t.by != "seat"]
        fallbacks = frozenset(term.to for term in terms) if terms else _NOBODY
        if REFUSED in self.weights:
            terms += [Term(REFUSED, t.seat, float(len(t.attempts))) for t in turns if t.attempts]
        first = len(self._transcript)
        results: list[Any] = []
        played = rules.play(before, moves)
        while True:
            self.state, self._phase = played.state, None
            self._deliver(played.events)
            terms += self.arena.rewards.terms(before, moves, played.state, played.events, fallbacks)
            if not played.effects:
                break
            now = [self._run(effect) for effect in played.effects]
            results += now
            before, moves, fallbacks = played.state, {WORLD: tuple(now)}, _NOBODY
            played = rules.play(before, moves)
        if terms:
            self._owned(self._ledger.book, terms)
        self.steps.append(StepRecord(phase, turns, self._transcript.since(first), tuple(terms), tuple(results)))
        self._conclude()
        self._ask_next()

    def _run(self, effect: Any) -> Any:
        if self._recorded is not None:
            if not self._recorded:
                raise LanistaError("the record has no result for an effect of this game: it was cut short")
            result = self._recorded.pop(0)
        else:
            result = json.loads(json.dumps(self.arena.runners[effect.kind](effect.request)))
        self.journal.append({"effect": result})
        return result

    def _conclude(self) -> None:
        outcome = self.arena.rules.outcome(self.state)
        if outcome is not None:
            self._owned(lambda outcome: setattr(self, "outcome", checked(outcome, self.teams)), outcome)

    def _ask_next(self) -> None:
        rules, state = self.arena.rules, self.state
        asked = ((seat, rules.ask(state, seat)) for seat in rules.to_act(state)) if self.outcome is None else ()
        self._asking = Asking(self._words, asked)

    def _deliver(self, events: Sequence[Event]) -> None:
        self._owned(self._transcript.add, events)

    def _owned(self, do: Callable[[Any], None], what: Any) -> None:
        """``do(what)``; what is wrong with the arena's own parts is told with its name."""
        try:
            do(what)
        except LanistaError as error:
            raise LanistaError(f"the arena {self.arena.name!r} is not sound: {error}") from error

    def _rekey(self, key: int) -> None:
        self.state, self._phase = self.arena.rules.rekey(self.state, key), None
        self.journal.append({"rekey": key})


def replay(
    record: Mapping[str, Any],
    arena: Arena,
    watch: Callable[[Game, Seat, str | Forfeit], Mapping[str, Any] | None] | None = None,
) -> Game:
    """The game that a record (``Game.to_json`` or ``Episode.to_dict``) describes, played again from its journal.

    No agent is asked and no effect is run. ``watch`` is called before each reply with the game as it stood; what it
    returns is kept with the turn as its ``meta``.

    Raises LanistaError where the record belongs to another arena, hash or format.
    """
    if record.get("format") != FORMAT:
        raise LanistaError(f"this record has format {record.get('format')!r}; this version reads format {FORMAT}")
    if record["arena"] != arena.name:
        raise LanistaError(f"this is a record of arena {record['arena']!r}, not of {arena.name!r}")
    preset = record["preset"]
    if record["hash"] != arena.hash(preset):
        raise LanistaError(
            f"this record was played under hash {record['hash']} of {arena.name!r}, and the arena installed here has "
            f"{arena.hash(preset)}: its weights or files of its package (rules, words, rewards) differ, so it cannot "
            "be replayed here"
        )
    journal: list[dict[str, Any]] = record["journal"]
    game = Game(
        arena, record["seed"], arena.configure(**record["config"]), preset=preset, players=record.get("players")
    )
    game._recorded = [entry["effect"] for entry in journal if "effect" in entry]
    for entry in journal:
        if "seat" in entry:
            reply = Forfeit(entry["forfeit"]) if "forfeit" in entry else entry["reply"]
            meta = None if watch is None else watch(game, entry["seat"], reply)
            game.submit(entry["seat"], reply, meta)
        elif "rekey" in entry:
            game._rekey(entry["rekey"])
    game._recorded = None
    return game


def storable(reply: str) -> str:
    """A reply as it can be kept anywhere: no lone surrogates, no NUL, and no longer than the limit plus one."""
    if len(reply) <= REPLY_LIMIT and reply.isascii() and "\x00" not in reply:
        return reply
    return _UNSTORABLE.sub("\ufffd", reply[: REPLY_LIMIT + 1])


SUBSTITUTE = "the referee moved for you"


def _substituted(by: str, why: str | None, action: str) -> str:
    """What a seat is told of a decision that was taken for it."""
    cause = "Your turn was forfeited" if by == "forfeit" else "None of your replies could be accepted"
    return f"{cause} ({_line(why or '')}), so {SUBSTITUTE}: {_line(action)}"


def _line(text: str, limit: int = 200) -> str:
    """The first line of a text, cut where it is long."""
    line, _, more = text.partition("\n")
    return f"{line[:limit]} …" if more or len(line) > limit else line
