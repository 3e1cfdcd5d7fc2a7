"""The posterior: exact entropies by hand, an optimal questioner by exhaustive search, and what bisection is worth."""

from __future__ import annotations

import math
import random
from functools import cache

import pytest

from lanista.arenas import get
from lanista.arenas.support_desk import belief, cases
from lanista.arenas.support_desk.faults import BIT, TESTS, bits, observe

COMPLAINTS = ("no_internet", "slow_internet", "no_mobile", "high_bill")


def slow() -> belief.Space:
    return belief.space(1, False, "any", "helpful", "slow_internet")


def test_a_space_holds_the_faults_of_its_complaint() -> None:
    names = {"line_noise", "hung_modem", "low_profile", "throttled", "wifi_channel", "old_firmware"}
    assert {h & bits(*BIT) for h in slow().hypotheses} == {BIT[name] for name in names}
    assert slow().entropy(slow().everything) == pytest.approx(math.log2(6))


def test_entropy_sums_the_customers_flags_out() -> None:
    """Six equal faults; after "yes, I rebooted" from an honest customer it is not the hung modem: five are left."""
    left = slow().parts(slow().everything, "rebooted", 0)["yes"]
    assert slow().entropy(left) == pytest.approx(math.log2(5))


def test_a_lie_keeps_a_fault_open_at_its_rate() -> None:
    """Five faults claim a reboot half of the time, the hung modem a quarter: weights 1/2 (five times) and 1/4."""
    space = belief.space(1, False, "any", "mixed", "slow_internet")
    left = space.parts(space.everything, "rebooted", 0)["yes"]
    p = [0.5 / 2.75] * 5 + [0.25 / 2.75]
    assert space.entropy(left) == pytest.approx(-sum(x * math.log2(x) for x in p))


@pytest.mark.parametrize("complaint", COMPLAINTS)
def test_the_questioner_is_optimal_on_single_faults(complaint: str) -> None:
    """Asking what tells most needs as few diagnostics, on average, as the best of all decision trees."""
    space = belief.space(1, False, "any", "helpful", complaint)

    @cache
    def fewest(mask: int) -> float:
        if not space.entropy(mask):
            return 0.0
        costs = []
        for test in TESTS:
            parts = space.parts(mask, test, 0)
            if len(parts) > 1:
                costs.append(1 + sum(space.mass(p) * fewest(p) for p in parts.values()) / space.mass(mask))
        return min(costs)

    pairs = list(zip(space.hypotheses, space.weights, strict=True))
    needed = sum(w * space.needed(h, space.everything) for h, w in pairs) / sum(space.weights)
    assert needed == pytest.approx(fewest(space.everything))


def test_what_was_cleared_changes_what_shows() -> None:
    """With throttling cleared, a speed that stays low speaks for the line."""
    space = belief.space(2, True, "technical", "helpful", "slow_internet")
    pair = bits("throttled", "line_noise")
    mask = space.parts(space.everything, "usage", 0)["used_up"]
    assert observe("speed", pair, BIT["throttled"]) == "5"
    after = space.parts(mask, "speed", BIT["throttled"])
    assert pair in {space.hypotheses[i] & bits(*BIT) for i in belief.members(after["5"])}
    assert bits("throttled", "low_profile") in {space.hypotheses[i] & bits(*BIT) for i in belief.members(after["20"])}


@pytest.mark.parametrize(
    "config",
    [{}, {"faults": 2, "masking": True, "cooperation": "difficult", "error_rate": 0.3}, {"faults": 3}],
)
def test_the_truth_is_never_ruled_out_and_what_is_sure_is_true(config: dict[str, object]) -> None:
    """Random calls: whatever the desk does, the hidden world stays among the hypotheses."""
    arena = get("support_desk")
    rng = random.Random(5)
    for seed in range(25):
        state = arena.rules.deal(seed, arena.configure(**config))
        low = state.low
        while seats := arena.rules.to_act(state):
            move = rng.choice(arena.rules.ask(state, seats[0]).choices)
            state = arena.rules.play(state, {seats[0]: move}).state
            space = state.case.space
            assert state.mask >> space.index[state.case.truth] & 1
            assert state.low <= low
            low = state.low


def test_an_unknown_combination_is_refused() -> None:
    arena = get("support_desk")
    case, _ = cases.deal(0, arena.configure())
    with pytest.raises(Exception, match="no case of this kind has the faults"):
        cases.build(case.config, bits("outage", "proration"), False, case.params, case.context, 9)
