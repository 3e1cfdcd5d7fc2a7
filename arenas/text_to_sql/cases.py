"""One case: a question, the schema as it is shown, the gold query, and the databases that it is judged on."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.text_to_sql import data, gold, questions, schema
from lanista.arenas.text_to_sql.compare import same
from lanista.arenas.text_to_sql.config import Config
from lanista.arenas.text_to_sql.domains import DOMAINS
from lanista.arenas.text_to_sql.questions import KINDS, MISSING, Question
from lanista.errors import LanistaError, UsageError

_DRAWS = 30
"""Questions drawn for one that rows can decide; nine in ten do at once."""
_MORE = 6
"""Databases that are drawn for near misses which the first ones do not tell."""


class Case(NamedTuple):
    """What a team is given, and what it is judged by."""

    id: str
    domain: str
    kind: str
    combination: str
    question: str
    schema: tuple[str, ...]
    notes: tuple[str, ...]
    gold: str | None  # None where the schema cannot answer
    missing: str  # what the schema lacks then
    databases: tuple[tuple[str, str], ...]  # ("script" or "path", what); the first is the one that is shown
    expected: tuple[tuple[tuple[Any, ...], ...], ...]  # of each database
    ordered: bool
    keys: tuple[str, ...]  # words of the gold query that only rows tell
    asked: Question | None = None  # of a generated case, with its names
    names: schema.Schema | None = None
    folder: str = ""  # of the databases of a user's file


def deal(seed: int, config: Config) -> Case:
    """The case of a seed."""
    if config.file is not None:
        cases = of_file(config)
        return cases[chance.draw(chance.key("text_to_sql", seed), "case", 0, len(cases))]
    vector = tuple(sorted(config.vector.items()))
    return generated(seed, config.split, config.domain, config.kind, vector, config.databases)


def pool_of(config: Config) -> tuple[Question, ...]:
    """What a config can ask. Raises UsageError where that is nothing."""
    if config.kind == MISSING:
        return ()
    vector = config.vector
    found = questions.pool(config.split, config.kind, vector["least"], vector["most"])
    if not found:
        raise UsageError(
            f"no question of kind {config.kind!r} in split {config.split!r} has {vector['least']} to {vector['most']} "
            "conditions: set least and most"
        )
    return found


@lru_cache(maxsize=4096)
def generated(
    seed: int, split: str, domain: str | None, kind: str | None, vector: tuple[tuple[str, int], ...], hidden: int
) -> Case:
    """The generated case of a seed; games of one seed share it."""
    for number in range(_DRAWS):
        case = _drawn(chance.key("text_to_sql", seed, number), split, domain, kind, dict(vector), hidden)
        if case is not None:
            return case
    raise LanistaError(f"{_DRAWS} questions were drawn for seed {seed}, and no rows decide any of them")


def _drawn(
    key: int, split: str, domain: str | None, kind: str | None, vector: dict[str, int], hidden: int
) -> Case | None:
    rng = chance.stream(key, "case")
    world = DOMAINS[domain or rng.choice(tuple(DOMAINS))]
    names = schema.draw(world, vector["naming"], vector["spelling"], rng)
    if kind == MISSING or (kind is None and rng.randrange(100) < vector["missing"]):
        asked = Question(MISSING, rng.choice("ab"), missing=rng.choice(world.missing))
    else:
        chosen = kind or rng.choice(
            [each for each in KINDS if questions.pool(split, each, vector["least"], vector["most"])]
        )
        asked = rng.choice(questions.pool(split, chosen, vector["least"], vector["most"]))
        asked = questions.filled(asked, world, rng)
    query = None if asked.kind == MISSING else gold.sql(asked, names)
    scripts = [data.script(names, i, chance.stream(key, "rows", i)) for i in range(hidden + 1)]
    expected: list[Any] = [[] for _ in scripts]
    if query is not None:
        expected = data.gold_rows(scripts, query)
        if sum(map(bool, expected)) < 2:
            return None
        scripts = _telling(asked, names, query, scripts, expected, key)
        expected = data.gold_rows(scripts, query)
    vague = bool(vector["vague"])
    said = {asked.status, asked.second} - {""}
    return Case(
        id=f"{world.name}-{key:016x}",
        domain=world.name,
        kind=asked.kind,
        combination=asked.combination,
        question=questions.wording(asked, world, vague, rng.randrange(3)),
        schema=names.ddl(),
        notes=(*names.dictionary(), *questions.note(asked, world, vague)),
        gold=query,
        missing=asked.missing,
        databases=tuple(("script", made) for made in scripts),
        expected=tuple(tuple(rows) for rows in expected),
        ordered=False,
        keys=tuple(sorted(names.spelling[each] for each in said if names.spelling[each] != each)),
        asked=asked,
        names=names,
    )


def _telling(
    asked: Question, names: schema.Schema, query: str, scripts: list[str], expected: list[Any], key: int
) -> list[str]:
    """The databases, with others added that tell near misses apart which these do not, as far as a few do."""
    left = [miss for miss in dict(gold.misses(asked, names)).values() if miss != query]
    left = [miss for miss in left if _equal(miss, scripts, expected)]
    found = list(scripts)
    for number in range(_MORE if left else 0):
        made = data.script(names, (2, 1, 0)[number % 3], chance.stream(key, "more", number))
        right = data.opened(made).rows(query)
        told = [miss for miss in left if not same([right], [data.opened(made).rows(miss)])]
        if told:
            found.append(made)
            left = [miss for miss in left if miss not in told]
    return found


def _equal(miss: str, scripts: list[str], expected: list[Any]) -> bool:
    """Whether a near miss gives the same on all of these; most differ on the first."""
    return all(same([right], [data.opened(made).rows(miss)]) for made, right in zip(scripts, expected, strict=True))


@lru_cache(maxsize=64)
def _of_file(path: str, digest: str, folder: str) -> tuple[Case, ...]:
    from lanista.arenas.text_to_sql.files import load

    return load(path, folder).cases


def of_file(config: Config) -> tuple[Case, ...]:
    """The cases of the config's file. Raises UsageError where it cannot be used."""
    return _of_file(str(config.file), str(config.digest), str(config.db))


def prove(seed: int, config: Config) -> int:
    """Prove a generated case in the sandbox: its gold query is right on every database, and every near miss that they
    tell apart is wrong in a game. Returns how many near misses there were.

    Raises LanistaError naming the seed where the case does not stand.
    """
    from lanista.arenas.text_to_sql import runner

    case = deal(seed, config)
    if case.gold is None or case.asked is None:
        return 0
    assert case.names is not None
    names = case.names
    misses = [miss for miss in dict.fromkeys(dict(gold.misses(case.asked, names)).values()) if miss != case.gold]
    count = len(case.databases)
    runs = [(i, query) for query in (case.gold, *misses) for i in range(count)]
    answers = runner.run(runner.request(case.databases, runs))["answers"]
    found = [answers[start : start + count] for start in range(0, len(answers), count)]
    right = [
        not any(each[4] for each in part) and same(case.expected, [runner.rows_of(each) for each in part])
        for part in found
    ]
    scripts = [made for _, made in case.databases]
    unlike = [not _equal(miss, scripts, list(case.expected)) for miss in misses]
    if not right[0] or [not each for each in right[1:]] != unlike:
        raise LanistaError(f"the case of seed {seed} does not stand: {case.id}, {case.question}")
    return sum(unlike)
