"""A case: a package with faults in it, letters that say what users want, and the hidden calls that judge.

All of it is a function of a seed and a config. What is right was decided first; the documentation leaves some of it
open, the code gets some of it wrong, and letters tell what the documentation leaves open of that.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.packages import running
from lanista.arenas.packages.config import SPLITS, Config
from lanista.arenas.packages.inputs import draw
from lanista.arenas.packages.parts import BY_MODULE, HEAVY, PARTS, Part, documented

GENERATOR, TESTER, DEBUGGER = "generator_0", "tester_0", "debugger_0"
KEEPERS = (GENERATOR, DEBUGGER)

_SHARES = {"train": range(8), "dev": range(8, 9), "test": range(9, 10)}
"""Of ten parts of all packages, those of each split."""

_DRAWS, _SEARCH = 6, 60
"""Hidden calls of a function that are drawn; calls that are tried to tell a wrong decision from the right one."""

_NAMES = ("Ada", "Ben", "Cem", "Dora", "Emil", "Fay", "Gus", "Hana", "Ida", "Jon", "Kim", "Lea")
_CHATTER = (
    "The new colours are lovely, thank you.",
    "When will there be a version for my telephone?",
    "My password did not work on Tuesday, but now it does.",
    "I think the report comes out a minute later than it used to. It does not matter.",
    "Could somebody write a handbook one day?",
    "Your people on the telephone were very friendly.",
)


class Letter(NamedTuple):
    """One letter to the team."""

    sender: str
    decides: bool
    """Whether it is from the one who decides."""
    text: str


class Wanted(NamedTuple):
    """One decision: of which file, which, and the option."""

    module: str
    dim: str
    option: str


@dataclass(frozen=True, eq=False)
class Case:
    """See the module. Equal where the digest is; ``digest`` names all that decides."""

    digest: str
    split: str
    modules: tuple[str, ...]
    """In the order of the pipeline."""
    keepers: Mapping[str, str]
    """The seat that keeps a file, by module."""
    numbers: Mapping[str, int]
    """The constants, by module."""
    right: Mapping[str, Mapping[str, str]]
    opened: Mapping[str, frozenset[str]]
    """The decisions that the documentation does not tell, by module."""
    faults: tuple[Wanted, ...]
    """What the code does instead of what is right."""
    letters: tuple[Letter, ...]
    calls: tuple[tuple[str, tuple[Any, ...]], ...]
    """Hidden calls: ``module.function`` and its arguments."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def present(self) -> frozenset[str]:
        return frozenset(self.modules)

    def parts(self) -> tuple[Part, ...]:
        return tuple(BY_MODULE[module] for module in self.modules)

    def files(self, wrong: Sequence[Wanted] | None = None) -> dict[str, str]:
        """The text of every file, with these decisions (by default the case's faults) taken otherwise than is right."""
        taken = self.faults if wrong is None else wrong
        return {part.module: self.file(part, taken) for part in self.parts()}

    def file(self, part: Part, wrong: Sequence[Wanted]) -> str:
        """The text of one file: what it says is right, what it does is wrong in these decisions."""
        right, module = self.right[part.module], part.module
        head = documented(part, right, self.opened[module], self.present, self.numbers.get(module))
        done = {**right, **{fault.dim: fault.option for fault in wrong if fault.module == module}}
        return head + part.body(done, self.present)

    @cached_property
    def expected(self) -> tuple[Any, ...]:
        """The right answers, in the order of ``calls``."""
        return running.answers(self.files(()), self.calls)

    @property
    def heavy(self) -> bool:
        """Whether one more hidden call is made, of many groups, in a run of its own."""
        return HEAVY in self.present

    @cached_property
    def total(self) -> int:
        """How many hidden calls judge a package."""
        return len(self.calls) + self.heavy

    @cached_property
    def before(self) -> tuple[bool, ...]:
        """Which hidden calls the package with its faults answers rightly."""
        given = running.answers(self.files(), self.calls)
        right = [running.same(a, b) for a, b in zip(given, self.expected, strict=True)]
        slow = Wanted(HEAVY, "pace", "slow") in self.faults
        return (*right, *([not slow and running.heavy(self.files()) == self.heavy_answer] if self.heavy else []))

    @cached_property
    def heavy_answer(self) -> int:
        """What that call gives in a right package."""
        return running.heavy(self.files(()))

    def kept_by(self, seat: str) -> tuple[str, ...]:
        """The modules that a seat keeps."""
        return tuple(module for module in self.modules if self.keepers[module] == seat)


@lru_cache(maxsize=2048)
def generate(seed: int, config: Config) -> Case:
    """The case of a seed. Draws packages until one belongs to the split."""
    for number in range(1000):
        key = chance.key("packages", seed, number)
        rng = chance.stream(key, "package")
        modules = _modules(rng, int(config.files or 3))
        right = {module: _right(rng, BY_MODULE[module]) for module in modules}
        if split_of(right) == config.split:
            return _case(key, config, modules, right)
    raise AssertionError("every tenth package belongs to each split")


def split_of(right: Mapping[str, Mapping[str, str]]) -> str:
    """The split that a package belongs to: by what it is and what is right in it, not by its faults."""
    named = tuple((module, tuple(sorted(choices.items()))) for module, choices in sorted(right.items()))
    tenth = chance.key("split", named) % 10
    return next(split for split in SPLITS if tenth in _SHARES[split])


def _modules(rng: random.Random, files: int) -> tuple[str, ...]:
    inner = [part.module for part in PARTS[:-1]]
    chosen = set(rng.sample(inner, files - 1))
    return (*(module for module in inner if module in chosen), PARTS[-1].module)


def _right(rng: random.Random, part: Part) -> dict[str, str]:
    return {dim.name: rng.choice(dim.right or tuple(option.key for option in dim.options)) for dim in part.dims}


def _case(key: int, config: Config, modules: tuple[str, ...], right: Mapping[str, Mapping[str, str]]) -> Case:
    rng = chance.stream(key, "case")
    keepers = _keepers(rng, modules)
    chosen = _decisions(rng, modules, keepers, int(config.faults or 0), int(config.settled or 0))
    wrong, settled = chosen[: config.faults], chosen[config.faults :]
    faults = tuple(Wanted(module, dim, _other(rng, module, dim, right[module][dim])) for module, dim in wrong)
    told = wrong[: config.told]
    opened = {module: frozenset(dim for m, dim in (*told, *settled) if m == module) for module in modules}
    numbers = {m: rng.randint(*_RANGE[m]) for m in modules if BY_MODULE[m].constant}
    case = Case(
        digest=f"{key:016x}/{config!r}",
        split=config.split,
        modules=modules,
        keepers=keepers,
        numbers=numbers,
        right=right,
        opened=opened,
        faults=faults,
        letters=_letters(rng, config, right, told, settled, faults),
        calls=(),
    )
    return Case(**{**vars(case), "calls": _calls(chance.stream(key, "calls"), case)})


_RANGE = {"prices": (60, 200), "ranking": (2, 4), "lines": (5, 8)}
"""Of the constants."""


def _keepers(rng: random.Random, modules: Sequence[str]) -> dict[str, str]:
    """Who keeps what: each of both keeps half of the files."""
    seats = [KEEPERS[i % 2] for i in range(len(modules))]
    rng.shuffle(seats)
    return dict(zip(modules, seats, strict=True))


def _decisions(
    rng: random.Random, modules: Sequence[str], keepers: Mapping[str, str], faults: int, settled: int
) -> list[tuple[str, str]]:
    """Decisions, faulty ones first. The first two are in files of different keepers."""
    free = [(module, dim.name) for module in modules for dim in BY_MODULE[module].dims]
    rng.shuffle(free)
    first = next(i for i, (module, _) in enumerate(free) if keepers[module] != keepers[free[0][0]])
    ordered = [free[0], free[first], *(each for i, each in enumerate(free) if i not in (0, first))]
    wrong = ordered[:faults]
    quiet = [(module, name) for module, name in ordered[faults:] if not BY_MODULE[module].dims_by_name[name].right]
    return wrong + quiet[:settled]


def _other(rng: random.Random, module: str, dim: str, right: str) -> str:
    options = [option.key for option in BY_MODULE[module].dims_by_name[dim].options if option.key != right]
    return rng.choice(options)


def _letters(
    rng: random.Random,
    config: Config,
    right: Mapping[str, Mapping[str, str]],
    told: Sequence[tuple[str, str]],
    settled: Sequence[tuple[str, str]],
    faults: Sequence[Wanted],
) -> tuple[Letter, ...]:
    """In an order that tells nothing."""
    names = rng.sample(_NAMES, len(_NAMES))
    head = names.pop()
    letters = []
    for number, (module, dim) in enumerate([*told, *settled]):
        known = BY_MODULE[module].dims_by_name[dim]
        wish = rng.choice(known.option(right[module][dim]).asked)
        against = number < (config.conflicts or 0)
        letters.append(Letter(head if against else names[number % len(names)], against, wish))
        if against:
            other = known.option(_other(rng, module, dim, right[module][dim]))
            letters.append(Letter(names[-1 - number], False, rng.choice(other.asked)))
    said = rng.sample(_CHATTER, config.chatter or 0)
    letters += [Letter(rng.choice(names), False, each) for each in said]
    rng.shuffle(letters)
    return tuple(letters)


def _calls(rng: random.Random, case: Case) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Hidden calls: some of every function, and for every other way to decide one that tells it from the right one."""
    made: list[tuple[str, tuple[Any, ...]]] = []
    module = running.load(case.files(()))
    for part in case.parts():
        mine = [draw(rng, part, case.numbers) for _ in range(_DRAWS)]
        for dim in part.dims:
            for option in dim.options:
                if option.key == case.right[part.module][dim.name] or (part.module, dim.name) == (HEAVY, "pace"):
                    continue
                wrong = Wanted(part.module, dim.name, option.key)
                other = module.but(part.module, case.file(part, (wrong,)))
                if not any(running.differ(module, other, part.where, args) for args in mine):
                    mine += _telling(rng, part, case, module, other)
        made += [(part.where, args) for args in mine]
    return tuple(made)


def _telling(rng: random.Random, part: Part, case: Case, module: Any, other: Any) -> list[tuple[Any, ...]]:
    """One call that tells two packages apart, or none where none is found."""
    for _ in range(_SEARCH):
        args = draw(rng, part, case.numbers)
        if running.differ(module, other, part.where, args):
            return [args]
    return []
