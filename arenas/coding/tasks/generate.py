"""Tasks out of seeds: a family and a composition are drawn, then the inputs; splits share no composition.

Which split a composition belongs to is decided by what it computes (its answers to fixed probes), not by how it is
written: two wordings of one function are never on both sides.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lanista.arenas.coding.task import Example, Task, _fresh
from lanista.arenas.coding.tasks import (
    choices,
    counting,
    dynamic,
    machine,
    measures,
    nesting,
    parsing,
    pipelines,
    recurrences,
    simulation,
)
from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.coding.tasks.corners import traits
from lanista.arenas.coding.tasks.covering import ENDS, covering
from lanista.arenas.coding.tasks.inputs import drawn, edges
from lanista.arenas.coding.tasks.narrowings import least
from lanista.arenas.coding.tasks.recipe import ALL, Args, Family, Recipe
from lanista.arenas.coding.tasks.running import function
from lanista.arenas.core import chance
from lanista.arenas.sandbox.types import Call
from lanista.errors import UsageError, suggest

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for module in (pipelines, recurrences, dynamic, counting, parsing, simulation, machine, nesting, choices, measures)
    for family in module.FAMILIES
}
"""Every kind of generated task, by name."""

HIDDEN = 48
"""Hidden calls of a task."""

FURTHER = 40
"""Inputs that are looked through for what no call shows yet, where a reference is quick."""

MORE = 16
"""Further inputs, of which those are taken that are answered as none was before."""

TRIES = 2000
"""Compositions that are drawn before a demand is given up; the splits' shares make 30 the usual most."""

_SHARES = {"train": 6, "dev": 2, "test": 2}
"""Tenths of the compositions of a family that has several splits."""


def generate(
    seed: int,
    split: str = "train",
    *,
    family: str | None = None,
    steps: int | None = None,
    shown: int = 3,
    size: int = 8,
) -> Task:
    """The task of a seed.

    ``family`` is one of FAMILIES, or None for any of the split's. ``steps`` is how many primitives or rules are
    composed (None for any), ``shown`` how many public examples there are, ``size`` the longest list or string in a
    hidden call that is merely drawn. Raises UsageError for what there is none of.
    """
    _refuse(split, family, steps, shown, size)
    key = chance.key("task", seed, split, family, steps, shown, size)
    rng = chance.stream(key, "composition")
    fitting = [f for f in _families(split, family) if steps is None or steps in f.steps]
    while fitting:
        (chosen,) = rng.choices(fitting, [f.weight for f in fitting])
        recipe = _recipe(rng, chosen, split, steps)
        if recipe is not None:
            return _task(recipe, chosen.name, split, key, shown, size)
        fitting.remove(chosen)
    known = sorted({s for f in _families(split, family) for s in reachable(f, split)})
    what = f"family {family!r}" if family else "any family"
    raise UsageError(f"there is no task of {steps} steps in {what} of split {split!r} (there are: {known})")


def fibonacci(seed: int = 0) -> Task:
    """The Fibonacci numbers, with inputs of their own seed."""
    return generate(seed, "train", family="fibonacci")


def reachable(family: Family, split: str) -> tuple[int, ...]:
    """The numbers of steps that a family has in a split. What is composed of one primitive is for training alone, and
    a family with few compositions has not all of them everywhere."""
    return tuple(steps for steps in family.steps if split in _inventory(family.name, steps))


@lru_cache(maxsize=256)
def _inventory(name: str, steps: int) -> frozenset[str]:
    """The splits that hold a composition of so many steps: those found in a number of draws that misses none."""
    family, rng = FAMILIES[name], random.Random(steps)
    recipes = {_built(name, family.draw(rng, steps)) for _ in range(1 if len(family.splits) == 1 else 80)}
    return frozenset(split_of(family, recipe) for recipe in recipes if _worthwhile(recipe))


def split_of(family: Family, recipe: Recipe) -> str:
    """The split that a composition belongs to."""
    if len(family.splits) == 1:
        return family.splits[0]
    if recipe.composition in family.pinned:
        return family.pinned[recipe.composition]
    behaviour = fingerprint(recipe)
    if recipe.steps == 1 or behaviour in _single(family.name):
        return "train"
    if family.pinned:
        return "train"
    ticket = chance.draw(chance.key("split", behaviour), "split", 0, sum(_SHARES.values()))
    for split, share in _SHARES.items():
        if ticket < share:
            return split
        ticket -= share
    raise AssertionError("shares add up")


@lru_cache(maxsize=8192)
def fingerprint(recipe: Recipe) -> str:
    """What a recipe's reference answers to the probes of its domains, as a digest."""
    return _digest(recipe, _answers(recipe, recipe.reference))


def _digest(recipe: Recipe, answers: list[str]) -> str:
    return f"{chance.key(_probes(tuple(recipe.domains), recipe.fit)[1], answers):016x}"


def _answers(recipe: Recipe, source: str) -> list[str]:
    run = function(source, recipe.entry_point)
    return [_literal(run(*args)) for args in _probes(tuple(recipe.domains), recipe.fit)[0]]


@lru_cache(maxsize=1024)
def _probes(domains: Any, fit: Any) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Fixed inputs, the same for all recipes of equal domains, and their literals. References do not change them."""
    probes = drawn(domains, chance.key("probes"), 24, 6, fit)
    return probes, [_literal(args) for args in probes]


@lru_cache(maxsize=64)
def _single(name: str) -> frozenset[str]:
    """The behaviours of all compositions of one step: they are trained on, whatever else computes the same."""
    family = FAMILIES[name]
    if 1 not in family.steps:
        return frozenset()
    rng = random.Random(0)
    return frozenset(fingerprint(_built(name, family.draw(rng, 1))) for _ in range(2000))


def _recipe(rng: random.Random, family: Family, split: str, steps: int | None) -> Recipe | None:
    """A composition of the split, or None where there is none of so many steps."""
    if steps == 1 and split != "train" and len(family.splits) > 1:
        return None
    for _ in range(TRIES):
        wanted = steps if steps is not None else rng.choice(family.steps)
        recipe = _built(family.name, family.draw(rng, wanted))
        if split_of(family, recipe) == split and _worthwhile(recipe):
            return recipe
    return None


@lru_cache(maxsize=8192)
def _built(family: str, numbers: Any) -> Recipe:
    return FAMILIES[family].build(numbers)


@lru_cache(maxsize=8192)
def _worthwhile(recipe: Recipe) -> bool:
    """Whether every step of it matters, and a constant or an echo stays far from solving it."""
    answers = _answers(recipe, recipe.reference)
    if any(_answers(recipe, shorter) == answers for shorter in recipe.without):
        return False
    probes, _ = _probes(tuple(recipe.domains), recipe.fit)
    most = max(map(answers.count, answers))
    echoes = sum(a in map(_literal, args) for args, a in zip(probes, answers, strict=True))
    return 3 * most <= 2 * len(answers) and 2 * echoes <= len(answers)


def _task(recipe: Recipe, family: str, split: str, key: int, shown: int, size: int) -> Task:
    run = function(recipe.reference, recipe.entry_point)
    rng = chance.stream(key, "inputs")
    examples = _examples(recipe, run, rng, shown)
    hidden = _hidden(recipe, run, key, rng, [e.args for e in examples], size)
    return Task(
        id=f"{family}-{key & 0xFFFFFFFFFF:010x}",
        family=family,
        split=split,
        composition=f"{family}: {recipe.composition}",
        difficulty={"steps": recipe.steps, "shown": shown, "size": size, "heavy": int(recipe.heavy is not None)},
        entry_point=recipe.entry_point,
        signature=recipe.signature,
        specification=recipe.told,
        reference=recipe.reference,
        brute=recipe.brute,
        domains=tuple(recipe.domains),
        fit=recipe.fit,
        special=recipe.special,
        wrong=tuple(recipe.wrong),
        examples=examples,
        hidden=tuple(Call(recipe.entry_point, args) for args in hidden),
        relations=tuple(recipe.relations),
        checker=recipe.checker,
        heavy=recipe.heavy is not None,
    )


def _examples(recipe: Recipe, run: Any, rng: random.Random, shown: int) -> tuple[Example, ...]:
    """Short inputs with different answers, where there are any; none at the edges, which stay for the hidden calls."""
    found: dict[str, Example] = {}
    border = {_literal(args) for args in edges(recipe.domains, random.Random(0))}
    for attempt in range(20 * shown):
        small = recipe.small or recipe.domains
        args = tuple(domain.draw(rng, 4) for domain in (recipe.domains if recipe.fit else small))
        if recipe.fit:
            args = recipe.fit(rng, args)
        example = Example(args, run(*_fresh(args)))
        alike = _literal(args) in border or any(
            _literal(example.expected) == _literal(e.expected) for e in found.values()
        )
        if attempt < 10 * shown and alike:
            continue
        found.setdefault(_literal(args), example)
        if len(found) == shown:
            break
    return tuple(found.values())


def _hidden(recipe: Recipe, run: Any, key: int, rng: random.Random, shown: list[Args], size: int) -> list[Args]:
    """A call that needs the right complexity class first, where there is one; then the ends of what is promised, more
    of its corners, and drawn inputs, none of them public, no answer filling more than a quarter where that can be
    helped; last, two of them once more, which a program that keeps something between calls answers differently."""
    first = [recipe.heavy(rng)] if recipe.heavy else []
    wanted = HIDDEN - 2 - len(first)
    found: list[Args] = []
    spare: list[Args] = []
    seen: set[str] = set()
    counts: dict[str, int] = {}
    answers: list[Any] = []
    known: set[Any] = set()
    more = ends = 0
    calls = covering(recipe, key, size, most=3 * wanted // 4)
    for number, args in enumerate(calls):
        literal = repr(args)
        if literal in seen or args in shown:
            if number > 10 * HIDDEN:  # a promise of so few values that all are there
                break
            continue
        seen.add(literal)
        value = run(*args)
        if recipe.checker == "tolerance":
            value = float(f"{value:.6g}")
        elif recipe.checker != "exact":  # an answer to other calls that is right here too counts as the same one
            value = next((old for old in answers if check(recipe.checker, args, value, old)), value)
            answers.append(value)
        news = traits(value) - known
        if len(found) < wanted:
            answer = repr(value)
            counts[answer] = counts.get(answer, 0) + 1
            if number < ENDS * len(recipe.domains) or news or counts[answer] <= HIDDEN // 4:
                found.append(args)
                known |= news
            else:
                spare.append(args)
            ends += number < 2 * ENDS * len(recipe.domains)
        else:
            more += 1
            if news:
                found[ends + more] = args
                known |= news
        if more == min(MORE, wanted - ends - 1) or number == 3 * HIDDEN:
            break
    found, spare = (found + spare)[:wanted], (found + spare)[wanted:]
    if recipe.quick:
        further = [args for args in itertools.islice(calls, FURTHER) if args not in shown]
        _sharpen(recipe, run, found, spare + further)
    rng.shuffle(found)
    return [*first, *(_fresh(args) for args in found), *(_fresh(args) for args in found[:2])]


def _sharpen(recipe: Recipe, run: Any, found: list[Args], further: list[Args]) -> None:
    """Puts a call that shows it in the place of a drawn one, for each least narrowing that no call shows so far."""
    domain: Any = recipe.domains[0]
    answers = [run(*args) for args in found]
    others = [(args, run(*args)) for args in further]
    place = len(found)

    def shows(args: Args, narrow: Any, answer: Any) -> bool:
        got = run(narrow(args[0]))
        return got != answer and (recipe.checker == "exact" or not check(recipe.checker, args, answer, got))

    for narrow in least(domain):
        if any(shows(args, narrow, answer) for args, answer in zip(found, answers, strict=True)):
            continue
        for args, value in others:
            if shows(args, narrow, value) and args not in found:
                place -= 1
                found[place], answers[place] = args, value
                break


def _literal(value: Any) -> str:
    """A text that is equal for equal plain values."""
    if isinstance(value, int | str) or value is None:
        return repr(value)
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{_literal(k)}:{_literal(v)}" for k, v in value.items())) + "}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({','.join(map(_literal, value))})"
    return repr(value)


def _families(split: str, family: str | None) -> list[Family]:
    return [f for f in FAMILIES.values() if split in f.splits and family in (None, f.name)]


def _refuse(split: str, family: str | None, steps: int | None, shown: int, size: int) -> None:
    if split not in ALL:
        raise UsageError(f"unknown split {split!r}{suggest(split, ALL)} (there is: {', '.join(ALL)})")
    if family is not None and family not in FAMILIES:
        raise UsageError(f"unknown family {family!r}{suggest(family, FAMILIES)} (there is: {', '.join(FAMILIES)})")
    if family is not None and split not in FAMILIES[family].splits:
        raise UsageError(f"family {family!r} is in split {', '.join(FAMILIES[family].splits)} only, not in {split!r}")
    for name, value, low, high in (("steps", steps, 1, 9), ("shown", shown, 0, 8), ("size", size, 2, 40)):
        if value is not None and (type(value) is not int or not low <= value <= high):
            raise UsageError(f"{name}={value!r}: a whole number from {low} to {high} is needed")
