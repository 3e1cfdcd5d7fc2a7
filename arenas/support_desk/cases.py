"""Cases: drawn from a seed, without end, each in one split; and the right end of each, by the rules of its house."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk import arguing, articles
from lanista.arenas.support_desk import house as house_rules
from lanista.arenas.support_desk.articles import Values
from lanista.arenas.support_desk.belief import (
    CLAIM_RATE,
    LIE_RATE,
    VAGUE,
    Space,
    fault_sets,
    may_break,
    open_space,
    space,
    untold_space,
)
from lanista.arenas.support_desk.config import Config
from lanista.arenas.support_desk.faults import (
    ALL,
    BIT,
    CLAIMS,
    LATE,
    SHY,
    STEPS,
    WRITES,
    active,
    bits,
    internet,
    named,
    observe,
    symptom,
)
from lanista.arenas.support_desk.house import NO_HOUSE, House
from lanista.arenas.support_desk.levels import CAUSES, IMPOSTOR_RATE, LATE_RATE, PLAIN, STANDARD
from lanista.arenas.support_desk.policy import Params, split_of, vectors
from lanista.arenas.support_desk.voices import BELIEFS
from lanista.errors import LanistaError

PLANS: Mapping[str, tuple[int, int]] = {"S": (50, 20), "M": (100, 30), "L": (250, 40), "XL": (500, 50)}
"""Mbps and euros a month, by the plan's name."""
ACCESS = ("dsl", "cable", "fibre")
ASIDES = ("neighbour", "weather", "moving", "holiday", "television", "dog", "work")
PATIENCE = {"helpful": 16, "mixed": 13, "difficult": 11}
"""What a customer with one fault puts up with; six more for each further one, and up to two by chance."""

CONFLICTS = 0.4
"""How often a rule forbids what the customer wants, of cases where one could, where the rules hang together."""
PATIENCE_TO_ARGUE = 6
"""What a customer who argues puts up with besides."""
MORE_PATIENCE = 4
"""What a customer puts up with besides where the desk has to find out how many causes there are."""

VAGUE_RATE = {"helpful": 0.0, "mixed": 0.2, "difficult": 0.4}
"""How often the customer does not say at first what the trouble is."""

WRITE, STEP, EXPLAIN = "write", "step", "explain"
_STEP_OF = {fault: step for step, fault in STEPS.items()}
_WRITE_OF = {fault: write for write, fault in WRITES.items()}
_CONFLICTABLE = bits("double_charge", "ended_discount", "late_fee")
_TECHNICIAN = bits("line_cut", "line_noise")


class Context(NamedTuple):
    """The facts of the account that are no faults."""

    access: str
    plan: str
    """What was ordered."""
    billed: str
    """What is billed: another plan only where the plan is wrong."""
    months: int
    waived: int
    refund_eur: int
    refund_days: int
    fee_eur: int
    due_eur: int
    until: str
    """When an outage ends, on the hour."""
    days: int
    """For how many days the customer has had the trouble."""
    times: int
    """How often they say they have rebooted."""
    asides: tuple[str, ...]


class Remedy(NamedTuple):
    """The right end of one fault: ``how`` is write, step, explain, technician or human."""

    how: str
    call: Call | None = None


class Manner(NamedTuple):
    """How the customer of a hard case is; none of it follows from the faults."""

    tells_all: bool = False
    """Whether they say at once what else there is, or that there is nothing else."""
    belief: str | None = None
    """The cause that they believe in."""
    impostor: str | None = None
    """The factor that whoever calls does not know, where they are not the customer."""
    refuses: frozenset[str] = frozenset()
    """The steps and changes that they resist."""
    start: int = 0
    """The minute of the day when the call begins."""
    breaks: int = 0
    """After how many decisions an outage begins that begins during the call."""
    credits: tuple[tuple[int, int], ...] = ()
    """(days ago, euros) of what was credited before."""


class Case(NamedTuple):
    """What never changes in a call."""

    config: Config
    truth: int
    """Faults and the customer's flags."""
    complaint: str
    mentions_reboot: bool
    """Whether the customer says at once that they have rebooted."""
    params: Params
    context: Context
    patience: int
    space: Space
    start: int
    """The hypotheses that are left after the customer's first words."""
    entropy: float
    """Bits then."""
    needed: int
    """Diagnostics an optimal desk needs."""
    remedies: Mapping[str, Remedy]
    """By fault."""
    expected: frozenset[Call]
    """The changes that should have been made at the end, and the escalation."""
    open: Space
    """Every world that the seats' own texts leave open at first, whatever the kind of case."""
    told: int
    """Those that are left after the customer's first words."""
    manner: Manner = Manner()
    house: House = NO_HOUSE
    values: Values = Values()
    """What the articles of the house say."""


def deal(seed: int, config: Config) -> tuple[Case, int]:
    """The case of a seed and the key of its chance."""
    key = chance.key("support_desk", seed)
    rng = chance.stream(key, "case")
    faults, access, plan = rng.choice(_drawn_from(rng, config))
    params = rng.choice(vectors(config.split))
    context = _context(rng, faults, access, plan, params, config)
    lie = LIE_RATE[config.cooperation]
    truth = faults
    if internet(faults) != "ok" and rng.random() < (lie if faults & BIT["hung_modem"] else CLAIM_RATE):
        truth |= CLAIMS
    if faults & BIT["loose_cable"] and rng.random() < lie:
        truth |= SHY
    vague = rng.random() < VAGUE_RATE[config.cooperation]
    mentions = bool(truth & CLAIMS) and not vague and rng.random() < 0.5
    patience = PATIENCE[config.cooperation] + 6 * (faults.bit_count() - 1) + rng.randrange(3)
    patience += MORE_PATIENCE * config.hard.untold + PATIENCE_TO_ARGUE * config.hard.haggling
    complaint = VAGUE if vague else symptom(truth)
    if config.hard.late and may_break(faults, config.faults) and rng.random() < LATE_RATE:
        truth |= BIT["outage"] | LATE
    if config.hard == PLAIN:
        return build(config, truth, mentions, params, context, patience, complaint), key
    house = house_rules.draw(chance.stream(key, "house")) if config.hard.limits else NO_HOUSE
    manner, context = _manner(chance.stream(key, "manner"), truth, complaint, params, context, house, config)
    values = articles.draw(chance.stream(key, "articles")) if config.hard.articles else Values()
    return build(config, truth, mentions, params, context, patience, complaint, manner, house, values), key


def _manner(
    rng: random.Random, truth: int, complaint: str, params: Params, context: Context, house: House, config: Config
) -> tuple[Manner, Context]:
    """How the customer is, drawn apart from the case so that neither shifts the other, and the facts to go with it."""
    manner = Manner()
    if config.hard.voices:
        believed = [name for name in BELIEFS if complaint in (VAGUE, symptom(BIT[name]))]
        tells_all = rng.random() < 0.5 and complaint != VAGUE
        manner = manner._replace(tells_all=tells_all, belief=rng.choice(believed) if rng.random() < 0.6 else None)
    if config.hard.impostors and truth & _OF_ACCOUNT and rng.random() < IMPOSTOR_RATE:
        manner = manner._replace(impostor=rng.choice(params.identity))
    if config.hard.haggling:
        manner = manner._replace(refuses=arguing.draw(rng))
    if config.hard.late:
        manner = manner._replace(breaks=3 + rng.randrange(4))
    if config.hard.limits:
        if truth & _TECHNICIAN:  # whoever comes for the line is no human, so every credit has to fit
            months = max(context.months, house_rules.TENURES[-1])
            context = context._replace(months=months, refund_eur=min(context.refund_eur, 20))
        credits_ = _credits(rng, truth, params, context, house)
        manner = manner._replace(start=house.window - 40 + rng.randrange(60), credits=credits_)
    return manner, context


_OF_ACCOUNT = bits(*WRITES.values(), "sim_blocked", "unknown_charge", "proration")


def _credits(
    rng: random.Random, truth: int, params: Params, context: Context, house: House
) -> tuple[tuple[int, int], ...]:
    """What was credited before: half of the time so much that what is due now does not fit, where anything is."""
    asked = {f: None for f in named(truth & ALL) if remedy(f, params, context).how == WRITE}
    room = house_rules.credit_limit(house, context.months) - house_rules.due(context, asked)
    over = house_rules.due(context, asked) > 0 and not truth & _TECHNICIAN and rng.random() < 0.5
    before = max(0, room) + 1 + rng.randrange(8) if over else rng.randrange(max(0, room) + 1)
    recent = (before,) if before < 4 or rng.random() < 0.5 else (before // 2, before - before // 2)
    entries = [(3 + rng.randrange(house_rules.DAYS - 4), eur) for eur in recent if eur]
    entries += [(house_rules.DAYS + 6 + rng.randrange(60), 3 + rng.randrange(20)) for _ in range(rng.randrange(3))]
    return tuple(sorted(entries, reverse=True))


def build(
    config: Config,
    truth: int,
    mentions_reboot: bool,
    params: Params,
    context: Context,
    patience: int,
    complaint: str | None = None,
    manner: Manner = Manner(),  # noqa: B008  # immutable
    house: House = NO_HOUSE,
    values: Values = Values(),  # noqa: B008  # immutable
) -> Case:
    """The case with these hidden facts; ``complaint`` None is the clear one. Raises LanistaError for faults that the
    config does not allow."""
    faults = named(truth)
    complaint = complaint or symptom(active(truth, 0))
    if config.hard.untold:
        late = config.hard.late
        hypotheses = untold_space(config.faults, config.topic, config.cooperation, complaint, late)
        unsorted = untold_space(config.faults, "any", "difficult", complaint, late)
    else:
        hypotheses = space(config.faults, config.masking, config.topic, config.cooperation, complaint)
        unsorted = open_space(config.faults, complaint)
    if truth not in hypotheses.index:
        raise LanistaError(f"no case of this kind has the faults {', '.join(faults)}")
    start = hypotheses.everything
    told = unsorted.everything
    if mentions_reboot:
        start = hypotheses.parts(start, "rebooted", 0)["yes"]
        told = unsorted.showing("rebooted")["yes"]
    if manner.tells_all:
        said = observe("anything_else", truth, 0)
        start = hypotheses.parts(start, "anything_else", 0)[said]
        told &= unsorted.showing("anything_else")[said]
    remedies = {name: remedy(name, params, context) for name in faults}
    if config.hard.limits:
        credits_ = {name for name, each in remedies.items() if each.how == WRITE and name in house_rules.CREDITS}
        total = house_rules.due(context, dict.fromkeys(credits_)) + house_rules.credited(manner)
        if total > house_rules.credit_limit(house, context.months):
            remedies |= dict.fromkeys(credits_, Remedy("human", call("escalate", to="human")))
    if manner.impostor is not None:
        remedies = dict.fromkeys(remedies, Remedy("human", call("escalate", to="human")))
    expected = {r.call for r in remedies.values() if r.how not in (EXPLAIN, STEP) and r.call is not None}
    return Case(
        config, truth, complaint, mentions_reboot, params, context, patience, hypotheses, start,
        hypotheses.entropy(start), hypotheses.needed(truth, start), remedies, frozenset(expected), unsorted, told,
        manner, house, values,
    )  # fmt: skip


def remedy(fault: str, params: Params, context: Context) -> Remedy:
    """What the rules of the house demand for a fault."""
    if fault in ("line_cut", "line_noise"):
        return Remedy("technician", call("escalate", to="technician"))
    human = Remedy("human", call("escalate", to="human"))
    if fault in ("sim_blocked", "unknown_charge"):
        return human
    if fault in ("outage", "proration"):
        return Remedy(EXPLAIN)
    if fault == "double_charge":
        if context.refund_eur > params.refund_eur or context.refund_days > params.refund_days:
            return human
        return Remedy(WRITE, call("refund", charge="C2", amount=context.refund_eur))
    if fault == "ended_discount" and context.months < params.discount_months:
        return Remedy(EXPLAIN)
    if fault == "late_fee" and context.waived >= params.waivers:
        return Remedy(EXPLAIN)
    if fault == "wrong_plan":
        return Remedy(WRITE, call("change_plan", plan=context.plan))
    if fault in _STEP_OF:
        return Remedy(STEP, call("instruct", step=_STEP_OF[fault]))
    return Remedy(WRITE, call(_WRITE_OF[fault]))


@lru_cache(maxsize=64)
def combinations(config: Config) -> tuple[tuple[int, str, str], ...]:
    """Every (faults, access, plan) of the config's kind that belongs to its split.

    A set of two or three faults belongs to one split whole. Single faults must be learnt somewhere, so each is in
    every split, with other accesses and plans: 8 of the 12 pairs in train, 2 in dev, 2 in test. Raises LanistaError
    where a split has none.
    """
    found: list[tuple[int, str, str]] = []
    for faults in fault_sets(config.faults, config.masking, config.topic):
        if config.conflicts and not _can_conflict(faults):
            continue
        pairs = [(access, plan) for access in ACCESS for plan in PLANS]
        if config.faults == 1:
            pairs.sort(key=lambda pair: chance.key("split", faults, *pair))
            first, last = {"train": (0, 8), "dev": (8, 10), "test": (10, 12)}[config.split]
            pairs = pairs[first:last]
        elif split_of("faults", *named(faults)) != config.split:
            continue
        found += [(faults, access, plan) for access, plan in pairs]
    if not found:
        raise LanistaError(f"no case of the split {config.split!r} fits this config; loosen its difficulty keys")
    return tuple(found)


def _drawn_from(rng: random.Random, config: Config) -> tuple[tuple[int, str, str], ...]:
    """The combinations to draw from: those with a number of causes that is drawn first, where it is not told."""
    if not config.hard.untold:
        return combinations(config)
    number = rng.choices(range(1, config.faults + 1), CAUSES[: config.faults])[0]
    return untold_combinations(config, number)


_OFF: Mapping[str, Any] = dict.fromkeys(PLAIN._fields, False)


@lru_cache(maxsize=64)
def untold_combinations(config: Config, number: int) -> tuple[tuple[int, str, str], ...]:
    """The combinations of a config that does not tell the number of causes, with so many of them."""
    found: list[tuple[int, str, str]] = []
    for masking in (False, True) if number > 1 else (False,):
        if fault_sets(number, masking, config.topic):
            found += combinations(replace(config, level=STANDARD, **_OFF, faults=number, masking=masking))
    return tuple(found)


def _can_conflict(faults: int) -> bool:
    if faults & _TECHNICIAN:
        faults &= ~BIT["double_charge"]  # it would end with a human, and the line with a technician
    return bool(faults & _CONFLICTABLE)


def _context(rng: random.Random, faults: int, access: str, plan: str, params: Params, config: Config) -> Context:
    """Facts that make the case a policy conflict where the config asks for one, and none otherwise."""
    able = list(named(faults & _CONFLICTABLE))
    if faults & _TECHNICIAN and "double_charge" in able:
        able.remove("double_charge")
    conflict = config.conflicts or bool(config.hard.limits and able and rng.random() < CONFLICTS)
    against = rng.choice(able) if conflict else None
    too_much, too_old = False, False
    if against == "double_charge":
        too_much = rng.random() < 0.5
        too_old = not too_much
    months, limit, oldest = params.discount_months, params.refund_eur, params.refund_days
    return Context(
        access=access,
        plan=plan,
        billed=rng.choice([p for p in PLANS if p != plan]) if faults & BIT["wrong_plan"] else plan,
        months=months - 1 - rng.randrange(4) if against == "ended_discount" else months + rng.randrange(24),
        waived=params.waivers + rng.randrange(2) if against == "late_fee" else rng.randrange(params.waivers),
        refund_eur=limit + 1 + rng.randrange(20) if too_much else 5 + rng.randrange(limit - 4),
        refund_days=oldest + 1 + rng.randrange(60) if too_old else 2 + rng.randrange(oldest - 1),
        fee_eur=3 + rng.randrange(10),
        due_eur=20 + rng.randrange(80),
        until=f"{9 + rng.randrange(14):02d}:00",
        days=2 + rng.randrange(5),
        times=1 + rng.randrange(3),
        asides=tuple(rng.sample(ASIDES, config.distractors)),
    )
