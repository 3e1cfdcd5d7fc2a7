"""Whole games: replies are legal, no player needs a memory, nobody votes for itself, and strength is as claimed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lanista import arenas
from lanista.agents.contract import Agent, Answer, Question
from lanista.agents.random import RandomAgent
from lanista.agents.werewolf.bayes import BayesAgent
from lanista.agents.werewolf.crowd import CrowdAgent
from lanista.agents.werewolf.liar import LiarAgent
from lanista.agents.werewolf.speech import LINES, say
from lanista.agents.werewolf.talker import TalkerAgent
from lanista.arenas.core import chance
from lanista.arenas.werewolf.rulesets import RULESETS
from lanista.play.runner import GameSpec, play, play_game
from lanista.play.session import histories
from lanista.play.session import question as put
from lanista.stats import Interval, wilson

DECKS: list[dict[str, Any]] = [
    *({"players": n} for n in range(7, 13)),
    {"players": 5},
    {"players": 7, "roles": ()},
    {"players": 7, "roles": (), "first_phase": "day", "discussion_rounds": 0},
    {"players": 6, "wolves": 2, "roles": ("seer", "doctor", "witch", "hunter")},
    {"players": 8, "first_phase": "day", "discussion_rounds": 2, "reveal_on_death": False},
    {"players": 10, "roles": ("doctor", "witch"), "reveal_on_death": False},
    {"players": 11, "roles": ("hunter",), "discussion_rounds": 0},
    *({"ruleset": name} for name in RULESETS),
    {
        "players": 9,
        "roles": ("seer", "bodyguard", "possessed", "medium"),
        "reveal_on_death": False,
        **dict.fromkeys(("abstention", "last_words", "sequential_votes", "nomination", "mayor", "bidding"), True),
    },
]


class Spy:
    """Sits in front of another agent and keeps what it was asked and what it said."""

    time_limit_s: float | None = None
    batched = False

    def __init__(self, agent: Agent) -> None:
        self.agent, self.name = agent, agent.name
        self.seen: list[tuple[Question, str]] = []

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        answers = [answer for answer in self.agent.answer(questions) if isinstance(answer, Answer)]
        self.seen += zip(questions, [answer.text for answer in answers], strict=True)
        return answers

    def forget(self, game: str) -> None:
        self.agent.forget(game)

    def close(self) -> None:
        self.agent.close()


def reply(agent: Agent, question: Question) -> str:
    (answer,) = agent.answer([question])
    assert isinstance(answer, Answer)
    return answer.text


def table(config: Any, village: Agent, wolves: Agent, seed: int) -> GameSpec:
    arena = arenas.get("werewolf")
    pack = arena.rules.teams(arena.rules.deal(seed, config))["wolves"]
    seating = {seat: wolves if seat in pack else village for seat in arena.rules.seats(config)}
    return GameSpec(id=f"{village.name} {wolves.name} {seed}", arena=arena, seed=seed, config=config, seating=seating)


def village_rate(village: Agent, wolves: Agent, games: int, players: int = 9) -> Interval:
    config = arenas.get("werewolf").configure(players=players)
    won = []
    specs = (table(config, village, wolves, seed) for seed in range(games))
    play(specs, on_game=lambda _, game: won.append(game.outcome is not None and game.outcome.winner == "village"))
    return wilson(sum(won), games)


@pytest.mark.parametrize("deck", DECKS, ids=str)
def test_every_reply_is_legal(deck):
    # Mixed tables: whatever random players say, the scripted ones answer within the rules, in every role.
    arena = arenas.get("werewolf")
    config = arena.configure(**deck)
    makers = (BayesAgent, CrowdAgent, TalkerAgent, LiarAgent, RandomAgent)
    for seed in range(4):
        agents = [makers[chance.draw(seed, f"seat {i}", 0, 5)]() for i in range(config.players)]
        seating = dict(zip(arena.rules.seats(config), agents, strict=True))
        episode = play_game(arena, seating, seed, config=config)
        turns = [turn for step in episode.steps for turn in step.turns]
        assert all(turn.by == "seat" and not turn.attempts for turn in turns)
        for turn in turns:
            if turn.kind == "vote":
                assert turn.action != f"vote: {turn.seat}"


@pytest.mark.parametrize("side", ["village", "wolves"])
def test_large_sampled_decks_are_played(side):
    # Sixteen players, six wolves: 8,008 packs times ten seers is over the limit, so bayes samples.
    config = arenas.get("werewolf").configure(players=16, wolves=6, roles=("seer", "doctor"))
    pair: tuple[Agent, Agent] = (BayesAgent(), CrowdAgent()) if side == "village" else (CrowdAgent(), BayesAgent())
    refused: list[Any] = []
    play(
        [table(config, *pair, 3)],
        on_game=lambda _, game: refused.extend(t for s in game.steps for t in s.turns if t.by != "seat" or t.attempts),
    )
    assert not refused


@pytest.mark.parametrize("make", [BayesAgent, CrowdAgent, TalkerAgent, LiarAgent])
@pytest.mark.parametrize("deck", [{"players": 9}, {"players": 7, "reveal_on_death": False}], ids=str)
def test_a_fresh_agent_answers_the_same(make, deck):
    # What an agent keeps is a shortcut: rebuilt from nothing, in any order, under another game's id, it says the same.
    spy = Spy(make())
    config = arenas.get("werewolf").configure(**deck)
    play([table(config, spy, spy, seed) for seed in (1, 2)], on_game=lambda *_: None)
    assert len(spy.seen) > 40
    reused = make()
    for question, said in reversed(spy.seen[::3]):
        assert reply(make(), question) == said
        assert reply(reused, replace(question, game="one id for all")) == said


def test_a_forked_game_goes_on_the_same():
    # Forked in the middle and finished by agents that were not there, a game ends as it would have.
    spec = table(arenas.get("werewolf").configure(players=9), BayesAgent(), BayesAgent(), seed=7)
    forks, ends = [], []

    def on_turn(_: GameSpec, game: Any, __: str) -> None:
        if len(game.journal) == 25:
            forks.append(game.fork())

    play([spec], on_turn=on_turn, on_game=lambda _, game: ends.append(game))
    (fork,) = forks
    while not fork.over:
        for seat in fork.to_act():
            asked = put(fork, seat, spec, histories(fork)[seat])
            fork.submit(seat, reply(BayesAgent(), asked))
    assert [turn.reply for step in fork.steps for turn in step.turns] == [
        turn.reply for step in ends[0].steps for turn in step.turns
    ]
    assert fork.outcome == ends[0].outcome


def test_wolves_claim_to_be_the_seer_but_one_of_a_pack():
    spy = Spy(BayesAgent())
    config = arenas.get("werewolf").configure(players=9)
    packs = []
    for seed in range(12):
        spy.seen.clear()
        play([table(config, BayesAgent(), spy, seed)], on_game=lambda *_: None)
        packs.append({asked.seat for asked, said in spy.seen if asked.kind == "speech" and "\nreport: " in said})
    assert any(packs)
    assert all(len(claimants) <= 1 for claimants in packs)


def test_without_events_the_legal_replies_are_drawn_from():
    # In somebody else's environment there are no events; the players still answer legally.
    question = Question(
        game="g", seat="a", seed=1, arena="other", role="x", phase="", kind="vote", text="",
        legal=("up", "down"), legal_complete=True,
    )  # fmt: skip
    for make in (BayesAgent, CrowdAgent):
        assert reply(make(), question) in question.legal


def test_what_is_said_is_short_varied_and_no_act():
    words: set[str] = set()
    for mood, lines in LINES.items():
        for line in lines:
            assert len(line.split()) <= 12
            assert ":" not in line.split()[0]
            words |= {word.strip(".,:") for word in line.lower().split()}
        assert len(set(lines)) > 1, mood
    assert len(words) < 100
    rng = chance.stream(1, "test")
    assert say(rng, "report: player_3 werewolf").endswith("\nreport: player_3 werewolf")
    assert "player_3" in say(rng, "claim: player_3")


def test_a_seer_reports_what_it_found_and_nobody_else_does():
    # In a village of bayes every report is its seer's, and true.
    spy = Spy(BayesAgent())
    config = arenas.get("werewolf").configure(players=9)
    play([table(config, spy, CrowdAgent(), seed) for seed in range(8)], on_game=lambda *_: None)
    reports = 0
    for question, said in spy.seen:
        if question.kind == "speech" and "\nreport: " in said:
            target, finding = said.rpartition("report: ")[2].split()
            found = {e.data["target"]: e.data["finding"] for e in question.events if e.kind == "inspected"}
            assert question.role == "seer"
            assert found[target] == finding
            reports += 1
    assert reports >= 8


def test_bayes_finds_crowds_wolves_and_hides_from_a_crowd():
    # Small samples with wide gaps: the village of bayes against wolves of crowd wins about 0.95, that of crowd 0.35;
    # wolves of bayes hold a crowd village to about 0.2.
    bayes, crowd = BayesAgent(), CrowdAgent()
    assert village_rate(bayes, crowd, 40).low > village_rate(crowd, crowd, 100).high
    assert village_rate(crowd, bayes, 40).high < village_rate(bayes, crowd, 40).low


@pytest.mark.slow
@pytest.mark.parametrize("players", [7, 9])
def test_strength(players):
    # A clearly better village than both, at seven and nine. At nine also better wolves against a crowd, and wolves that
    # a village of bayes does not always see through; at seven wolves of bayes and of crowd are not told apart.
    bayes, crowd, random = BayesAgent(), CrowdAgent(), RandomAgent()
    rates = {(a.name, b.name): village_rate(a, b, 300, players) for a in (bayes, crowd, random) for b in (bayes, crowd)}
    for wolves in ("bayes", "crowd"):
        for village in ("crowd", "random"):
            assert rates["bayes", wolves].low > rates[village, wolves].high
    if players == 7:
        return
    assert rates["crowd", "bayes"].high < rates["crowd", "crowd"].value
    assert rates["bayes", "bayes"].high < rates["bayes", "crowd"].value
    assert rates["bayes", "bayes"].high < 0.95
