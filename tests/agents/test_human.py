"""A person's turn, through streams."""

from __future__ import annotations

import dataclasses
import io

import pytest

from lanista.agents.contract import Answer, Exchange, Question
from lanista.agents.human import HumanAgent
from lanista.arenas.core.contract import Arena, Forfeit
from lanista.play.runner import play_game

LEGAL = ("vote: player_1", "vote: player_2")


def question(text: str = "Night fell.\nWhom do you vote for?", legal: tuple[str, ...] = LEGAL) -> Question:
    return Question(
        game="g",
        seat="player_0",
        seed=0,
        arena="x",
        role="seer",
        phase="day 1: vote",
        kind="vote",
        text=text,
        legal=legal,
        legal_complete=True,
        history=(Exchange("Dawn broke.", "good morning"), Exchange("Noon.", "", {"forfeit": "asleep"})),
    )


def ask(typed: str, put: Question | None = None) -> tuple[Answer | Forfeit, str]:
    """The person's answer, and everything on the screen."""
    screen = io.StringIO()
    agent = HumanAgent(reader=io.StringIO(typed), writer=screen)
    (answer,) = agent.answer([put or question()])
    return answer, screen.getvalue()


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("1\n", "vote: player_1"),
        (" 2 \n", "vote: player_2"),
        ("vote: player_2\n", "vote: player_2"),
        ("I trust nobody.\n", "I trust nobody."),
        ("3\n1\n", "vote: player_1"),  # no such line: a slip of the finger is not said aloud
        ("0\n0\n2\n", "vote: player_2"),
        ("9" * 5000 + "\n1\n", "vote: player_1"),
        ("²\n", "²"),
        ("\n  \n1\n", "vote: player_1"),
        ("no newline", "no newline"),
        ("I saw it all. \\\naccuse: player_2\n", "I saw it all.\naccuse: player_2"),
        ("one\\\r\ntwo\\\r\nthree\r\n", "one\ntwo\nthree"),
        ("cut short\\\n", "cut short"),
    ],
)
def test_a_number_picks_and_other_lines_are_the_reply(typed: str, reply: str) -> None:
    assert ask(typed)[0] == Answer(reply)


def test_numbers_that_are_legal_replies_mean_themselves() -> None:
    assert ask("2\n", question(legal=("3", "2", "1")))[0] == Answer("2")


def test_a_number_that_is_not_listed_can_be_meant_where_the_list_is_not_complete() -> None:
    open_ended = dataclasses.replace(question(), legal_complete=False)
    answer, screen = ask("7\n7\n", open_ended)
    assert answer == Answer("7")
    assert "There is no 7 on the list: choose 1 to 2, or say it again if it is your reply." in screen
    assert ask("7\n8\n1\n", open_ended)[0] == Answer(LEGAL[0])
    assert ask("7\n", dataclasses.replace(question(), legal=(), legal_complete=False))[0] == Answer("7")


def test_what_was_told_before_the_question_is_not_repeated_in_it() -> None:
    screen = io.StringIO()
    agent = HumanAgent(reader=io.StringIO("1\n1\n"), writer=screen)
    agent.tell("g", "player_0", "Night fell.")
    agent.tell("g", "player_0", "Night fell.\nA wolf howled.")
    agent.answer([question("Night fell.\nA wolf howled.\nWhom do you vote for?")])
    assert [screen.getvalue().count(line) for line in ("Night fell.", "A wolf howled.", "Whom do you vote for?")] == [
        1
    ] * 3
    agent.tell("g", "player_0", "Night fell.")  # another night
    assert screen.getvalue().count("Night fell.") == 2
    agent.tell("g", "player_1", "Night fell.")
    assert screen.getvalue().count("Night fell.") == 3


def test_the_screen_shows_whose_turn_it_is_the_news_and_the_choices() -> None:
    _, screen = ask("1\n")
    order = ["player_0", "seer", "day 1: vote", "Night fell.", "Whom do you vote for?", "1  vote: player_1", "2  vote:"]
    places = [screen.index(part) for part in order]
    assert places == sorted(places)
    assert "Dawn broke." not in screen


def test_a_long_list_stays_on_the_screen() -> None:
    _, screen = ask("1\n", question(legal=tuple(f"claim {n}" for n in range(1, 41))))
    assert all(f"{n}  claim {n}" in screen for n in range(1, 41))
    assert screen.count("\n") < 30


def test_a_question_mark_shows_what_happened_so_far() -> None:
    answer, screen = ask("?\n1\n")
    assert answer == Answer("vote: player_1")
    told = ["Dawn broke.", "> good morning", "Noon.", "> (turn forfeited)"]
    places = [screen.index(part) for part in told]
    assert places == sorted(places)


def test_end_of_input_forfeits_the_turn() -> None:
    answer, _ = ask("")
    assert answer == Forfeit("the person ended the input")


def test_ctrl_c_propagates() -> None:
    class Interrupted(io.StringIO):
        def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # typeshed: StringIO's bases disagree
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        HumanAgent(reader=Interrupted(), writer=io.StringIO()).answer([question()])


def test_what_others_say_cannot_drive_the_terminal() -> None:
    _, screen = ask("1\n", question("player_1 said: \x1b[2J\x1b]0;owned\x07 [bold]hi[/bold] [link=http://x]x[/link]"))
    assert "\x1b" not in screen
    assert "\x07" not in screen
    assert "[bold]hi[/bold]" in screen.replace("\n", " ")


def test_a_person_can_play_a_whole_game(guess: Arena) -> None:
    screen = io.StringIO()
    person = HumanAgent(reader=io.StringIO("seven\n3\n?\n4\n"), writer=screen)
    episode = play_game(guess, {"guesser_0": person}, 0, config=guess.configure(players=1, rounds=3))
    turns = [turn for step in episode.steps for turn in step.turns]
    assert [(turn.by, turn.reply) for turn in turns] == [("seat", "3"), ("seat", "4"), ("forfeit", "")]
    assert "Your reply was not accepted: say one number" in screen.getvalue()
