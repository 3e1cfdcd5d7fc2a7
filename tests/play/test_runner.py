"""The runner: who is asked what and when, what an agent's faults become, and that nothing depends on timing."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanista.agents.contract import Agent, Answer, Question
from lanista.agents.random import RandomAgent
from lanista.arenas.core.contract import REPLY_LIMIT, Arena, Forfeit
from lanista.arenas.core.episode import Episode, Turn
from lanista.arenas.core.referee import Game
from lanista.errors import LanistaError, UsageError
from lanista.play.runner import VISIT, GameSpec, play, play_game
from lanista.play.session import histories, question


class Scripted:
    """An agent that answers through a function and notes what it was asked and told to forget."""

    def __init__(
        self,
        reply: Callable[[Sequence[Question]], Any],
        *,
        batched: bool = False,
        time_limit_s: float | None = None,
        name: str = "scripted",
    ) -> None:
        self.name = name
        self.batched = batched
        self.time_limit_s = time_limit_s
        self.calls: list[list[Question]] = []
        self.forgotten: list[str] = []
        self._reply = reply

    def answer(self, questions: Sequence[Question]) -> Any:
        self.calls.append(list(questions))
        return self._reply(questions)

    def forget(self, game: str) -> None:
        self.forgotten.append(game)

    def close(self) -> None:
        pass


def draws(questions: Sequence[Question]) -> list[Answer | Forfeit]:
    return RandomAgent().answer(questions)


def specs(arena: Arena, agent: Agent, games: int, **config: int) -> list[GameSpec]:
    made = arena.configure(**config)
    seating = dict.fromkeys(arena.rules.seats(made), agent)
    return [GameSpec(id=f"g{i}", arena=arena, seed=i, config=made, seating=seating) for i in range(games)]


def turns(episode: Episode, seat: str | None = None) -> list[Turn]:
    return [turn for step in episode.steps for turn in step.turns if seat in (None, turn.seat)]


# Who is asked what


def test_a_batched_agent_is_asked_everything_at_once_by_spec_then_seat(guess: Arena) -> None:
    agent = Scripted(draws, batched=True)
    play(specs(guess, agent, 3, players=2, rounds=2), max_concurrent_games=2, on_game=lambda *_: None)
    asked = [[(q.game, q.seat) for q in call] for call in agent.calls]
    both = [("g0", "guesser_0"), ("g0", "guesser_1"), ("g1", "guesser_0"), ("g1", "guesser_1")]
    last = [("g2", "guesser_0"), ("g2", "guesser_1")]
    assert asked == [both, both, last, last]


def test_others_are_asked_one_question_at_a_time(guess: Arena) -> None:
    agent = Scripted(draws)
    play(specs(guess, agent, 2, players=2, rounds=1), on_game=lambda *_: None)
    assert [[q.game for q in call] for call in agent.calls] == [["g0"], ["g0"], ["g1"], ["g1"]]


def test_only_the_questions_of_its_own_seats_reach_an_agent(guess: Arena) -> None:
    left, right = Scripted(draws, batched=True), Scripted(draws, batched=True)
    seating = {"guesser_0": left, "guesser_1": right, "guesser_2": left}
    play_game(guess, seating, 0)
    assert {q.seat for call in left.calls for q in call} == {"guesser_0", "guesser_2"}
    assert {q.seat for call in right.calls for q in call} == {"guesser_1"}


@pytest.mark.parametrize("batched", [True, False])
def test_simultaneous_asks_are_sealed(guess: Arena, batched: bool) -> None:
    # By its n-th question a seat has been told the results of n rounds: nothing of the round that is under way.
    agent = Scripted(draws, batched=batched)
    play(specs(guess, agent, 2, players=4, rounds=5), on_game=lambda *_: None)
    asked = [q for call in agent.calls for q in call]
    assert len(asked) == 2 * 4 * 5
    for q in asked:
        assert [e.kind for e in q.events].count("round") == q.turn
        assert q.text.count("It was") == (q.turn > 0)


def test_a_question_holds_only_what_its_seat_was_told(guess: Arena) -> None:
    agent = Scripted(draws)
    play(specs(guess, agent, 1, players=3, rounds=3), on_game=lambda *_: None)
    for (q,) in agent.calls:
        insider = q.seat == "guesser_0"
        assert q.role == ("insider" if insider else "guesser")
        assert any(e.kind == "whisper" for e in q.events) == insider
        assert ("Between us" in q.text) == insider
        assert q.legal == ("1", "2", "3", "4", "5")
        assert q.legal_complete
        assert (q.arena, q.kind, q.phase) == ("guess", "guess", f"round {q.turn + 1}")


def test_a_question_is_a_snapshot(guess: Arena) -> None:
    agent = Scripted(draws)
    play(specs(guess, agent, 1, players=1, rounds=4), on_game=lambda *_: None)
    # Kept until after the game, each still shows the moment it was put: opening and whisper, then two events a round.
    assert [len(q.events) for (q,) in agent.calls] == [2, 4, 6, 8]
    assert [q.turn for (q,) in agent.calls] == [0, 1, 2, 3]


def test_seats_have_seeds_of_their_own_that_follow_the_agent_seed(guess: Arena) -> None:
    def seeds(seed: int, agent_seed: int | None) -> dict[str, int]:
        agent = Scripted(draws)
        play_game(guess, dict.fromkeys(("guesser_0", "guesser_1", "guesser_2"), agent), seed, agent_seed=agent_seed)
        return {q.seat: q.seed for call in agent.calls for q in call}

    assert len(set(seeds(1, None).values())) == 3
    assert seeds(1, None) == seeds(1, 1) == seeds(2, 1)
    assert set(seeds(1, None).values()).isdisjoint(seeds(1, 2).values())


# Refusals and history


def test_a_refused_reply_is_history_and_the_reason_is_the_news(guess: Arena) -> None:
    replies = iter(["seven", "3", "4"])
    agent = Scripted(lambda _: [Answer(next(replies), {"n": 1})])
    episode = play_game(guess, {"guesser_0": agent}, 0, config=guess.configure(players=1, rounds=2))
    first, again, second = (q for (q,) in agent.calls)
    assert again.text == (
        "Your reply was not accepted: say one number from 1 to 5 and nothing else\nReply with one number from 1 to 5."
    )
    assert [(e.text, e.reply, e.meta) for e in again.history] == [(first.text, "seven", {"n": 1})]
    assert [(e.text, e.reply) for e in second.history] == [(first.text, "seven"), (again.text, "3")]
    refused, accepted = turns(episode)[0].attempts, turns(episode)[0].reply
    assert ([reply for reply, _ in refused], accepted) == (["seven"], "3")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["1", "2", " 3 ", "", "\x00"])), max_size=30))
def test_texts_repeat_nothing_and_leave_nothing_out(guess: Arena, script: list[str]) -> None:
    said = iter([*script, *["1"] * 30])
    agent = Scripted(lambda _: [Answer(next(said))])
    play_game(guess, dict.fromkeys(("guesser_0", "guesser_1"), agent), 3, config=guess.configure(players=2, rounds=4))
    words = guess.words
    for (q,) in agent.calls:
        shown = "\n".join([*(e.text for e in q.history), q.text]).split("\n")
        referee = ("Reply with", "Your reply was not accepted", "Your turn was forfeited", "None of your replies")
        told = [line for line in shown if not line.startswith(referee)]
        assert told == [words.show(event) for event in q.events]


# Nothing depends on timing


def canonical(played: Sequence[GameSpec], max_concurrent_games: int) -> dict[str, bytes]:
    games: dict[str, bytes] = {}
    play(
        played,
        max_concurrent_games=max_concurrent_games,
        on_game=lambda f, game: games.update({f.id: game.episode().canonical()}),
    )
    return games


def chatter(questions: Sequence[Question]) -> list[Answer | Forfeit]:
    """Legal, illegal and forfeited turns, as a function of each question alone."""
    drawn = RandomAgent().answer(questions)
    odd: dict[int, Answer | Forfeit] = {1: Answer("perhaps"), 2: Forfeit("thinking"), 3: Answer(" ")}
    return [odd.get((q.seed + q.turn) % 7, answer) for q, answer in zip(questions, drawn, strict=True)]


@pytest.mark.parametrize("batched", [True, False])
def test_the_same_games_whatever_is_played_beside_them(guess: Arena, batched: bool) -> None:
    def played(max_concurrent_games: int) -> dict[str, bytes]:
        return canonical(specs(guess, Scripted(chatter, batched=batched), 9, players=3, rounds=4), max_concurrent_games)

    alone = played(1)
    assert len(alone) == 9
    assert played(2) == played(5) == played(64) == alone
    assert list(alone) == [f"g{i}" for i in range(9)]


@pytest.mark.parametrize("batched", [True, False])
def test_games_are_handed_over_as_they_finish_and_their_places_are_filled(guess: Arena, batched: bool) -> None:
    agent = Scripted(draws, batched=batched)
    rounds = 1 if batched else VISIT  # a game of agents that answer at once is played on for that many turns
    lengths = {"long": 3 * rounds, "short": rounds, "next": rounds, "last": rounds}

    def made() -> Iterator[GameSpec]:
        for name, rounds in lengths.items():
            config = guess.configure(players=1, rounds=rounds)
            yield GameSpec(id=name, arena=guess, seed=0, config=config, seating={"guesser_0": agent})

    finished: list[str] = []
    play(made(), max_concurrent_games=2, on_game=lambda f, _: finished.append(f.id))
    assert finished == ["short", "next", "long", "last"]


def test_on_turn_sees_every_reply_refused_ones_too(guess: Arena) -> None:
    replies = iter(["?", "1", "2"])
    seen: list[tuple[str, str, int]] = []
    play(
        specs(guess, Scripted(lambda _: [Answer(next(replies))]), 1, players=1, rounds=2),
        on_turn=lambda f, game, seat: seen.append((f.id, seat, game.attempts(seat))),
        on_game=lambda *_: None,
    )
    assert seen == [("g0", "guesser_0", 1), ("g0", "guesser_0", 0), ("g0", "guesser_0", 0)]


def test_a_game_that_is_over_before_it_began_is_handed_over(guess: Arena) -> None:
    agent = Scripted(draws)
    finished: list[str] = []
    play(specs(guess, agent, 2, rounds=0), on_game=lambda f, _: finished.append(f.id))
    assert finished == agent.forgotten == ["g0", "g1"]
    assert agent.calls == []


# Rebuilding


def plain(q: Question) -> tuple[Any, ...]:
    return (
        q.seat,
        q.seed,
        q.role,
        q.phase,
        q.kind,
        q.text,
        q.legal,
        q.legal_complete,
        tuple((e.text, e.reply, dict(e.meta)) for e in q.history),
        q.events,
    )


@pytest.mark.parametrize("stop", range(0, 24, 3))
def test_questions_can_be_made_again_from_a_record_or_a_fork(guess: Arena, stop: int) -> None:
    """Stop a game of refusals and forfeits after any reply: what each seat is asked next follows from its record."""
    agent = Scripted(chatter)
    (spec,) = specs(guess, agent, 1, players=3, rounds=8)
    records: list[tuple[str, Game]] = []
    play([spec], on_turn=lambda f, g, s: records.append((g.to_json(), g.fork())), on_game=lambda *_: None)
    text, fork = records[stop]
    again = Game.from_json(text, guess)
    live = [plain(q) for (q,) in agent.calls]
    for game in (again, fork):
        past = histories(game)
        for seat in game.to_act():
            assert plain(question(game, seat, spec, past[seat])) in live


def test_a_fork_keeps_what_agents_reported(guess: Arena) -> None:
    replies = iter([Answer("x", {"n": 0}), Answer("1", {"n": 1}), Answer("2", {"n": 2}), Answer("3", {"n": 3})])
    forks: list[Game] = []
    play(
        specs(guess, Scripted(lambda _: [next(replies)]), 1, players=1, rounds=3),
        on_turn=lambda f, game, s: forks.append(game.fork()),
        on_game=lambda *_: None,
    )
    assert [e.meta for e in histories(forks[-1])["guesser_0"]] == [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]


# Faults


def raising(error: BaseException) -> Callable[[Sequence[Question]], Any]:
    def reply(questions: Sequence[Question]) -> Any:
        raise error

    return reply


def generating(questions: Sequence[Question]) -> Iterator[Answer]:
    yield from ()
    raise OSError("half way")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


FAULTS: list[tuple[str, Callable[[Sequence[Question]], Any], str]] = [
    ("raises", raising(ValueError("bad luck")), "raised ValueError: bad luck"),
    ("raises at length", raising(ValueError("a\nb" + "c" * 10**6)), "raised ValueError: a b" + "c" * 277 + "…"),
    ("raises in silence", raising(KeyError()), "raised KeyError"),
    ("raises the unspeakable", raising(Unspeakable()), "raised Unspeakable"),
    ("raises surrogates", raising(ValueError("\ud800\x00")), "raised ValueError: \ufffd\ufffd"),
    ("exits", raising(SystemExit(3)), "raised SystemExit: 3"),
    ("is cancelled", raising(asyncio.CancelledError()), "raised CancelledError"),
    ("recurses", raising(RecursionError("too deep")), "raised RecursionError: too deep"),
    ("raises half way", generating, "raised OSError: half way"),
    ("gives None", lambda _: [None], "empty reply"),
    ("says nothing", lambda _: [Answer("")], "empty reply"),
    ("says blanks", lambda _: [Answer(" \n\t\u2003 ")], "empty reply"),
    ("says None", lambda _: [Answer(None)], "empty reply"),  # type: ignore[arg-type]
    ("says a number", lambda _: [Answer(3)], "replied with a int, not with text"),  # type: ignore[arg-type]
    ("gives bare text", lambda _: ["3"], "answered with a str, not with an Answer"),
    ("gives bare blanks", lambda _: [""], "empty reply"),
    ("gives no list", lambda _: None, "raised TypeError: 'NoneType' object is not iterable"),
    ("gives too few", lambda _: [], "gave 0 answers to 1 questions"),
    ("gives too many", lambda _: [Answer("1")] * 2, "gave 2 answers to 1 questions"),
    ("never stops", lambda _: iter(lambda: Answer("1"), None), "gave 2 answers to 1 questions"),
    ("reports junk", lambda _: [Answer("1", ["?"])], "reported a list as meta, not a mapping"),  # type: ignore[arg-type]
    ("forfeits", lambda _: [Forfeit("I pass")], "I pass"),
]


@pytest.mark.parametrize("limit_s", [None, 30.0], ids=["direct", "in a thread"])
@pytest.mark.parametrize(("reply", "reason"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_forfeits_the_turn_and_the_game_goes_on(
    guess: Arena, reply: Callable[[Sequence[Question]], Any], reason: str, limit_s: float | None
) -> None:
    seating: dict[str, Agent] = {"guesser_0": RandomAgent(), "guesser_1": Scripted(reply, time_limit_s=limit_s)}
    episode = play_game(guess, seating, 0, config=guess.configure(players=2, rounds=2))
    assert episode.outcome is not None
    assert [(t.by, t.why, t.reply) for t in turns(episode, "guesser_1")] == [("forfeit", reason, "")] * 2
    assert [t.by for t in turns(episode, "guesser_0")] == ["seat"] * 2
    hits = sum(term.name == "hit" and term.to == "guesser_1" for step in episode.steps for term in step.terms)
    assert episode.returns["guesser_1"] == hits - 3.0 * 2
    assert Episode.from_dict(episode.to_dict()).canonical() == episode.canonical()


def test_what_a_batched_agent_raises_forfeits_its_own_seats_only(guess: Arena) -> None:
    bad = Scripted(raising(ValueError("x")), batched=True)
    seating: dict[str, Agent] = {"guesser_0": bad, "guesser_1": RandomAgent(), "guesser_2": bad}
    episode = play_game(guess, seating, 0)
    assert {t.seat for t in turns(episode) if t.by == "forfeit"} == {"guesser_0", "guesser_2"}
    assert len(bad.calls) == 3


def test_a_batched_agent_may_forfeit_one_answer_of_many(guess: Arena) -> None:
    agent = Scripted(lambda qs: [Answer("1") if i else Answer("") for i, _ in enumerate(qs)], batched=True)
    episode = play_game(guess, dict.fromkeys(("guesser_0", "guesser_1", "guesser_2"), agent), 0)
    assert {t.seat for t in turns(episode) if t.by == "forfeit"} == {"guesser_0"}


def test_a_blank_reply_keeps_what_was_reported_with_it(guess: Arena) -> None:
    # A model that samples blanks has sampled tokens: they cost money, and training must see them.
    agent = Scripted(lambda _: [Answer(" \n", {"tokens": {"ids": [5]}})])
    forks: list[Game] = []
    play(
        specs(guess, agent, 1, players=1, rounds=2),
        on_turn=lambda f, game, seat: forks.append(game.fork()),
        on_game=lambda *_: None,
    )
    episode = forks[-1].episode()
    assert [(t.by, t.meta["tokens"]) for t in turns(episode)] == [("forfeit", {"ids": [5]})] * 2
    live = [(e.reply, e.meta) for e in agent.calls[1][0].history]
    assert live == [("", {"tokens": {"ids": [5]}, "forfeit": "empty reply"})]
    assert [(e.reply, e.meta) for e in histories(forks[0])["guesser_0"]] == live


def test_an_agent_that_hangs_forfeits_and_its_late_answer_goes_nowhere(guess: Arena) -> None:
    wake, woken = threading.Event(), threading.Event()

    def reply(questions: Sequence[Question]) -> list[Answer]:
        if questions[0].turn == 0:
            wake.wait(60)
            woken.set()
            return [Answer("5")]
        return [Answer("2")]

    agent = Scripted(reply, time_limit_s=0.2)
    released: list[bool] = []

    def on_turn(spec: GameSpec, game: Game, seat: str) -> None:
        wake.set()  # the first call answers now, too late, while the second is about to be made
        released.append(woken.wait(60))

    games: list[Episode] = []
    play(
        specs(guess, agent, 1, players=1, rounds=3),
        on_turn=on_turn,
        on_game=lambda _, game: games.append(game.episode()),
    )
    assert [(t.by, t.why, t.reply) for t in turns(games[0])] == [
        ("forfeit", "no reply within 0.2 s", ""),
        ("seat", None, "2"),
        ("seat", None, "2"),
    ]
    assert released == [True] * 3
    assert [e.meta for e in agent.calls[1][0].history] == [{"forfeit": "no reply within 0.2 s"}]


@pytest.mark.parametrize("limit_s", [None, 30.0])
def test_ctrl_c_stops_the_runner_and_agents_forget(guess: Arena, limit_s: float | None) -> None:
    agent = Scripted(raising(KeyboardInterrupt()), time_limit_s=limit_s)
    with pytest.raises(KeyboardInterrupt):
        play(specs(guess, agent, 5), max_concurrent_games=3, on_game=lambda *_: None)
    assert agent.forgotten == ["g0", "g1", "g2"]


# Callbacks and ends


@pytest.mark.parametrize("callback", ["on_turn", "on_game"])
def test_what_a_callback_raises_comes_out_after_agents_forgot(guess: Arena, callback: str) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("disk full")

    agent = Scripted(draws)
    callbacks: dict[str, Any] = {"on_game": lambda *_: None, callback: fail}
    with pytest.raises(RuntimeError, match="disk full"):
        play(specs(guess, agent, 3, rounds=1), **callbacks)
    assert sorted(agent.forgotten) == ["g0", "g1", "g2"]


def test_agents_forget_each_game_once_after_it_was_handed_over(guess: Arena) -> None:
    log: list[tuple[str, str]] = []

    class Noting(RandomAgent):
        def forget(self, game: str) -> None:
            log.append(("forget", game))

    play(specs(guess, Noting(), 2, rounds=1), max_concurrent_games=1, on_game=lambda f, _: log.append(("over", f.id)))
    assert log == [("over", "g0"), ("forget", "g0"), ("over", "g1"), ("forget", "g1")]


def test_an_agent_that_cannot_forget_does_not_stop_the_runner(guess: Arena, caplog: pytest.LogCaptureFixture) -> None:
    class Haunted(RandomAgent):
        def forget(self, game: str) -> None:
            raise OSError("stuck")

    assert len(canonical(specs(guess, Haunted(), 2), 2)) == 2
    assert "could not forget game g0" in caplog.text


def test_seatings_that_do_not_fit_are_refused(guess: Arena) -> None:
    agent = RandomAgent()
    with pytest.raises(UsageError, match="nobody sits in guesser_1, guesser_2"):
        play_game(guess, {"guesser_0": agent}, 0)
    seats = dict.fromkeys(("guesser_0", "guesser_1", "guesser_2", "gueser_1"), agent)
    with pytest.raises(UsageError, match="no seat 'gueser_1'; did you mean 'guesser_1'"):
        play_game(guess, seats, 0)


def test_two_running_games_cannot_share_an_id(guess: Arena) -> None:
    (spec,) = specs(guess, RandomAgent(), 1)
    with pytest.raises(UsageError, match="have the id 'g0'"):
        play([spec, spec], on_game=lambda *_: None)
    assert len(canonical([spec, spec], 1)) == 1  # one after the other is fine


def test_at_once_must_be_positive(guess: Arena) -> None:
    with pytest.raises(UsageError, match="at least 1, not 0"):
        play([], max_concurrent_games=0, on_game=lambda *_: None)


def test_rules_that_owe_nothing_and_do_not_end_are_an_error_not_a_loop(guess: Arena) -> None:
    class Stuck(type(guess.rules)):  # type: ignore[misc]
        def to_act(self, state: Any) -> tuple[str, ...]:
            return ()

    arena = Arena(**{**guess.__dict__, "rules": Stuck()})
    with pytest.raises(LanistaError, match="no seat owes a reply"):
        play(specs(arena, RandomAgent(), 1), on_game=lambda *_: None)


# Any text at all


@pytest.mark.parametrize(
    "reply",
    [
        "x" * 10_000_000,
        "\x00" * 50,
        "\x1b[2J\x07\x08",
        "\ud800",
        "".join(map(chr, range(32))),
        "\U0001f600" * 9,
        "1\x00",
    ],
    ids=["10 MB", "NUL", "escape", "surrogate", "control", "astral", "almost"],
)
def test_any_reply_is_kept_storable_and_bounded(guess: Arena, reply: str) -> None:
    agent = Scripted(lambda _: [Answer(reply)])
    episode = play_game(guess, {"guesser_0": agent}, 0, config=guess.configure(players=1, rounds=2))
    for turn in turns(episode):
        assert turn.by == "fallback"
        for said in [turn.reply, *(said for said, _ in turn.attempts)]:
            assert len(said) <= REPLY_LIMIT + 1
            assert "\x00" not in said
            said.encode()
    past = [e.reply for e in agent.calls[-1][0].history]
    assert past == [reply for t in turns(episode) for reply in [*(said for said, _ in t.attempts), t.reply]][:-1]
    assert Game.from_json(as_json(episode), guess).episode().canonical() == episode.canonical()


def as_json(episode: Episode) -> str:
    return json.dumps(episode.to_dict())


def test_latency_is_reported_beside_what_the_agent_reports(guess: Arena) -> None:
    replies = iter([Answer("x", {"tokens": 1}), Answer("1", {"tokens": 2})])
    agent = Scripted(lambda _: [next(replies)])
    episode = play_game(guess, {"guesser_0": agent}, 0, config=guess.configure(players=1, rounds=1))
    (turn,) = turns(episode)
    assert turn.meta["tokens"] == 2
    assert turn.meta["latency_s"] >= 0
    assert [(m["tokens"], m["latency_s"] >= 0) for m in turn.meta["retries"]] == [(1, True)]
    assert episode.players == {"guesser_0": "scripted"}
