"""What a journey asks for, drawn: the party, the route, the days, the wishes, and which split they belong to."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.dates import WEEKDAYS, day
from lanista.arenas.travel_booking.journeys.cases import House, Hub, Journey, Leg, Person, Stay
from lanista.arenas.travel_booking.journeys.places import HUBS, PACIFIC, PASSPORTS, PLACES, today
from lanista.arenas.travel_booking.journeys.wishes import LIKE_FLIGHTS, MUST_FLIGHTS, ROOMS, Wish
from lanista.arenas.travel_booking.offers import AIRLINES, AREAS
from lanista.arenas.travel_booking.wants import SHARES, TAXES, TOKEN_MINUTES, twentieth
from lanista.errors import LanistaError

NAMES = ("Ada", "Ben", "Cleo", "Dov", "Ema", "Finn", "Gro", "Hal", "Ines", "Jun", "Kaj", "Lea")
Kind = tuple[str, int]
"""A demand: its kind, and the flight or stay it is about."""


def combination(case: Journey) -> tuple[str, ...]:
    """What splits are disjoint by: cities in order, goal, kinds of demands and of likes."""
    cities = [case.terms.legs[0].frm, *(stay.city for stay in case.terms.stays)]
    if not case.terms.stays:
        cities += [leg.to for leg in case.terms.legs[:-1]]
    return _combination(cities, case.terms.goal, {w.kind for w in case.musts}, {w.kind for w in case.likes})


def _combination(cities: Sequence[str], goal: str, musts: set[str], likes: set[str]) -> tuple[str, ...]:
    return (*cities, goal, "must", *sorted(musts), "like", *sorted(likes))


def cities(
    config: Config, goal: str, musts: set[str], likes: set[str], jaw: bool, rng: random.Random
) -> tuple[str, ...]:
    """Home and the cities visited, of the config's split. With borders every other journey crosses the Pacific."""
    count = int(config.legs or 2)
    far = bool(config.borders) and rng.random() < 0.5
    for _ in range(400):
        pool = list(PACIFIC if far else PLACES)
        found = rng.sample(pool, count)
        if PLACES[found[0]].currency == "JPY":
            continue
        if twentieth(_combination(found, goal, musts, likes)) in SHARES[config.split]:
            return tuple(found)
    raise LanistaError(f"no route is left in split {config.split!r} for the wishes {musts} {likes}; please report it")


def house(split: str, rng: random.Random) -> House:
    """House rules, which no two splits share."""
    return House(rng.choice(TOKEN_MINUTES[split]), rng.choice((2, 3)), 6, rng.choice(TAXES[split]))


def party(count: int, rng: random.Random) -> list[Person]:
    """So many people: the first is grown up, the others are of any age; files without likes yet."""
    found = []
    for i, name in enumerate(rng.sample(NAMES, count)):
        age = rng.randrange(22, 76) if i == 0 or rng.random() < 0.6 else rng.randrange(0, 16)
        card = rng.choice(AIRLINES[:4]) if age >= 16 and rng.random() < 0.6 else ""
        found.append(Person(name, age, rng.choice(PASSPORTS), card, ()))
    return found


def itinerary(
    route: tuple[str, ...], jaw: bool, hotels: bool, clock: int, rng: random.Random
) -> tuple[tuple[Leg, ...], tuple[Stay, ...]]:
    """The flights and the stays between them; with ``jaw`` the party goes from the first city to the second alone."""
    home, visited = route[0], route[1:]
    leaves = today(clock, home) + rng.randrange(4, 20)
    legs = [Leg(home, visited[0], day(leaves), _first(leaves, today(clock, home), rng))]
    stays: list[Stay] = []
    now, begin = leaves, ""
    for i, city in enumerate(visited):
        before, now = now, now + rng.randrange(4, 7)
        lands = -1 if begin else len(legs) - 1
        last = i == len(visited) - 1
        if jaw and i == 0:
            stays.append(Stay(city, lands, begin, -1, day(now)))
            begin = day(now)
            continue
        since = before if not (jaw and i == 1) else leaves
        stays.append(Stay(city, lands, begin, len(legs), ""))
        legs.append(Leg(city, home if last else visited[i + 1], day(now), _later(now, since, rng)))
        begin = ""
    return tuple(legs), tuple(stays) if hotels else ()


def _first(leaves: int, now: int, rng: random.Random) -> str:
    ahead = leaves - now
    if ahead < 8 and rng.random() < 0.5:
        return f"next {WEEKDAYS[(leaves - 1) % 7]}"
    return f"in {ahead} days" if rng.random() < 0.5 else day(leaves)


def _later(now: int, since: int, rng: random.Random) -> str:
    forms = [f"{now - since} days later", day(now)]
    if now - since <= 7:
        forms.append(f"the {WEEKDAYS[(now - 1) % 7]} after")
    return rng.choice(forms)


def must_kinds(count: int, flights: int, stays: int, rng: random.Random) -> list[Kind]:
    """Demands by flight and stay; nobody has to leave both early and late."""
    pool = [(kind, i) for i in range(flights) for kind in MUST_FLIGHTS]
    pool += [(kind, i) for i in range(stays) for kind in ROOMS]
    rng.shuffle(pool)
    chosen: list[Kind] = []
    for kind, at in pool:
        other = {"after": "before", "before": "after"}.get(kind)
        if len(chosen) < count and (other, at) not in chosen:
            chosen.append((kind, at))
    return chosen


def like_kinds(count: int, people: int, hotels: bool, rng: random.Random) -> list[list[tuple[str, str | int | None]]]:
    """(kind, value) of every person's likes; the second often wants the contrary of the first."""
    pool = [*LIKE_FLIGHTS, *(ROOMS if hotels else ())]
    found: list[list[tuple[str, str | int | None]]] = []
    for person in range(people):
        kinds = rng.sample(pool, min(len(pool), count))
        mine = [(kind, taste(kind, rng)) for kind in kinds]
        if person and found[0] and mine and rng.random() < 0.6:
            mine[0] = _contrary(found[0][0], rng)
        found.append(list(dict(mine).items()))
    return found


def taste(kind: str, rng: random.Random) -> str | int | None:
    """A value for a like of that kind."""
    if kind == "airline":
        return rng.choice(AIRLINES[:4])
    if kind == "area":
        return rng.choice(AREAS)
    return {"after": rng.choice((780, 840, 900)), "before": rng.choice((600, 660, 720)), "stars": 4}.get(kind)


def _contrary(like: tuple[str, str | int | None], rng: random.Random) -> tuple[str, str | int | None]:
    kind, value = like
    if kind in ("after", "before"):
        other = "before" if kind == "after" else "after"
        return other, taste(other, rng)
    pool = AIRLINES[:4] if kind == "airline" else AREAS
    return (kind, rng.choice([each for each in pool if each != value])) if kind in ("airline", "area") else like


def files(
    people: list[Person], likes: tuple[Wish, ...], share: float, hotels: bool, rng: random.Random
) -> tuple[Person, ...]:
    """The people with what their files say they like: often something more, and so often something out of date."""
    found = []
    for person in people:
        mine = [wish for wish in likes if wish.who == person.name]
        stored = []
        for wish in mine:
            if wish.kind in ("airline", "area") and rng.random() < share:
                value = next(v for _ in range(50) if (v := taste(wish.kind, rng)) != wish.value)
                stored.append(Wish(wish.kind, person.name, -1, value))
        said = {wish.kind for wish in mine}
        free = [kind for kind in (*LIKE_FLIGHTS, *(ROOMS if hotels else ())) if kind not in said]
        if free and rng.random() < 0.5:
            kind = rng.choice(free)
            stored.append(Wish(kind, person.name, -1, taste(kind, rng)))
        found.append(person._replace(stored=tuple(stored)))
    return tuple(found)


def hubs(borders: bool, rng: random.Random) -> tuple[Hub, ...]:
    """The cities where flights stop, with what holds there for changing planes."""
    found = []
    for city in HUBS:
        minimum, visas = rng.choice((45, 60, 75, 90, 120)), tuple(sorted(rng.sample(PASSPORTS, rng.randrange(0, 3))))
        found.append(Hub(city, minimum if borders else 0, visas if borders else ()))
    return tuple(found)
