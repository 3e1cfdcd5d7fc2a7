"""The generator: splits that share nothing, conflicts that are conflicts, and cases whose solution is proven."""

from __future__ import annotations

import itertools

import pytest

from lanista.arenas import get
from lanista.arenas.core.referee import Game
from lanista.arenas.core.tools import call
from lanista.arenas.support_desk import cases, planner, policy
from lanista.arenas.support_desk.config import Config
from lanista.arenas.support_desk.faults import ALL, BIT
from lanista.errors import LanistaError, UsageError

KINDS: tuple[dict[str, object], ...] = (
    {},
    {"split": "test", "cooperation": "difficult", "error_rate": 0.3, "distractors": 3},
    {"topic": "billing", "conflicts": True},
    {"faults": 2, "cooperation": "mixed", "split": "dev"},
    {"faults": 2, "masking": True, "cooperation": "difficult", "error_rate": 0.3},
    {"faults": 3, "conflicts": True},
    {"faults": 3, "masking": True, "cooperation": "mixed", "error_rate": 0.2, "split": "test"},
)


def every_config() -> list[Config]:
    """Every kind of case that a config can name."""
    found = []
    for split, topic, faults, masking, conflicts in itertools.product(
        ("train", "dev", "test"), ("any", "technical", "billing"), (1, 2, 3), (False, True), (False, True)
    ):
        try:
            config = Config(split=split, topic=topic, faults=faults, masking=masking, conflicts=conflicts, horizon=60)
        except UsageError:
            continue
        found.append(config)
    return found


def test_every_config_that_is_accepted_has_cases() -> None:
    configs = every_config()
    assert len(configs) > 30
    for config in configs:
        assert cases.combinations(config)
        assert cases.deal(0, config)[0].config == config


def test_splits_share_no_combination_and_no_policy() -> None:
    for a, b in itertools.combinations(policy.SPLITS, 2):
        assert not set(policy.vectors(a)) & set(policy.vectors(b))
        for faults, masking in ((1, False), (2, False), (2, True), (3, True)):
            mine, theirs = (
                cases.combinations(Config(split=s, faults=faults, masking=masking, horizon=60)) for s in (a, b)
            )
            assert not set(mine) & set(theirs)
            if faults > 1:  # sets of faults, whatever the account
                assert not {m[0] for m in mine} & {t[0] for t in theirs}


def test_every_single_fault_is_in_every_split() -> None:
    for split in policy.SPLITS:
        assert {mask for mask, _, _ in cases.combinations(Config(split=split))} == set(BIT.values())


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_dealt_case_is_of_its_split(kind: dict[str, object]) -> None:
    config = Config(**{"horizon": 60, **kind})  # type: ignore[arg-type]
    combinations, vectors = set(cases.combinations(config)), set(policy.vectors(config.split))
    for seed in range(30):
        case, _ = cases.deal(seed, config)
        assert (case.truth & ALL, case.context.access, case.context.plan) in combinations
        assert case.params in vectors
        assert case.truth.bit_count() >= config.faults


def test_a_conflict_forbids_what_the_customer_wants() -> None:
    for seed in range(60):
        with_, _ = cases.deal(seed, Config(topic="billing", conflicts=True))
        without, _ = cases.deal(seed, Config(topic="billing"))
        assert {r.how for r in with_.remedies.values()} <= {"human", "explain"}
        for name, remedy in without.remedies.items():
            assert remedy.how == {"proration": "explain", "unknown_charge": "human"}.get(name, "write")


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_solutions_are_proven(kind: dict[str, object]) -> None:
    arena = get("support_desk")
    config = arena.configure(**{"horizon": 60, **kind})
    for seed in range(12):
        plan = planner.prove(arena, seed, config)
        assert plan[-1][0] == "summarizer_0"


def test_the_least_horizon_suffices() -> None:
    """Without errors of the customer, and with the worst rate of them."""
    arena = get("support_desk")
    for faults, rate in itertools.product((1, 2, 3), (0.0, 0.3)):
        config = arena.configure(
            faults=faults, masking=faults > 1, cooperation="mixed", error_rate=rate, horizon=8 + 8 * faults
        )
        for seed in range(15):
            plan = planner.solve(arena.rules.deal(seed, config))
            assert len(plan) <= config.horizon + 1


@pytest.mark.slow
@pytest.mark.parametrize("config", every_config(), ids=str)
def test_solutions_are_proven_for_every_kind(config: Config) -> None:
    arena = get("support_desk")
    for seed in range(1000, 1060):
        planner.prove(arena, seed, config)


def test_a_solution_with_a_needless_step_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    arena = get("support_desk")
    game = Game(arena, 0, arena.configure())
    plan = planner.solve(game.state)
    padded = (plan[0], (plan[1][0], call("wait")), *plan[1:])
    monkeypatch.setattr(planner, "solve", lambda state: padded)
    with pytest.raises(LanistaError, match=r"wait .* is not needed"):
        planner.prove(arena, 0, arena.configure())


def test_a_wrong_solution_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    arena = get("support_desk")
    plan = planner.solve(Game(arena, 0, arena.configure()).state)
    monkeypatch.setattr(planner, "solve", lambda state: plan[:-1])
    with pytest.raises(LanistaError, match="scores"):
        planner.prove(arena, 0, arena.configure())


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"split": "tset"}, "did you mean 'test'"),
        ({"topic": "mobile"}, "any, technical, billing"),
        ({"cooperation": "angry"}, "helpful, mixed, difficult"),
        ({"customer": "human"}, "world, seat"),
        ({"brief": "none"}, "full, short"),
        ({"faults": 0}, "1 to 3"),
        ({"faults": True}, "1 to 3"),
        ({"masking": True}, "two faults or more"),
        ({"masking": 1, "faults": 2}, "true or false"),
        ({"topic": "billing", "faults": 2}, "one bill"),
        ({"topic": "technical", "faults": 3}, "share a service"),
        ({"topic": "technical", "conflicts": True}, "about bills"),
        ({"error_rate": 0.6}, "0 to 0.5"),
        ({"error_rate": "often"}, "0 to 0.5"),
        ({"distractors": 4}, "0 to 3"),
        ({"horizon": 3}, "16 to 200"),
        ({"horizon": 20, "faults": 2}, "24 to 200"),
        ({"difficulty": 3}, "unknown config key"),
    ],
)
def test_impossible_configs_are_refused_in_one_line(values: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        get("support_desk").configure(**values)
    assert "\n" not in str(caught.value)
