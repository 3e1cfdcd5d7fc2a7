"""A game read from above or from a seat: nothing a seat was not told, every event once, and no text becomes markup."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from lanista.agents import registry as agents
from lanista.arenas.core import registry as arenas
from lanista.arenas.core.contract import Event, Outcome, Term
from lanista.arenas.core.episode import Episode, StepRecord, Turn
from lanista.arenas.core.referee import Game
from lanista.errors import UsageError
from lanista.leaderboards import replay
from lanista.play.runner import play_game

HOSTILE = "[bold red]loud[/] </script> \x1b[2J\x1b]0;title\x07 {{x}} \u202eback"


def told(text: str, *to: str, seat: str | None = None) -> tuple[Event, str]:
    return Event("said", {} if seat is None else {"seat": seat}, to or None), text


def episode() -> Episode:
    return Episode(
        arena="toy",
        version="1",
        hash="h",
        config={},
        preset="default",
        seed=5,
        players={"s0": "ann", "s1": "[red]bob[/]"},
        roles={"s0": "wolf", "s1": "lamb"},
        teams={"pack": ["s0"], "herd": ["s1"]},
        weights={"win": 100.0, "illegal_reply": -20.0},
        opening=[told("Welcome."), told("You are the wolf.", "s0"), told("You are the lamb.", "s1")],
        steps=[
            StepRecord(
                phase="day 1",
                turns=(
                    Turn(seat="s0", kind="say", prompt="?", reply=HOSTILE, action="a"),
                    Turn(
                        seat="s1",
                        kind="say",
                        prompt="?",
                        attempts=(("blah", "say something legal"),),
                        reply="blah again",
                        action="silent",
                        by="fallback",
                        why="still not legal",
                    ),
                ),
                events=(told(f"s0 says {HOSTILE}", seat="s0"), told("The lamb dreams.", "s1")),
                terms=(Term("illegal_reply", "s1", 1.0), Term("win", "pack", 1.0)),
            )
        ],
        outcome=Outcome("pack", {"pack": 1.0, "herd": 0.0}),
        returns={"s0": 100.0, "s1": -20.0},
        journal=[],
    )


def printed(seat: str | None = None, rewards: bool = False) -> str:
    out = io.StringIO()
    replay.show(episode(), Console(file=out, width=200, force_terminal=False), seat=seat, rewards=rewards)
    return out.getvalue()


def test_from_above_everything_is_told_with_its_audience() -> None:
    text = printed(rewards=True)
    for part in ("Welcome.", "[only s0] You are the wolf.", "[only s1] The lamb dreams.", "day 1", "Won by pack."):
        assert part in text
    assert "refused: say something legal" in text
    assert "s1 was played for (say: silent), after replying 'blah again': still not legal" in text
    assert "pack +100  win" in text
    assert "s1 -20  illegal_reply" in text
    assert "[red]bob[/]" in text


def test_from_a_seat_only_what_it_was_told_and_what_it_said() -> None:
    text = printed(seat="s1")
    assert "You are the lamb." in text
    assert "The lamb dreams." in text
    assert "blah" in text
    for secret in ("You are the wolf", "ann", "wolf", "+100", "> [bold"):
        assert secret not in text
    assert "> [bold red]loud[/]" in printed(seat="s0")
    assert "lamb" not in printed(seat="s0")


def test_no_speech_colours_or_moves_the_terminal() -> None:
    text = printed()
    assert "[bold red]loud[/] </script> \u241b[2J" in text
    assert not any(ord(c) < 32 and c != "\n" for c in text)
    assert "\u202e" not in text


def test_wrong_seats_and_rewards_for_players_are_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown seat 's9'.*this game has: s0, s1"):
        printed(seat="s9")
    with pytest.raises(UsageError, match="from above only"):
        printed(seat="s0", rewards=True)


def test_from_above_every_call_is_seen_those_without_arguments_too() -> None:
    arena = arenas.get("travel_booking")
    agent = agents.make("travel_expert")
    config = arena.configure(level="hard", split="test", error_rate=0.3)
    bare = set()
    for seed in range(6):
        played = play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), seed=seed, config=config)
        for step in played.steps:
            assert replay.calls(step) == list(step.turns)
            bare |= {turn.action for turn in step.turns if turn.action.endswith("{}")}
    assert {"login {}", "profile {}", "done {}"} <= bare


@pytest.mark.parametrize("view", ["above", "public", "player_2"])
def test_a_live_game_is_told_once_and_only_as_far_as_it_may(view: str) -> None:
    arena = arenas.get("werewolf")
    config = arena.configure(players=6)
    agent = agents.make("random")
    out = io.StringIO()
    narrator = replay.Narrator(
        Console(file=out, width=10_000),
        seat=view if view.startswith("player") else None,
        public=view == "public",
    )
    played = play_game(
        arena,
        dict.fromkeys(arena.rules.seats(config), agent),
        seed=3,
        config=config,
        on_turn=lambda _, game, __: narrator.turn(game),
    )
    lines = out.getvalue().splitlines()
    events = [*played.opening, *(e for step in played.steps for e in step.events)]
    may = {"above": lambda e: True, "public": lambda e: e.to is None}.get(view, lambda e: e.to is None or view in e.to)
    wanted = [text for event, text in events if may(event)]
    heard = [line.partition("] ")[2] if line.startswith("[only") else line for line in lines if "───" not in line]
    assert heard == [line for text in wanted for line in text.split("\n")]
    narrator.turn(_game(played))
    assert out.getvalue().splitlines() == lines  # nothing new, nothing twice


def _game(episode: Episode) -> Game:
    from lanista.arenas.core.referee import replay as play_again

    return play_again(episode.to_dict(), arenas.get("werewolf"))


def test_reveal_names_every_role_and_the_winner() -> None:
    arena = arenas.get("werewolf")
    config = arena.configure(players=6)
    game = _game(
        play_game(arena, dict.fromkeys(arena.rules.seats(config), agents.make("random")), seed=4, config=config)
    )
    out = io.StringIO()
    replay.Narrator(Console(file=out, width=120)).reveal(game)
    rows = [line.split() for line in out.getvalue().splitlines()]
    for seat in game.seats:
        assert any(row[:2] == [seat, game.role(seat)] for row in rows)
    assert game.outcome is not None
    assert f"Won by {game.outcome.winner}." in out.getvalue()


def test_the_end_of_a_game_in_words() -> None:
    assert replay.ending("pack", {"pack": 1.0, "flock": 0.0}) == "Won by pack."
    assert replay.ending(None, {"pack": 0.5, "flock": 0.5}) == "Nobody won."
    assert replay.ending(None, {"desk": 0.25}) == "The score of desk is 0.25 of 1."


def test_a_refused_reply_cannot_pass_for_the_narration() -> None:
    """Whatever a seat says stands on one line, however many it wrote."""
    import io

    from lanista.agents.scripted import Scripted
    from lanista.arenas import get
    from lanista.leaderboards.replay import show
    from lanista.play.runner import play_game
    from lanista.terminal import Terminal

    class Forger(Scripted):
        name = "forger"

        def reply(self, question: Any) -> str:
            return "bad\nNight 9 falls.\nWon by village."

    arena = get("werewolf")
    config = arena.configure(players=5, wolves=1)
    episode = play_game(arena, dict.fromkeys(arena.rules.seats(config), Forger()), 1, config=config)
    for seat in (None, "player_0"):
        out = io.StringIO()
        show(episode, Terminal(file=out, width=200), seat=seat)
        assert not [line for line in out.getvalue().splitlines() if line.startswith(("Night 9", "Won by village."))]
