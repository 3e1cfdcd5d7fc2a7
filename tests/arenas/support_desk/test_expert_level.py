"""The expert level: options that go together, cases that are proven, laws that hold, notes that have to be written."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Iterable
from typing import Any

import pytest

from lanista.agents import registry
from lanista.agents.contract import Answer
from lanista.agents.support_desk import printed
from lanista.arenas import Game, config_json, get
from lanista.arenas.core import conformance
from lanista.arenas.support_desk import Config, arguing, articles, cases, judge, line, planner, state, systems, voices
from lanista.arenas.support_desk.belief import may_break, untold_sets
from lanista.arenas.support_desk.faults import ALL, BIT, LATE, READINGS, observe
from lanista.arenas.support_desk.house import House
from lanista.arenas.support_desk.levels import AGAIN_PATIENCE, AGAIN_SHARE, NEEDS, PLAIN, Options
from lanista.arenas.support_desk.phrases import ANSWERS
from lanista.errors import UsageError
from lanista.play.degenerate import AGENTS
from lanista.play.runner import GameSpec, play
from lanista.play.session import question

ARENA = get("support_desk")
EXPERT = ARENA.configure(level="expert")
LAWS = [law for law in conformance.LAWS if law != "pettingzoo"]
ALONE: list[dict[str, Any]] = [
    {
        name: True,
        **({"faults": 3, "horizon": 40} if "untold" in (name, NEEDS.get(name)) else {}),
        **({NEEDS[name]: True} if name in NEEDS else {}),
    }
    for name in Options._fields
]
"""Every option by itself, or with the one that it needs, on the standard game."""


def test_the_standard_game_is_recorded_as_it_was() -> None:
    assert Config().hard == PLAIN
    assert not {"level", *Options._fields} & set(config_json(Config()))
    assert config_json(EXPERT)["level"] == "expert"
    assert ARENA.configure(**config_json(EXPERT)) == EXPERT


def test_the_expert_level_has_every_option_and_gives_each_up_by_name() -> None:
    assert all(EXPERT.hard)
    for name in Options._fields:
        hard = ARENA.configure(level="expert", **{name: False}).hard
        assert {each for each in Options._fields if not getattr(hard, each)} == {
            name,
            *(needing for needing, needed in NEEDS.items() if needed == name),
        }


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"level": "exprt"}, "unknown level 'exprt'; did you mean 'expert'"),
        ({"level": "expert", "brief": "short"}, "brief is full with level expert"),
        ({"notes": True, "customer": "seat"}, "customer is world with notes"),
        ({"level": "expert", "masking": True}, "masking is drawn where the number of causes is untold"),
        ({"untold": True}, "untold needs two causes or more"),
        ({"notes": "yes"}, "notes is true or false, or left out for what the level says, not 'yes'"),
        ({"limits": True}, "limits needs raw: set raw to true, or leave limits out"),
        ({"level": "expert", "horizon": 20}, "horizon is a whole number from 32 to 200, not 20"),
    ],
    ids=str,
)
def test_contradictions_are_one_line(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        ARENA.configure(**keys)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "law", [pytest.param(law, marks=pytest.mark.slow) if law == "shotgun" else law for law in LAWS]
)
def test_every_law_at_the_expert_level(law: str) -> None:
    conformance.LAWS[law](ARENA, 4 if law == "privacy" else 2, 50, level="expert")


@pytest.mark.slow
def test_privacy_over_many_cases_at_the_expert_level() -> None:
    conformance.privacy(ARENA, 60, 20_000, level="expert")


@pytest.mark.slow
@pytest.mark.parametrize("keys", ALONE, ids=str)
@pytest.mark.parametrize("law", ["privacy", "charges", "limits", "any_reply", "determinism"])
def test_laws_with_each_option_alone(law: str, keys: dict[str, Any]) -> None:
    conformance.LAWS[law](ARENA, 6 if law == "privacy" else 2, 70, **keys)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_expert_cases_are_proven(split: str) -> None:
    config = ARENA.configure(level="expert", split=split)
    for seed in range(8):
        assert planner.prove(ARENA, seed, config)[-1][0] == "summarizer_0"


@pytest.mark.slow
def test_many_expert_cases_are_proven_and_the_bounds_hold_on_many() -> None:
    for seed in range(300):
        planner.prove(ARENA, 7000 + seed, EXPERT)
    reader, expert = (mean_score(seated_at(range(300), name)) for name in ("desk_reader", "desk_expert"))
    assert reader <= 0.6
    assert expert >= 0.95


@pytest.mark.parametrize("keys", ALONE, ids=str)
def test_cases_with_one_option_are_proven(keys: dict[str, Any]) -> None:
    config = ARENA.configure(**keys)
    for seed in range(5):
        planner.prove(ARENA, seed, config)


def test_the_number_of_causes_varies_and_no_text_of_the_opening_tells_it() -> None:
    dealt = [cases.deal(seed, EXPERT)[0] for seed in range(120)]
    numbers = [len(case.remedies) for case in dealt]
    assert {1, 2, 3} == set(numbers)
    assert min(map(numbers.count, (1, 2, 3))) > 5
    briefs = {Game(ARENA, seed, EXPERT).text("router_0").split("\n")[0] for seed in range(20)}
    assert len(briefs) == 1


def test_cases_are_made_and_proven_fast_enough() -> None:
    """A tenth of what benchmarks/support_desk_speed.py measures is asked of a loaded machine."""
    started = time.process_time()
    for seed in range(60):
        cases.deal(seed, EXPERT)
    assert time.process_time() - started < 60 / 20


# raw: readings as the systems print them


@pytest.mark.parametrize("test", READINGS)
def test_what_is_printed_means_the_outcome_and_says_the_numbers(test: str) -> None:
    """The expert's manual and the printing agree for every outcome, account and noise; no line names the outcome."""
    rng = random.Random(1)
    outcomes = {observe(test, truth, gone) for truth in untold_sets(3, "any") for gone in (0, BIT["hung_modem"])}
    outcomes |= {"up_days"} if test == "modem_status" else set()
    assert len(outcomes) > 1
    for outcome in outcomes:
        for moment in range(40):
            context = cases.deal(moment, EXPERT)[0].context
            changes: dict[str, Any] = {
                "refund_days": 1 + rng.randrange(120),
                "months": rng.randrange(60),
                "waived": rng.randrange(4),
            }
            billed = rng.choice([plan for plan in cases.PLANS if plan != context.plan])
            context = context._replace(**changes, billed=billed)
            lines = systems.printed(test, outcome, context, rng.getrandbits(64), moment, None)
            said, numbers = printed.read(test, lines)
            assert said == outcome, lines
            for name, value in numbers.items():
                known = {**context._asdict(), "ordered": context.plan, "extra_eur": context.fee_eur}
                if name not in ("due_eur", "billed", "credited"):
                    assert value == known[name], (name, lines)
            if "_" in outcome:
                assert outcome not in " ".join(lines)


def test_two_printings_of_one_outcome_differ() -> None:
    context = cases.deal(0, EXPERT)[0].context
    texts = {tuple(systems.printed("line_test", "noisy", context, key, 0, None)) for key in range(50)}
    assert len(texts) > 40


# voices: customers as they speak


def test_openings_are_diverse() -> None:
    """No opening twice, and two of the same trouble share under a tenth of their three-word runs on average."""
    states = [ARENA.rules.deal(seed, EXPERT) for seed in range(300)]
    texts = [line.first_words(state) for state in states]
    assert len(set(texts)) == len(texts)
    for symptom in voices.WRONG:
        runs = [_runs(text) for text, state in zip(texts, states, strict=True) if state.case.complaint == symptom]
        if len(runs) < 10:
            continue
        shared = [len(a & b) / len(a | b) for a, b in itertools.combinations(runs, 2)]
        assert sum(shared) / len(shared) < 0.1, symptom


def _runs(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return set(zip(words, words[1:], words[2:], strict=False))


def test_openings_mean_what_they_should_and_nothing_else() -> None:
    for seed in range(300):
        state = ARENA.rules.deal(seed, EXPERT)
        case = state.case
        symptom, claimed, troubles = voices.meant(line.first_words(state))
        assert (symptom, claimed) == (case.complaint, case.mentions_reboot)
        said = tuple(observe("anything_else", case.truth, 0).split("+")) if case.manner.tells_all else None
        assert troubles == said


def test_no_saying_means_two_things_and_every_answer_is_understood() -> None:
    for asked, outcomes in ANSWERS.items():
        for a, b in itertools.combinations(outcomes, 2):
            assert not set(voices.sayings(asked, a)) & set(voices.sayings(asked, b)), (asked, a, b)
        for outcome in (*outcomes, *(["internet+mobile+bill"] if asked == "anything_else" else [])):
            texts = {voices.answer(key, 0, asked, outcome, 250, 2) for key in range(60)}
            assert len(texts) > 20
            assert {voices.answered(asked, text) for text in texts} == {outcome}, asked


def test_what_a_customer_believes_says_nothing_of_the_cause() -> None:
    right = total = 0
    for seed in range(600):
        case, _ = cases.deal(seed, EXPERT)
        if case.manner.belief is not None and case.complaint in ("no_internet", "slow_internet"):
            total += 1
            right += bool(case.truth & BIT[case.manner.belief])
    assert total > 150
    assert right / total < 0.5


# limits: rules that hang together


def seated_at(seeds: Iterable[int], agent: str, **keys: Any) -> list[Game]:
    """The games that an agent plays in every seat."""
    config = ARENA.configure(**{"level": "expert", **keys})
    seating = dict.fromkeys(ARENA.rules.seats(config), registry.make(agent))
    played: list[Game] = []
    play(
        (GameSpec(id=str(s), arena=ARENA, seed=s, seating=seating, config=config) for s in seeds),
        on_game=lambda _, game: played.append(game),
    )
    return sorted(played, key=lambda game: game.seed)


def mean_score(games: list[Game]) -> float:
    return sum(game.outcome.scores["desk"] for game in games if game.outcome is not None) / len(games)


def credit_case(opened: Any, *faults: str, months: int = 20, credits_: tuple[tuple[int, int], ...] = ()) -> Any:
    """A billing call under the house's rule of 10, 30 and 60 EUR; the charge is 24 EUR, the late fee 7."""
    table = opened(
        *faults, context={"months": months}, raw=True, limits=True, faults=len(faults), masking=len(faults) > 1
    )
    case = table.state.case
    rules = House((10, 30, 60), 17 * 60)
    manner = case.manner._replace(start=16 * 60, credits=credits_)
    built = cases.build(case.config, case.truth, False, case.params, case.context, 30, manner=manner, house=rules)
    table.state = state.begin(built, 7)
    return table.say('route {"to": "billing"}', 'verify {"factor": "pin"}', "invoices {}", "charge_detail {}")


REFUND = 'refund {"charge": "C2", "amount": 24}'


def test_credits_fit_by_tenure_and_by_month(opened: Any) -> None:
    """24 + 7 EUR under a limit of 30: neither is granted. Of 24 alone after 5 EUR 10 days ago, 29 fit; after 7, none.
    What was credited over 30 days ago does not count, and under 12 months with us 24 EUR are too much."""

    def ends(table: Any) -> set[str]:
        return {remedy.how for remedy in table.state.case.remedies.values()}

    assert ends(credit_case(opened, "double_charge", "late_fee")) == {"human"}
    assert ends(credit_case(opened, "double_charge", "late_fee", months=36)) == {"write"}
    assert ends(credit_case(opened, "double_charge", credits_=((10, 5),))) == {"write"}
    assert ends(credit_case(opened, "double_charge", credits_=((10, 7),))) == {"human"}
    assert ends(credit_case(opened, "double_charge", credits_=((31, 7),))) == {"write"}
    assert ends(credit_case(opened, "double_charge", months=11)) == {"human"}


def test_a_credit_is_granted_on_readings_and_once_under_the_limit(opened: Any) -> None:
    table = credit_case(opened, "double_charge").say(REFUND)
    assert table.state.rules_broken == 1  # neither tenure nor earlier credits were read
    table = credit_case(opened, "double_charge").say("contract {}", "account {}", REFUND)
    assert table.state.rules_broken == 0
    table = credit_case(opened, "double_charge", "late_fee").say("contract {}", "account {}", REFUND)
    assert table.state.rules_broken == 0  # 24 of 30 by itself
    assert table.terms["wrong_change"] == 1  # but 31 were due, so none was
    assert table.say("waive_fee {}").state.rules_broken == 1


def test_a_technician_comes_until_the_hour_and_a_human_after_it(opened: Any) -> None:
    for start, to, broken in ((16 * 60, "technician", 0), (16 * 60 + 59, "technician", 1), (16 * 60 + 59, "human", 0)):
        table = opened("line_noise", raw=True, limits=True)
        case = table.state.case
        manner, rules = case.manner._replace(start=start), House((10, 30, 60), 17 * 60)
        built = cases.build(case.config, case.truth, False, case.params, case.context, 30, manner=manner, house=rules)
        table.state = state.begin(built, 7)
        table.say(
            'route {"to": "technical"}', "line_test {}", 'explain {"cause": "line_noise"}', f'escalate {{"to": "{to}"}}'
        )
        assert table.state.rules_broken == broken
        table.say(f'ticket {{"causes": ["line_noise"], "end": "{to}", "identity": false, "changes": []}}')
        assert table.grade.resolved == (not broken)


def test_the_clock_is_in_every_event_of_the_holder(opened: Any) -> None:
    table = opened("line_noise", raw=True, limits=True).say('route {"to": "technical"}')
    assert [event.data.get("at") for event in table.events if event.kind == "handover"] == ["00:03"]
    assert table.say("line_test {}").last.data["at"] == "00:06"
    assert table.words.show(table.last).startswith("[00:06] line_test:")


# late: an outage begins during the call


def late_call(opened: Any) -> Any:
    table = opened("double_charge", "outage", flags=LATE, untold=True, late=True, faults=3, horizon=40)
    case = table.state.case
    table.state = table.state._replace(case=case._replace(manner=case.manner._replace(breaks=3)))
    return table


def test_an_outage_that_begins_during_the_call_is_none_before_and_a_cause_then(opened: Any) -> None:
    table = late_call(opened).say('route {"to": "billing"}', 'verify {"factor": "pin"}')
    assert observe("internet", table.state.case.truth, table.state.gone) == "ok"
    assert judge.grade(table.state).goal == 0
    table.say("invoices {}")
    assert table.kinds() == ["reading", "interrupts", "world"]
    assert table.events[1].to == ("billing_0",)
    table.say('refund {"charge": "C2", "amount": 24}', 'explain {"cause": "double_charge"}')
    assert judge.grade(table.state).goal == 0.5
    table.say(
        'handover {"to": "technical"}', "outage_map {}", 'explain {"cause": "outage", "until": "18:00"}', "close {}"
    )
    changed = '"changes": ["refund"], "causes": ["double_charge", "outage"]'
    assert table.say(f'ticket {{"end": "closed", "identity": true, {changed}}}').grade.resolved


def test_a_call_that_is_over_before_the_outage_has_none(opened: Any) -> None:
    table = late_call(opened).say('route {"to": "technical"}', 'explain {"cause": "outage", "until": "18:00"}')
    assert table.terms["misinformed"] == 1  # two decisions in there is none
    dealt = [cases.deal(seed, EXPERT)[0] for seed in range(400)]
    able = [case for case in dealt if may_break(case.truth & ALL & ~(BIT["outage"] if case.truth & LATE else 0), 3)]
    late = sum(bool(case.truth & LATE) for case in able)
    assert 0.15 < late / len(able) < 0.35


# haggling and doubts: reasons


def arguing_call(opened: Any, *faults: str, refuses: Iterable[str] = (), belief: str | None = None, **keys: Any) -> Any:
    table = opened(*faults, voices=True, haggling=True, doubts=True, **keys)
    case = table.state.case
    manner = case.manner._replace(refuses=frozenset(refuses), belief=belief)
    table.state = table.state._replace(case=case._replace(manner=manner))
    return table


def test_a_step_that_is_refused_is_done_for_a_reason_that_holds(opened: Any) -> None:
    table = arguing_call(opened, "hung_modem", refuses=["reboot"]).say('route {"to": "technical"}')
    reboot, patience = 'instruct {"step": "reboot"}', table.state.patience
    assert table.say(reboot).kinds() == ["declined"]
    assert table.say('reason {"for": "reboot", "shown": "lights"}').kinds() == ["unmoved"]  # nobody has asked
    assert table.state.patience == patience - 1 - arguing.UNMOVED_PATIENCE
    table.say('ask {"question": "lights"}', 'reason {"for": "reboot", "shown": "lights"}')
    assert table.kinds() == ["persuaded"]
    assert table.say(reboot).kinds() == ["did", "world"]


def test_a_belief_is_given_up_once_and_only_for_evidence(opened: Any) -> None:
    table = arguing_call(opened, "line_noise", belief="wifi_channel").say(
        'route {"to": "technical"}', "modem_config {}"
    )
    told = 'explain {"cause": "line_noise"}'
    assert table.say("line_test {}", told).kinds() == ["disputes"]
    assert not table.state.told
    assert table.say('reason {"for": "line_noise", "shown": "modem_config"}').kinds() == ["unmoved"]  # as ever
    assert table.say('reason {"for": "line_noise", "shown": "line_test"}', told).kinds() == ["explained"]
    assert table.state.told == BIT["line_noise"]


def test_what_a_rule_forbids_is_asked_for_and_refused_with_that_rule(opened: Any) -> None:
    table = arguing_call(opened, "late_fee", context={"waived": 1}).say(
        'route {"to": "billing"}', 'verify {"factor": "pin"}'
    )
    told = 'explain {"cause": "late_fee"}'
    assert table.say(told).kinds() == ["demands"]
    assert table.say('reason {"for": "waive_fee", "rule": "waiver"}').kinds() == ["unmoved"]  # nothing was read
    table.say("charge_detail {}")
    assert table.say('reason {"for": "waive_fee", "rule": "refund"}').kinds() == ["unmoved"]
    assert table.say('reason {"for": "waive_fee", "rule": "waiver"}', told).kinds() == ["explained"]
    table.say("close {}", 'ticket {"causes": ["late_fee"], "end": "closed", "identity": true, "changes": []}')
    assert table.grade.resolved


def test_what_was_granted_is_not_asked_for(opened: Any) -> None:
    table = arguing_call(opened, "late_fee").say(
        'route {"to": "billing"}', 'verify {"factor": "pin"}', "charge_detail {}"
    )
    assert table.say("waive_fee {}", 'explain {"cause": "late_fee"}').kinds() == ["explained"]


def test_a_false_explanation_is_found_out_by_what_the_customer_sees(opened: Any) -> None:
    table = arguing_call(opened, "line_noise").say('route {"to": "technical"}')
    patience = table.state.patience
    assert table.say('explain {"cause": "hung_modem"}').kinds() == ["doubts"]  # the lights do not blink
    assert table.terms["misinformed"] == 1
    assert (table.state.wrong, table.state.patience) == (0, patience - arguing.DOUBT_PATIENCE)
    assert table.state.shown("lights") == "green"
    assert table.say('explain {"cause": "low_profile"}').kinds() == ["explained"]  # nothing to see of that
    assert table.state.wrong == BIT["low_profile"]


# The ladder


def test_the_reader_falls_short_and_the_expert_does_not() -> None:
    """Modest numbers of what benchmarks/ladder.py measures: at most 60% and at least 95%, with room for chance."""
    reader, expert = (mean_score(seated_at(range(5000, 5060), name)) for name in ("desk_reader", "desk_expert"))
    assert reader <= 0.6
    assert expert >= 0.95
    assert mean_score(seated_at(range(25), "desk_novice")) <= 0.2


def test_a_team_that_writes_nothing_resolves_nothing() -> None:
    """The expert's own calls without their notes: the bound is a tenth, of cases whose ticket can be guessed."""
    scores = []
    for game in seated_at(range(12), "desk_expert"):
        twin = Game(ARENA, game.seed, game.config)
        agent = registry.make("desk_expert")
        while not twin.over:
            (seat,) = twin.to_act()
            put = question(twin, seat, GameSpec(id="t", arena=ARENA, seed=game.seed, seating={}), ())
            (said,) = agent.answer([put])
            assert isinstance(said, Answer)
            name, _, arguments = said.text.partition(" ")
            kept = {key: value for key, value in json.loads(arguments).items() if key != "note"}
            twin.submit(seat, f"{name} {json.dumps(kept)}")
        assert twin.outcome is not None
        scores.append(twin.outcome.scores["desk"])
    assert sum(scores) / len(scores) <= 0.1


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_no_judgement_no_score_at_the_expert_level(agent: Any) -> None:
    seating = dict.fromkeys(ARENA.rules.seats(EXPERT), agent)
    played: list[Game] = []
    specs = (GameSpec(id=str(s), arena=ARENA, seed=s, seating=seating, config=EXPERT) for s in range(30))
    play(specs, on_game=lambda _, game: played.append(game))
    assert mean_score(played) <= 0.05


# impostors


def test_three_wrong_answers_make_a_stranger_and_the_right_end_is_a_human(opened: Any) -> None:
    table = opened("late_fee", voices=True, impostors=True)
    case = table.state.case
    built = cases.build(
        case.config, case.truth, False, case.params, case.context, 30, manner=cases.Manner(impostor="pin")
    )
    table.state = state.begin(built, 7)
    table.say('route {"to": "billing"}', *['verify {"factor": "pin"}'] * 2, 'verify {"factor": "postcode"}')
    assert (table.last.data["ok"], table.state.stranger) == (True, False)
    early = type(table)(table.state).say('escalate {"to": "human"}')
    assert (early.state.rules_broken, early.terms["premature_escalation"]) == (1, 1)
    table.say('verify {"factor": "pin"}')
    assert table.last.data["said"] in voices.EXCUSES
    assert table.say('escalate {"to": "human"}').terms["appropriate_escalation"] == 1
    table.say('ticket {"causes": [], "end": "human", "identity": false, "changes": []}')
    assert table.grade.resolved


def test_a_customer_never_errs_so_often_that_they_are_a_stranger() -> None:
    strangers = customers = 0
    for game in seated_at(range(60), "desk_expert", error_rate=0.5):
        strangers += game.state.case.manner.impostor is not None
        customers += game.state.case.manner.impostor is None and bool(game.state.failed)
        assert not game.state.stranger or game.state.case.manner.impostor is not None
    assert strangers > 1
    assert customers > 10


def test_a_document_reads_the_same_twice_and_a_measurement_does_not(opened: Any) -> None:
    table = opened("line_noise", "proration", raw=True, faults=2).say('route {"to": "technical"}')
    one, two = (table.say("line_test {}").last.data["lines"] for _ in range(2))
    assert one != two
    one, two = (table.say("modem_config {}").last.data["lines"] for _ in range(2))
    assert one == two


# articles: what holds, what held, and what never did


@pytest.mark.parametrize(("test", "topic"), [("line_test", "line"), ("modem_config", "firmware")])
def test_the_latest_released_article_tells_what_a_reading_means_and_the_others_mislead(test: str, topic: str) -> None:
    outcomes = ("noisy", "clean", "capped") if test == "line_test" else ("old_firmware", "standard", "crowded_channel")
    misled = {"old": 0, "latest": 0}
    for seed in range(60):
        started = ARENA.rules.deal(seed, EXPERT)
        told = articles.found(started, topic)["articles"]
        right = printed.that_holds(told)
        by_date = sorted(told, key=lambda each: each["date"])
        for outcome in outcomes:
            lines = systems.printed(test, outcome, started.case.context, seed, 0, started.case.values)
            assert printed.topic(test, lines) == topic
            assert printed.read(test, lines, {topic: right})[0] == outcome
            misled["old"] += printed.read(test, lines, {topic: by_date[0]["says"]})[0] != outcome
            misled["latest"] += printed.read(test, lines, {topic: by_date[-1]["says"]})[0] != outcome
        assert by_date[-1]["status"] != articles.RELEASED
    assert min(misled.values()) >= 30
    assert (
        len(
            {
                tuple(each["says"] for each in articles.found(ARENA.rules.deal(s, EXPERT), topic)["articles"])
                for s in range(40)
            }
        )
        > 8
    )


# callbacks


def test_a_case_that_was_closed_too_early_comes_back_once_and_is_worth_less(opened: Any) -> None:
    table = opened("low_profile", "sim_inactive", notes=True, callbacks=True, faults=2)
    table.say('route {"to": "technical"}', "line_test {}", 'verify {"factor": "pin"}', "reset_profile {}")
    table.say('explain {"cause": "low_profile"}', 'close {"note": "all done"}')
    assert table.kinds() == ["returns", "casefile"]
    assert voices.mentions(table.last.data["said"], "mobile")
    assert not voices.mentions(table.last.data["said"], "internet")
    assert table.events[1].data["notes"] == [{"by": "technical", "text": "all done"}]
    assert (table.state.holder, table.state.patience) == ("router", AGAIN_PATIENCE)
    table.say('route {"to": "technical"}', "sim_status {}", "provision_sim {}", 'explain {"cause": "sim_inactive"}')
    done = '"changes": ["reset_profile", "provision_sim"], "causes": ["low_profile", "sim_inactive"]'
    table.say("close {}", f'ticket {{"end": "closed", "identity": true, {done}}}')
    assert (table.grade.resolved, table.grade.score) == (True, AGAIN_SHARE)


def test_a_case_is_closed_for_good_the_second_time(opened: Any) -> None:
    table = opened("low_profile", notes=True, callbacks=True).say("close {}", "close {}")
    assert table.kinds() == ["ended", "casefile"]
