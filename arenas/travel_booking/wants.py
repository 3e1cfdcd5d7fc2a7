"""What a case asks for, drawn: wishes, route, days and house rules, and which split they belong to."""

from __future__ import annotations

import random

from lanista.arenas.core import chance
from lanista.arenas.travel_booking.cases import Case, Policy
from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.dates import WEEKDAYS, day, ordinal
from lanista.arenas.travel_booking.offers import PRODUCTS, Flight
from lanista.arenas.travel_booking.wishes import BREAKABLE, LIKES, MUSTS, Wish
from lanista.arenas.travel_booking.world import CITIES, ROUTES, today
from lanista.errors import LanistaError

GOALS = ("cheapest", "fastest", "preferred")
FIRST_DAY, LAST_DAY = ordinal("2025-11-03"), ordinal("2026-02-10")
"""Between which days cases begin: northern winter, so that the map's clocks are right."""
HOLD_MINUTES = {"train": (10, 12, 16), "dev": (11, 14), "test": (13, 15)}
"""Minutes a hold lasts per product to be booked; no split shares one with another."""
TOKEN_MINUTES = {"train": (20, 30, 40), "dev": (25, 35), "test": (22, 32)}
TAXES = {"train": (5, 10), "dev": (8, 12), "test": (7, 15)}
SHARES = {"train": range(0, 14), "dev": range(14, 17), "test": range(17, 20)}
"""Which twentieths of all combinations belong to a split."""


def combination(case: Case) -> tuple[str, ...]:
    """What splits are disjoint by: route, goal, products, kinds of demands and of preferences."""
    spec = case.specs[0]
    return _combination(spec.frm, spec.to, spec.goal, case.needs, spec.musts, (*spec.stated, *case.remembered))


def twentieth(combination: tuple[str, ...]) -> int:
    """Which of twenty equal parts a combination falls into."""
    return chance.key("split", combination) % 20


def reason(config: Config, needs: tuple[str, ...], rng: random.Random) -> str | None:
    if rng.random() >= float(config.infeasible or 0):
        return None
    possible = needs if config.constraints else ()
    return rng.choice(("budget", *possible))


def must_kinds(
    config: Config, needs: tuple[str, ...], reason: str | None, rng: random.Random
) -> tuple[tuple[str, str], ...]:
    """(kind, product) of every demand; where a product is to be the obstacle, one that its whole list can fail."""
    count = int(config.constraints or 0)
    pool = [(kind, name) for name in needs for kind in MUSTS[name]]
    chosen = [(rng.choice(BREAKABLE[reason]), reason)] if reason in PRODUCTS else []
    pool = [each for each in pool if each not in chosen]
    chosen += rng.sample(pool, count - len(chosen))
    return tuple(sorted(chosen))


def like_kinds(
    config: Config, needs: tuple[str, ...], musts: tuple[tuple[str, str], ...], rng: random.Random
) -> tuple[tuple[str, str], ...]:
    taken = {kind for kind, _ in musts}
    pool = [(kind, name) for name in needs for kind in LIKES[name] if kind not in taken]
    return tuple(sorted(rng.sample(pool, min(len(pool), int(config.likes or 0)))))


def _combination(
    frm: str, to: str, goal: str, needs: tuple[str, ...], musts: tuple[Wish, ...], likes: tuple[Wish, ...]
) -> tuple[str, ...]:
    must, like = (sorted({wish.kind for wish in wishes}) for wishes in (musts, likes))
    return (frm, to, goal, str(len(needs)), "must", *must, "like", *like)


def route(
    split: str,
    goal: str,
    needs: tuple[str, ...],
    musts: tuple[tuple[str, str], ...],
    likes: tuple[tuple[str, str], ...],
    rng: random.Random,
) -> tuple[str, str]:
    """The first route from a random start on whose combination with these wishes belongs to the split."""
    start = rng.randrange(len(ROUTES))
    leaves, lands = (any(kind == wanted for kind, _ in musts) for wanted in ("leave_from", "land_at"))
    must = tuple(Wish(kind, name) for kind, name in musts)
    like = tuple(Wish(kind, name) for kind, name in likes)
    for i in range(len(ROUTES)):
        frm, to = ROUTES[(start + i) % len(ROUTES)]
        if (leaves and len(CITIES[frm].airports) < 2) or (lands and len(CITIES[to].airports) < 2):
            continue  # there is no airport to choose
        if twentieth(_combination(frm, to, goal, needs, must, like)) in SHARES[split]:
            return frm, to
    raise LanistaError(f"no route is left in split {split!r} for the wishes {musts} {likes}; please report it")


def policy(split: str, products: int, rng: random.Random) -> Policy:
    return Policy(
        hold=rng.choice(HOLD_MINUTES[split]) * products,
        token=rng.choice(TOKEN_MINUTES[split]),
        retry=rng.choice((2, 3)),
        page=3,
        tax=rng.choice(TAXES[split]),
    )


def dates(clock: int, home: str, rng: random.Random) -> tuple[str, str, str, str]:
    now = today(clock, home)
    form = rng.randrange(4)
    ahead = rng.randrange(2, 8) if form < 2 else rng.randrange(3, 21)
    depart = now + ahead
    name = WEEKDAYS[(depart - 1) % 7]
    depart_say = (f"next {name}", f"next {name}", f"in {ahead} days", day(depart))[form]
    stay = rng.randrange(3, 8)
    back = depart + stay
    back_say = (f"the {WEEKDAYS[(back - 1) % 7]} after", f"{stay} days later", day(back))[rng.randrange(3)]
    return depart_say, day(depart), back_say, day(back)


def preferences(
    kinds: tuple[tuple[str, str], ...], flights: tuple[Flight, ...], to: str, rng: random.Random
) -> tuple[tuple[Wish, ...], tuple[Wish, ...]]:
    """(stated, remembered); now and then a remembered one is out of date, and the stated one overrules it."""
    stated: list[Wish] = []
    remembered: list[Wish] = []
    for kind, name in kinds:
        wish = Wish(kind, name, _taste(kind, flights, rng))
        if rng.random() < 0.5:
            remembered.append(wish)
            continue
        stated.append(wish)
        other = _taste(kind, flights, rng)
        if other != wish.value and rng.random() < 0.5:
            remembered.append(Wish(kind, name, other))
    return tuple(stated), tuple(remembered)


def _taste(kind: str, flights: tuple[Flight, ...], rng: random.Random) -> str | int | None:
    if kind == "airline":
        return rng.choice(flights).airline
    if kind == "area":
        return rng.choice(("centre", "station", "airport"))
    return rng.choice((480, 540, 600)) if kind == "leave_after" else None
