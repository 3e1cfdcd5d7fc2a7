"""Every law holds on an arena that keeps it, and catches an arena that breaks it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from auction import SEATS, WEIGHTS, Rewards, Rules, Words, make_arena

from lanista.arenas import Ask, Event, Game, Illegal, Outcome, Step, Term, get
from lanista.arenas.core import conformance
from lanista.arenas.core.chance import draw, key
from lanista.arenas.core.tools import BadCall, Call, Tool, by_name, call, example, parse
from lanista.arenas.core.word_laws import limits, quoted, refusals, slips, wrappings
from lanista.arenas.core.wrappings import CALLS
from lanista.arenas.support_desk.rewards import SupportDeskRewards
from lanista.arenas.werewolf.moves import Speech
from lanista.arenas.werewolf.words import WerewolfWords
from lanista.errors import LanistaError


@pytest.mark.parametrize("law", conformance.LAWS)
def test_the_auction_keeps_every_law(law: str) -> None:
    conformance.LAWS[law](make_arena(), 5, 0)


class TellsValues(Rules):
    """Tells everybody what the prize is worth to the last seat."""

    def play(self, state: Any, moves: Any) -> Step:
        step = super().play(state, moves)
        return step._replace(events=[*step.events, Event("value", {"seat": "player_3", "value": state.values[3]})])


class OrdersByValue(Rules):
    """Lists a seat's choices in an order that depends on another seat's value."""

    def ask(self, state: Any, seat: str) -> Ask:
        ask = super().ask(state, seat)
        return replace(ask, choices=ask.choices[::-1]) if state.values[3] % 2 and seat != "player_3" else ask


class OpensTooMuch(Rules):
    def opening(self, state: Any) -> list[Event]:
        return [event._replace(to=None) for event in super().opening(state)]


@pytest.mark.parametrize("rules", [TellsValues(), OrdersByValue(), OpensTooMuch()], ids=lambda r: type(r).__name__)
def test_a_leak_is_caught(rules: Rules) -> None:
    with pytest.raises(AssertionError, match="tells what is hidden"):
        conformance.privacy(make_arena(rules=rules), 3, 0)


def test_alike_that_never_gives_a_pair_is_no_test() -> None:
    with pytest.raises(AssertionError, match="never gave a pair"):
        conformance.privacy(make_arena(counterfactual=lambda *_: None), 1, 0)


class Race:
    """Nothing hidden: whoever throws the higher die at the last turn has won."""

    seats_ = ("player_0", "player_1")

    def deal(self, seed: int, config: Any) -> Any:
        return Place(key("race", seed))

    def opening(self, state: Any) -> list[Event]:
        return [Event("start", {})]

    def seats(self, config: Any) -> tuple[str, ...]:
        return self.seats_

    def to_act(self, state: Any) -> tuple[str, ...]:
        return (self.seats_[state.turn % 2],) if state.turn < 4 else ()

    def ask(self, state: Any, seat: str) -> Ask:
        return Ask(seat, "throw", ("throw", "wait"))

    def fallback(self, state: Any, seat: str) -> str:
        return "wait"

    def play(self, state: Any, moves: Any) -> Step:
        ((seat, move),) = moves.items()
        die = 1 + draw(state.key, "die", state.turn, 6) if move == "throw" else 0
        after = replace(state, turn=state.turn + 1, last=(*state.last, die)[-2:])
        return Step(after, [Event("thrown", {"seat": seat, "die": die})])

    def outcome(self, state: Any) -> Outcome | None:
        if state.turn < 4:
            return None
        first, second = state.last
        return Outcome(None, {"first": 0.5 + (first - second) / 12, "second": 0.5 + (second - first) / 12})

    def role(self, state: Any, seat: str) -> str:
        return "runner"

    def phase(self, state: Any) -> str:
        return f"turn {state.turn + 1}"

    def teams(self, state: Any) -> dict[str, tuple[str, ...]]:
        return {"first": self.seats_[:1], "second": self.seats_[1:]}

    def rekey(self, state: Any, key: int) -> Any:
        return replace(state, key=key)


@dataclass(frozen=True)
class Place:
    key: int
    turn: int = 0
    last: tuple[int, ...] = ()


class RaceWords:
    def show(self, event: Event) -> str:
        return f"{event.kind} {dict(event.data)}"

    def ask(self, ask: Ask) -> str:
        return f"throw or wait? {dict(ask.data)}"

    def read(self, ask: Ask, reply: str) -> Any:
        return reply if reply in ask.choices else Illegal("say throw or wait")

    def write(self, ask: Ask, move: str) -> str:
        return move


class NoRewards:
    def terms(self, *args: Any) -> list[Term]:
        return []


def race(rules: Any) -> Any:
    return make_arena(
        rules=rules,
        words=RaceWords(),
        rewards=NoRewards(),
        counterfactual=None,
        metrics={},
        turns_bound=lambda config: 4,
    )


@pytest.mark.parametrize("law", conformance.LAWS)
def test_a_game_without_secrets_keeps_every_law(law: str) -> None:
    conformance.LAWS[law](race(Race()), 5, 0)


class ShowsTheNextDie(Race):
    def ask(self, state: Any, seat: str) -> Ask:
        die = draw(state.key, "die", state.turn, 6)
        return replace(super().ask(state, seat), data=(("hint", die),))


class WhispersLast(Race):
    def play(self, state: Any, moves: Any) -> Step:
        step = super().play(state, moves)
        return step._replace(
            events=[e._replace(to=self.seats_[:1]) for e in step.events] if state.turn == 3 else step.events
        )


def test_a_game_without_alike_that_has_secrets_is_caught() -> None:
    with pytest.raises(AssertionError, match="tells what chance will bring"):
        conformance.privacy(race(ShowsTheNextDie()), 5, 0)
    with pytest.raises(AssertionError, match="thrown is kept from some seats"):
        conformance.privacy(race(WhispersLast()), 5, 0)


class GlobalChance(Rules):
    def play(self, state: Any, moves: Any) -> Step:
        return super().play(replace(state, key=random.getrandbits(63)), moves)


def test_global_chance_is_caught() -> None:
    with pytest.raises(AssertionError, match="interleaved"):
        conformance.determinism(make_arena(rules=GlobalChance()), 5, 0)


class Raises(Words):
    def read(self, ask: Ask, reply: str) -> Any:
        return int(reply.split(":")[1])


def test_a_reader_that_raises_is_caught() -> None:
    with pytest.raises((ValueError, IndexError)):
        conformance.any_reply(make_arena(words=Raises()), 3, 0)


class Hears(Words):
    """Reads whatever begins like a bid, as a move that is none."""

    def read(self, ask: Ask, reply: str) -> Any:
        return -1 if reply.startswith("b") and len(reply) < len("bid: 0") else super().read(ask, reply)


class AsksAgain(Rules):
    """Starts the round anew until nobody has made a slip."""

    def play(self, state: Any, moves: Any) -> Step:
        return Step(state, []) if -1 in moves.values() else super().play(state, moves)


def test_a_game_that_a_clumsy_seat_never_ends_is_caught() -> None:
    with pytest.raises(AssertionError, match="stated bound"):
        conformance.damaged_replies(make_arena(rules=AsksAgain(), words=Hears()), 5, 0)


class Unweighted(Rewards):
    def terms(self, *args: Any) -> list[Term]:
        return [*super().terms(*args), Term("surprise", SEATS[0], 1.0)]


def test_a_term_without_weight_is_caught_by_name() -> None:
    with pytest.raises(LanistaError, match="term 'surprise' that has no weight in preset 'default'"):
        conformance.ledger(make_arena(rewards=Unweighted()), 1, 0)


class PaysAStranger(Rewards):
    def terms(self, *args: Any) -> list[Term]:
        return [*super().terms(*args), Term(next(iter(WEIGHTS)), "player_99", 1.0)]


def test_a_term_to_nobody_is_caught_by_name() -> None:
    with pytest.raises(LanistaError, match="'player_99', which is neither a seat nor a team"):
        conformance.ledger(make_arena(rewards=PaysAStranger()), 1, 0)


class Speechless(Words):
    def show(self, event: Event) -> str:
        return {"nothing": "at all"}[event.kind]


def test_an_event_without_text_is_caught_by_name() -> None:
    with pytest.raises(LanistaError, match=r"cannot tell an event '.*': KeyError"):
        conformance.ends(make_arena(words=Speechless()), 1, 0)


def test_a_metric_that_no_outcome_knows_is_caught() -> None:
    with pytest.raises(AssertionError, match="no fact rihgt"):
        conformance.ends(make_arena(metrics={"rihgt": "a slip of the pen"}), 1, 0)


def test_a_cheap_illegal_reply_is_caught() -> None:
    arena = make_arena(presets={"default": {**WEIGHTS, "illegal_reply": -1.0}})
    with pytest.raises(AssertionError, match="worst legal"):
        conformance.penalties(arena, 20, 0)


def test_a_wrong_bound_is_caught() -> None:
    with pytest.raises(AssertionError, match="stated bound"):
        conformance.ends(make_arena(turns_bound=lambda config: 3), 1, 0)


class Deaf(Words):
    def read(self, ask: Ask, reply: str) -> Any:
        return 0


def test_replies_that_do_not_read_back_are_caught() -> None:
    with pytest.raises(AssertionError, match="reads as"):
        conformance.legal_replies(make_arena(words=Deaf()), 1, 0)


class KnowsTheConfig(SupportDeskRewards):
    """Charges a question whose answer was sure by the kind of case, of which no seat is told."""

    def terms(self, before: Any, moves: Any, after: Any, events: Any, fallbacks: Any) -> list[Term]:
        terms = list(super().terms(before, moves, after, events, fallbacks))
        ((seat, move),) = moves.items()
        if getattr(move, "tool", "") == "ask" and after.mask == before.mask:
            terms.append(Term("irrelevant", seat, 1.0))
        return terms


class KnowsTheTruth(SupportDeskRewards):
    """Judges by the hidden fault, and says so nowhere."""

    hindsight = SupportDeskRewards.hindsight - {"misinformed"}


@pytest.mark.parametrize("rewards", [KnowsTheConfig(), KnowsTheTruth()], ids=lambda r: type(r).__name__)
def test_a_charge_that_nothing_told_is_caught(rewards: Any) -> None:
    with pytest.raises(AssertionError, match="what it was told does not settle that"):
        conformance.charges(replace(get("support_desk"), rewards=rewards), 60, 0, faults=3)


def test_hindsight_names_individual_terms() -> None:
    class Misnamed(SupportDeskRewards):
        hindsight = frozenset({"resolved"})

    with pytest.raises(AssertionError, match="hindsight names resolved"):
        conformance.charges(replace(get("support_desk"), rewards=Misnamed()), 1, 0)


class Calls(Words):
    """Bids by a tool, and says what it takes."""

    TOOLS = by_name(Tool("bid", "bids", {"of": {"type": "integer", "minimum": 0, "maximum": 3}}))
    TOLD = f"Reply such as {example(TOOLS)}.\n{TOOLS['bid'].signature}"

    def tools(self, ask: Ask) -> Any:
        return self.TOOLS

    def wrappings(self, ask: Ask) -> Any:
        return CALLS

    def show(self, event: Event) -> str:
        return self.TOLD if event.kind == "table" else super().show(event)

    def read(self, ask: Ask, reply: str) -> Any:
        found = parse(reply, self.TOOLS)
        if isinstance(found, BadCall):
            return Illegal("that is no bid")
        return found.args["of"] if isinstance(found, Call) else found

    def write(self, ask: Ask, move: int) -> str:
        return str(call("bid", of=move))


class AsksForACall(Rules):
    def ask(self, state: Any, seat: str) -> Ask:
        return replace(super().ask(state, seat), complete=False)


class KeepsALimit(Calls):
    TOLD = Calls.TOLD.replace("0 to 3", "")


class GivesNoExample(Calls):
    TOLD = Calls.TOOLS["bid"].signature


class TakesTheFirst(Calls):
    """Reads what it finds first, whatever else stands there."""

    def read(self, ask: Ask, reply: str) -> Any:
        found = re.search(r'"of": *([0-3])', reply)
        return int(found[1]) if found else super().read(ask, reply)


class TakesItBare(Calls):
    def read(self, ask: Ask, reply: str) -> Any:
        return super().read(ask, reply) if reply.startswith("bid {") else Illegal("reply with one call")


def calling(words: Any) -> Any:
    return make_arena(rules=AsksForACall(), words=words)


@pytest.mark.parametrize("law", ["limits", "wrappings", "slips", "legal_replies", "any_reply"])
def test_an_arena_of_calls_keeps_the_laws_of_words(law: str) -> None:
    conformance.LAWS[law](calling(Calls()), 5, 0)


def test_a_limit_that_is_not_told_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"nothing it was shown says of bid that \"of\": integer 0 to 3"):
        limits(calling(KeepsALimit()), 1, 0)
    with pytest.raises(AssertionError, match="no call stands as an example"):
        limits(calling(GivesNoExample()), 1, 0)


class Cuts(Words):
    """Takes words, and the first 77 characters of them."""

    def read(self, ask: Ask, reply: str) -> Any:
        bid = super().read(ask, reply)
        return reply[:77] if isinstance(bid, Illegal) else bid

    def write(self, ask: Ask, move: Any) -> str:
        return move if isinstance(move, str) else super().write(ask, move)


def test_a_length_that_is_not_told_is_caught() -> None:
    with pytest.raises(AssertionError, match="77 characters count"):
        limits(calling(Cuts()), 1, 0)


def test_a_reader_that_takes_one_of_two_moves_is_caught() -> None:
    assert wrappings(calling(Calls()), 5, 0) > 20
    with pytest.raises(AssertionError, match="of two moves"):
        wrappings(calling(TakesTheFirst()), 5, 0)
    with pytest.raises(AssertionError, match="is read as Illegal"):
        wrappings(calling(TakesItBare()), 5, 0)


def test_gibberish_that_is_cheaper_than_a_slip_is_caught() -> None:
    cheap = get("travel_booking")
    weights = {**cheap.weights(), "illegal_reply": -1.0, "refused_reply": 0.0}
    with pytest.raises(AssertionError, match="to say nothing readable pays"):
        slips(replace(cheap, presets={"default": weights}), 2, 0)


class Repeats(WerewolfWords):
    """Tells on what is said as it was typed."""

    def read(self, ask: Ask, reply: str) -> Any:
        found = super().read(ask, reply)
        return Speech(reply) if isinstance(found, Speech) and found.text else found

    def show(self, event: Event) -> str:
        spoken = event.kind == "speech" and event.data["text"]
        return f"{event.data['seat']} says: {event.data['text']}" if spoken else super().show(event)


def test_words_that_repeat_special_tokens_are_caught() -> None:
    with pytest.raises(AssertionError, match="is told on as"):
        quoted(replace(get("werewolf"), words=Repeats()), 1, 0)


def test_a_first_unreadable_reply_that_is_cheaper_than_a_slip_is_caught() -> None:
    desk = get("support_desk")
    assert refusals(desk, 1, 0) > 20
    for cheap in (-9.0, 0.0):
        weights = {**desk.weights(), "refused_reply": cheap}
        with pytest.raises(AssertionError, match=r"asked act, preset 'default': .* pays -10"):
            refusals(replace(desk, presets={"default": weights}), 1, 0)


class SaysNothing(Game):
    """Charges a reply that is sent back, and does not say so."""

    def news(self, seat: str) -> str:
        return super().news(seat).replace(" and counts against you", "")


def test_a_charge_that_the_refusal_does_not_tell_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lanista.arenas.core.word_laws.Game", SaysNothing)
    with pytest.raises(AssertionError, match="1 replies sent back are charged, and it was told"):
        refusals(get("support_desk"), 1, 0)
