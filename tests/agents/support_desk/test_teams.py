"""Whole calls: the expert keeps the rules and mends what is wrong, the novice errs as it should, habits earn naught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import desk_habits
import pytest

from lanista.agents import registry
from lanista.agents.contract import Agent, Answer, Question
from lanista.agents.support_desk.expert import DeskExpert
from lanista.agents.support_desk.novice import DeskNovice
from lanista.arenas import Game, get
from lanista.arenas.core.episode import Episode
from lanista.arenas.support_desk.faults import BIT, CLAIMS
from lanista.play.degenerate import AGENTS
from lanista.play.runner import GameSpec, play, play_game
from lanista.play.session import histories, question
from lanista.stats import paired_difference

CONFIGS: dict[str, dict[str, Any]] = {
    "easy": {},
    "difficult": {"cooperation": "difficult"},
    "clumsy": {"error_rate": 0.3},
    "conflicts": {"topic": "billing", "conflicts": True},
    "two": {"faults": 2, "distractors": 2},
    "two masked": {"faults": 2, "masking": True},
    "three": {"faults": 3},
    "three masked": {"faults": 3, "masking": True, "cooperation": "mixed"},
    "test": {"split": "test", "faults": 2},
}


def calls(agent: Agent, seeds: Iterable[int], **config: Any) -> list[Episode]:
    """One episode per seed with the agent in every seat."""
    arena = get("support_desk")
    made = arena.configure(**config)
    seating = dict.fromkeys(arena.rules.seats(made), agent)
    played: dict[int, Episode] = {}
    play(
        (GameSpec(id=str(seed), arena=arena, seed=seed, seating=seating, config=made) for seed in seeds),
        on_game=lambda spec, game: played.update({spec.seed: game.episode()}),
    )
    return [played[seed] for seed in sorted(played)]


def facts(episodes: list[Episode], name: str) -> list[float]:
    return [float(e.outcome.facts[name]) for e in episodes if e.outcome is not None]


def scores(episodes: list[Episode]) -> list[float]:
    return [e.outcome.scores["desk"] for e in episodes if e.outcome is not None]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_the_expert_breaks_no_rule_and_makes_no_error(config: dict[str, Any]) -> None:
    episodes = calls(DeskExpert(), range(40), **config)
    for episode in episodes:
        assert all(turn.by == "seat" and not turn.attempts for step in episode.steps for turn in step.turns)
    assert sum(facts(episodes, "violations")) == 0
    assert sum(facts(episodes, "errors")) == 0
    assert mean(scores(episodes)) > 0.95
    terms = Counter(term.name for episode in episodes for step in episode.steps for term in step.terms)
    assert not terms["wrong_change"]
    assert mean(facts(episodes, "ticket")) > 0.97


@pytest.mark.parametrize("cases", [100, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("team", [*desk_habits.TEAMS, *AGENTS], ids=lambda team: team.name)
def test_teams_without_judgement_stay_under_half_the_stated_bound(team: Agent, cases: int) -> None:
    """The bound is for scripts made for each complaint; one habit for all of them is worth less."""
    bound = get("support_desk").degenerate_bound
    assert bound is not None
    assert mean(scores(calls(team, range(cases)))) <= bound / 2


@pytest.mark.slow
def test_the_expert_stays_over_its_stated_bound_on_500_cases() -> None:
    for config in CONFIGS.values():
        assert mean(scores(calls(DeskExpert(), range(500), **config))) > 0.95


def test_the_novice_stands_between() -> None:
    seeds = range(150)
    novice, expert = calls(DeskNovice(), seeds), calls(DeskExpert(), seeds)
    resolved = mean(facts(novice, "resolved"))
    assert 0.2 < resolved < 0.45
    gap = paired_difference(facts(novice, "resolved"), facts(expert, "resolved"), list(seeds))
    assert gap.low > 0.5
    terms = Counter(term.name for episode in novice for step in episode.steps for term in step.terms)
    for mistake in ("irrelevant", "policy_violation", "premature_escalation", "misrouted", "bad_call"):
        assert terms[mistake] > 5, f"a novice without {mistake} teaches nothing about it"
    refused = sum(len(turn.attempts) for episode in novice for step in episode.steps for turn in step.turns)
    assert refused > 3  # replies that are no call
    replies = [turn.reply for episode in [*novice, *expert] for step in episode.steps for turn in step.turns]
    assert max(map(len, replies)) < 180


def _slow_line(episodes: list[Episode]) -> list[Episode]:
    """Calls that begin like the golden transcript: slow for days, rebooted already, a noisy line behind it."""
    return [
        episode
        for episode in episodes
        if episode.outcome is not None
        and episode.outcome.facts["faults"] == ["line_noise"]
        and any(event.kind == "complaint" and event.data["rebooted"] for event, _ in episode.opening)
    ]


def test_on_the_golden_call_the_expert_never_asks_for_a_third_reboot() -> None:
    seeds = range(700)
    reboots = 'instruct {"step": "reboot"}'
    expert = _slow_line(calls(DeskExpert(), seeds, topic="technical"))
    assert len(expert) > 8
    for episode in expert:
        actions = [turn.action for step in episode.steps for turn in step.turns]
        assert reboots not in actions
        assert actions[-2] == 'escalate {"to": "technician"}'
        assert episode.outcome is not None
        assert episode.outcome.facts["resolved"]
    wanted = {episode.seed for episode in expert}
    novice = calls(DeskNovice(), wanted, topic="technical")
    punished = [
        step
        for episode in novice
        for step in episode.steps
        if step.turns[0].action == reboots and any(term.name == "irrelevant" for term in step.terms)
    ]
    assert punished


def test_a_lie_about_the_reboot_is_found_out() -> None:
    # The modem hangs and the customer says that they rebooted it: only its uptime tells, and only then they do it
    found = 0
    for episode in calls(DeskExpert(), range(400), topic="technical", cooperation="difficult"):
        assert episode.outcome is not None
        if episode.outcome.facts["faults"] != ["hung_modem"] or not _lied(episode):
            continue
        found += 1
        actions = [turn.action for step in episode.steps for turn in step.turns]
        assert actions.index("modem_status {}") < len(actions) - 1 - actions[::-1].index('instruct {"step": "reboot"}')
        assert episode.outcome.facts["resolved"]
    assert found > 3


def _lied(episode: Episode) -> bool:
    arena = get("support_desk")
    truth = arena.rules.deal(episode.seed, arena.configure(**episode.config)).case.truth
    return bool(truth & CLAIMS and truth & BIT["hung_modem"])


class _Doubled:
    """Asks an agent twice, the second time without anything that it could have kept, and compares."""

    time_limit_s = None
    batched = False

    def __init__(self, kind: type[Any]) -> None:
        self.name, self._kind, self._agent = kind.name, kind, kind()

    def answer(self, questions: list[Question]) -> list[Answer]:
        first = [a.text for a in self._agent.answer(questions)]
        again = [a.text for a in self._kind().answer([replace(q, game="another") for q in questions])]
        assert first == again
        return [Answer(text) for text in first]

    def forget(self, game: str) -> None:
        self._agent.forget(game)

    def close(self) -> None:
        self._agent.close()


@pytest.mark.parametrize("kind", [DeskExpert, DeskNovice])
def test_no_team_needs_a_memory(kind: type[Any]) -> None:
    for episode in calls(_Doubled(kind), range(10), faults=2):  # type: ignore[arg-type]
        assert not any(turn.by == "forfeit" for step in episode.steps for turn in step.turns)


@pytest.mark.parametrize("kind", [DeskExpert, DeskNovice])
def test_a_copy_of_a_call_goes_on_the_same(kind: type[Any]) -> None:
    arena, agent = get("support_desk"), kind()
    config = arena.configure(faults=2)
    whole = play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), 3, config=config)
    game = Game(arena, 3, config)
    for step in whole.steps[:5]:
        for turn in step.turns:
            for reply, _ in turn.attempts:
                game.submit(turn.seat, reply)
            game.submit(turn.seat, turn.reply)
    twin = Game.from_json(game.to_json(), arena)
    (seat,) = twin.to_act()
    spec = GameSpec(id="twin", arena=arena, seed=3, seating={}, config=config)
    put = question(twin, seat, spec, histories(twin)[seat])
    asked = whole.steps[5].turns[0]
    assert seat == asked.seat
    assert agent.answer([put])[0].text == (asked.attempts[0][0] if asked.attempts else asked.reply)


def test_a_customer_who_is_a_seat_is_answered_for() -> None:
    episodes = calls(DeskExpert(), range(30), customer="seat")
    assert mean(facts(episodes, "resolved")) > 0.95
    assert {seat for episode in episodes for seat in episode.players} >= {"customer_0"}


@pytest.mark.parametrize("kind", [DeskExpert, DeskNovice])
def test_at_a_table_that_is_no_desk_they_reply_legally(kind: type[Any]) -> None:
    arena = get("werewolf")
    config = arena.configure(players=5)
    episode = play_game(arena, dict.fromkeys(arena.rules.seats(config), kind()), 1, config=config)
    assert {turn.by for step in episode.steps for turn in step.turns} == {"seat"}


@pytest.mark.parametrize("name", ["desk_novice", "desk_expert"])
def test_they_come_in_by_name(name: str) -> None:
    assert registry.make(name).name == name
