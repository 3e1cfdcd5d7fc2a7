"""Cases: what a traveller wants, what is on sale and under which house rules; seeded, without end, with proof on hand.

A case is made so that it must come out as meant: one offer of every kind (the anchor) meets every hard constraint, the
budget is set from the solver's optimum, an impossible case is made impossible on purpose and for one reason. That it
did come out is checked; a case that did not is an error, never skipped.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from lanista.arenas import chance
from lanista.arenas.travel_booking import solver
from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.dates import WEEKDAYS, day, ordinal
from lanista.arenas.travel_booking.offers import (
    AIRLINES,
    HOTELS,
    MOST,
    PRODUCTS,
    Car,
    Flight,
    Hotel,
    Offer,
    Query,
    cost,
    dated,
    draw_car,
    draw_flight,
    draw_hotel,
    fly,
)
from lanista.arenas.travel_booking.solver import Trip
from lanista.arenas.travel_booking.wishes import BREAKABLE, LIKES, MUSTS, Wish, broken, mended, wish_of
from lanista.arenas.travel_booking.world import CITIES, ROUTES
from lanista.errors import LanistaError

GOALS = ("cheapest", "fastest", "preferred")
FIRST_DAY, LAST_DAY = ordinal("2025-11-03"), ordinal("2026-02-10")


class Policy(NamedTuple):
    """The house rules of a case's services."""

    hold: int
    """Minutes a hold lasts."""
    token: int
    """Minutes a token lasts."""
    retry: int
    """Minutes of a Retry-After."""
    page: int
    """Options on a page of results."""
    tax: int
    """City tax on hotels, percent."""


HOLD_MINUTES = {"train": (10, 12, 16), "dev": (11, 14), "test": (13, 15)}
"""Minutes a hold lasts per product to be booked; no split shares one with another."""
TOKEN_MINUTES = {"train": (20, 30, 40), "dev": (25, 35), "test": (22, 32)}
TAXES = {"train": (5, 10), "dev": (8, 12), "test": (7, 15)}
SHARES = {"train": range(0, 14), "dev": range(14, 17), "test": range(17, 20)}
"""Which twentieths of all combinations belong to a split."""


class Spec(NamedTuple):
    """What the traveller wants. Dates are ISO; ``*_say`` is how they were said."""

    goal: str
    frm: str
    to: str
    depart_say: str
    depart: str
    back_say: str
    back: str
    budget: int
    musts: tuple[Wish, ...]
    stated: tuple[Wish, ...]
    likes: tuple[Wish, ...]
    """The preferences that count: those stated, and those remembered that no stated one and no demand overrules."""

    @property
    def flights(self) -> Query:
        """The list of flights between the cities on the traveller's dates."""
        return ("F", self.frm, self.to, self.depart, self.back)

    @property
    def bag(self) -> bool:
        """Whether a checked bag is taken, and paid for."""
        return any(wish.kind == "bag" for wish in self.musts)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Case:
    """One task. ``specs`` holds what is wanted first and, where the traveller changes their mind, afterwards."""

    key: int
    split: str
    policy: Policy
    error_rate: float
    clock: int
    """Minutes since the beginning of year 1, UTC, when the game begins."""
    home: str
    """The traveller's currency."""
    needs: tuple[str, ...]
    specs: tuple[Spec, ...]
    change: str | None
    """What changes: ``back``, ``budget``, ``goal``, ``must``; None where nothing does."""
    held: tuple[Wish, ...]
    """Hard constraints that are told only when they are asked for, or missed."""
    remembered: tuple[Wish, ...]
    last_trip: tuple[str, str]
    """City and airline of the traveller's last trip: history that decides nothing."""
    careful: bool
    """Whether the traveller looks a proposal over before saying yes."""
    style: int
    """Which wording the traveller uses."""
    lists: dict[Query, tuple[Offer, ...]] = field(repr=False)
    """The flights of each spec's own dates."""
    hotels: tuple[Hotel, ...]
    """What the city has, without dates."""
    cars: tuple[Car, ...]
    """What every airport of the city has, without dates."""
    reason: str | None
    """Why the case is impossible; None where it is not."""
    best: tuple[Trip | None, ...] = ()
    """The best trip for each spec, at the prices of the first minute; it stays the best, whatever prices do."""
    moves: frozenset[int] = frozenset()
    """The minutes at which prices move."""

    def shelf(self, query: Query) -> tuple[Offer, ...]:
        """The list of a query, in the services' own order."""
        return _shelf(self, query)

    @property
    def topics(self) -> tuple[str, ...]:
        """The products about which something is held back."""
        return tuple(name for name in self.needs if any(wish.product == name for wish in self.held))


def combination(case: Case) -> tuple[str, ...]:
    """What splits are disjoint by: route, goal, products, kinds of demands and of preferences."""
    spec = case.specs[0]
    return _combination(spec.frm, spec.to, spec.goal, case.needs, spec.musts, (*spec.stated, *case.remembered))


def twentieth(combination: tuple[str, ...]) -> int:
    """Which of twenty equal parts a combination falls into."""
    return chance.key("split", combination) % 20


def generate(config: Config, seed: int) -> Case:
    """The case of a seed. Raises LanistaError where it did not come out as it was meant to."""
    key = chance.key("travel_booking", config.split, seed)
    rng = chance.stream(key, "case")
    needs = PRODUCTS[: config.horizon]
    reason = _reason(config, needs, rng)
    kinds = _must_kinds(config, needs, reason, rng)
    likes = _like_kinds(config, needs, kinds, rng)
    goal = rng.choice(GOALS if likes else GOALS[:2])
    frm, to = _route(config.split, goal, needs, kinds, likes, rng)
    clock = rng.randrange(FIRST_DAY * 1440, LAST_DAY * 1440)
    policy = _policy(config.split, len(needs), rng)
    depart_say, depart, back_say, back = _dates(clock, frm, rng)
    query = ("F", frm, to, depart, back)
    count = min(MOST, 3 + int(config.distractors or 0))
    drift = float(config.drift or 0)
    flights = _flights(query, kinds, count, drift, rng)
    hotels = _hotels(to, policy, kinds, count, drift, rng) if "hotel" in needs else ()
    cars = _cars(to, kinds, count, drift, rng) if "car" in needs else ()
    anchors: dict[str, Offer] = {"flight": flights[0]}
    if hotels:
        anchors["hotel"] = hotels[0]
    if cars:
        anchors["car"] = cars[0]
    musts = tuple(wish_of(kind, anchors[name]) for kind, name in kinds)
    musts = tuple(_avoid(wish, flights, rng) if wish.kind == "not_airline" else wish for wish in musts)
    if reason in PRODUCTS:
        flights, hotels, cars = _spoil(reason, query, musts, flights, hotels, cars)
    flights, hotels, cars = _shuffled(flights, rng), _shuffled(hotels, rng), _shuffled(cars, rng)
    stated, remembered = _preferences(likes, flights, to, rng)
    spec = Spec(
        goal, frm, to, depart_say, depart, back_say, back, 1 << 40, musts, stated, counted(musts, stated, remembered)
    )
    case = Case(
        key=key,
        split=config.split,
        policy=policy,
        error_rate=float(config.error_rate or 0),
        clock=clock,
        home=CITIES[frm].currency,
        needs=needs,
        specs=(spec,),
        change=None,
        held=tuple(wish for wish in musts if rng.random() >= float(config.cooperativeness or 0)),
        remembered=remembered,
        last_trip=(rng.choice([code for code in CITIES if code not in (frm, to)]), rng.choice(AIRLINES)),
        careful=rng.random() < 0.5,
        style=rng.randrange(3),
        lists={query: flights},
        hotels=hotels,
        cars=cars,
        reason=reason,
    )
    case = _funded(case, reason, rng)
    if reason is None and rng.random() < float(config.fickle or 0):
        case = _changed(case, count, drift, rng)
    return finished(case)


def finished(case: Case) -> Case:
    """The case with its best trips, which stay the best however prices move while people work.

    Prices only rise. The best trip's own keep still where their rise would let another trip, at the prices of the
    first minute, pass it by, or would break the budget. Raises LanistaError where the case is not as it was meant.
    """
    for spec in case.specs:
        best = solver.best(case, spec, 0)
        if best is not None and _overtaken(case, spec, best):
            case = _still(case, best)
        case = replace(case, best=(*case.best, best))
        found = solver.obstacle(case, spec) if best is None else None
        if found != case.reason:
            raise LanistaError(
                f"the travel case with key {case.key} was meant to meet {case.reason!r} and meets {found!r}: "
                "a fault of the generator, please report it"
            )
    offers = itertools.chain(*case.lists.values(), case.hotels, case.cars)
    return replace(case, moves=frozenset(offer.moved_at for offer in offers if offer.moved and offer.moved_at))


def _overtaken(case: Case, spec: Spec, best: Trip) -> bool:
    """Whether the best trip's price could rise past another trip, or past the budget."""
    offers = [case.shelf(query)[i] for query, i in best.places]
    moving = [offer for offer in offers if offer.moved and offer.moved_at]
    if not moving:
        return False
    rise = sum(cost(o, case.home, spec.bag, solver.LATE) - cost(o, case.home, spec.bag, 0) for o in moving)
    late = best._replace(cost=best.cost + rise)
    rivals = [t for t in solver.trips(case, spec, 0) if t.places != best.places and t.cost <= spec.budget]
    return late.cost > spec.budget or any(solver.rank(spec.goal, t) < solver.rank(spec.goal, late) for t in rivals)


# What is wanted


def _reason(config: Config, needs: tuple[str, ...], rng: random.Random) -> str | None:
    if rng.random() >= float(config.infeasible or 0):
        return None
    possible = needs if config.constraints else ()
    return rng.choice(("budget", *possible))


def _must_kinds(
    config: Config, needs: tuple[str, ...], reason: str | None, rng: random.Random
) -> tuple[tuple[str, str], ...]:
    """(kind, product) of every demand; where a product is to be the obstacle, one that its whole list can fail."""
    count = int(config.constraints or 0)
    pool = [(kind, name) for name in needs for kind in MUSTS[name]]
    chosen = [(rng.choice(BREAKABLE[reason]), reason)] if reason in PRODUCTS else []
    pool = [each for each in pool if each not in chosen]
    chosen += rng.sample(pool, count - len(chosen))
    return tuple(sorted(chosen))


def _like_kinds(
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


def _route(
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


def _policy(split: str, products: int, rng: random.Random) -> Policy:
    return Policy(
        hold=rng.choice(HOLD_MINUTES[split]) * products,
        token=rng.choice(TOKEN_MINUTES[split]),
        retry=rng.choice((2, 3)),
        page=3,
        tax=rng.choice(TAXES[split]),
    )


def today(clock: int, city: str) -> int:
    """The calendar day there is in a city, as a proleptic ordinal."""
    return (clock + CITIES[city].offset) // 1440


def _dates(clock: int, home: str, rng: random.Random) -> tuple[str, str, str, str]:
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


def _preferences(
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


def counted(musts: tuple[Wish, ...], stated: tuple[Wish, ...], remembered: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """The preferences that count: those stated, and those remembered that no stated one and no demand overrules."""
    over = {wish.kind for wish in (*musts, *stated)}
    return (*stated, *(wish for wish in remembered if wish.kind not in over))


def _avoid(wish: Wish, flights: tuple[Flight, ...], rng: random.Random) -> Wish:
    """Which airline is not wanted: one that flies there, and not that of the anchor, which comes first."""
    others = sorted({flight.airline for flight in flights} - {flights[0].airline})
    return wish._replace(value=rng.choice(others or [name for name in AIRLINES if name != flights[0].airline]))


# What is on sale


def _drifted(offer: Offer, drift: float, rng: random.Random, safe: bool = False) -> dict[str, Any]:
    if rng.random() >= drift:
        return {}
    way = rng.randrange(3)
    if way == 0 and not safe:
        return {"gone": True}
    return {
        "moved": max(1, offer.price * rng.randrange(5, 26) // 100),
        "moved_at": 0 if way < 2 else rng.randrange(5, 30),
    }


def _flights(
    query: Query, kinds: tuple[tuple[str, str], ...], count: int, drift: float, rng: random.Random
) -> tuple[Flight, ...]:
    """A list of flights, the first of which is the anchor."""
    wanted = tuple(kind for kind, name in kinds if name == "flight")
    made = [draw_flight(query, rng) for _ in range(count)]
    made[0] = _mend_flight(made[0], query, wanted)
    return tuple(f._replace(**_drifted(f, drift, rng, i == 0)) for i, f in enumerate(made))


def _mend_flight(flight: Flight, query: Query, wanted: tuple[str, ...]) -> Flight:
    if "direct" in wanted and flight.stops:
        flight = _with_stops(flight, query, 0)
    return flight._replace(**mended(flight, wanted))


def _with_stops(flight: Flight, query: Query, stops: int) -> Flight:
    rest = {"bag": flight.bag, "refund": flight.refund, "price": flight.price}
    rest |= {"moved": flight.moved, "moved_at": flight.moved_at, "gone": flight.gone}
    return fly(query, flight.airline, flight.start, flight.end, flight.departs_at, stops, flight.back_at, rest)


def _hotels(
    city: str, policy: Policy, kinds: tuple[tuple[str, str], ...], count: int, drift: float, rng: random.Random
) -> tuple[Hotel, ...]:
    wanted = tuple(kind for kind, name in kinds if name == "hotel")
    names = rng.sample(HOTELS, count)
    made = [draw_hotel(city, rng)._replace(hotel=name, tax=policy.tax) for name in names]
    if "stars" in wanted and made[0].stars < 3:
        made[0] = made[0]._replace(stars=3)
    made[0] = made[0]._replace(**mended(made[0], wanted))
    return tuple(h._replace(**_drifted(h, drift, rng, i == 0)) for i, h in enumerate(made))


def _cars(
    city: str, kinds: tuple[tuple[str, str], ...], count: int, drift: float, rng: random.Random
) -> tuple[Car, ...]:
    wanted = tuple(kind for kind, name in kinds if name == "car")
    made = [draw_car(CITIES[city].airports[0], rng) for _ in range(min(count, 4))]
    if "seats" in wanted and made[0].seats < 5:
        made[0] = made[0]._replace(seats=5)
    made[0] = made[0]._replace(**mended(made[0], wanted))
    return tuple(c._replace(**_drifted(c, drift, rng, i == 0)) for i, c in enumerate(made))


def _spoil(
    reason: str,
    query: Query,
    musts: tuple[Wish, ...],
    flights: tuple[Flight, ...],
    hotels: tuple[Hotel, ...],
    cars: tuple[Car, ...],
) -> tuple[tuple[Flight, ...], tuple[Hotel, ...], tuple[Car, ...]]:
    """The lists with one breakable demand on the product met by nothing."""
    wish = next(wish for wish in musts if wish.product == reason and wish.kind in BREAKABLE[reason])
    if wish.kind == "direct":
        return tuple(_with_stops(f, query, max(1, f.stops)) for f in flights), hotels, cars
    if reason == "flight":
        return tuple(f._replace(**broken(f, wish.kind, wish.value)) for f in flights), hotels, cars
    if reason == "hotel":
        return flights, tuple(h._replace(**broken(h, wish.kind, wish.value)) for h in hotels), cars
    return flights, hotels, tuple(c._replace(**broken(c, wish.kind, wish.value)) for c in cars)


_AnyOffer = TypeVar("_AnyOffer", Flight, Hotel, Car)


def _shuffled(offers: tuple[_AnyOffer, ...], rng: random.Random) -> tuple[_AnyOffer, ...]:
    mixed = list(offers)
    rng.shuffle(mixed)
    return tuple(mixed)


@lru_cache(maxsize=1 << 13)
def _shelf(case: Case, query: Query) -> tuple[Offer, ...]:
    kind = query[0]
    if kind == "F":
        listed = case.lists.get(query)
        return listed if listed is not None else _other_flights(case, query)
    if kind == "H":
        base: tuple[Offer, ...] = case.hotels if query[1] == case.specs[0].to else ()
        base = base or _other_hotels(case, query[1])
    else:
        base = case.cars if query[1] in CITIES[case.specs[0].to].airports else ()
        base = tuple(car._replace(place=query[1]) for car in base if isinstance(car, Car)) or _other_cars(
            case, query[1]
        )
    return tuple(dated(offer, query) for offer in base)


def _other_flights(case: Case, query: Query) -> tuple[Offer, ...]:
    rng = chance.stream(case.key, f"shelf {query}")
    return tuple(draw_flight(query, rng) for _ in range(len(case.lists[case.specs[0].flights])))


def _other_hotels(case: Case, city: str) -> tuple[Offer, ...]:
    rng = chance.stream(case.key, f"hotels {city}")
    return tuple(draw_hotel(city, rng)._replace(hotel=name, tax=case.policy.tax) for name in rng.sample(HOTELS, 3))


def _other_cars(case: Case, airport: str) -> tuple[Offer, ...]:
    rng = chance.stream(case.key, f"cars {airport}")
    return tuple(draw_car(airport, rng) for _ in range(3))


# What it may cost


def _tens(amount: int) -> int:
    return -(-amount // 10) * 10


def _funded(case: Case, reason: str | None, rng: random.Random) -> Case:
    """The case with the budget that makes it possible, tightly or with room to save, or impossible."""
    spec = case.specs[0]
    if reason in PRODUCTS:
        price = case.shelf(spec.flights)[0].price
        budget = _tens(price * rng.randrange(120, 200) // 100) * len(case.needs)
    elif reason == "budget":
        least = min(trip.cost for trip in solver.trips(case, spec, 0))
        budget = (least - 1) * rng.randrange(70, 96) // 100 // 5 * 5
    else:
        found = list(solver.trips(case, spec, solver.LATE))
        least = min(trip.cost for trip in found)
        wanted = min(found, key=lambda trip: solver.rank(spec.goal, trip)).cost
        if wanted > least and rng.random() < 0.3:
            wanted = (least + wanted) // 2  # the best of all is out of reach
        budget = _tens(wanted * (rng.randrange(100, 116) if rng.random() < 0.5 else rng.randrange(126, 151)) // 100)
    return replace(case, specs=(spec._replace(budget=budget),))


def _changed(case: Case, count: int, drift: float, rng: random.Random) -> Case:
    """The case with a second wish, possible too."""
    spec = case.specs[0]
    before = solver.best(case, spec, solver.LATE)
    assert before is not None
    change = rng.choice(("back", "budget", "goal", "must"))
    lists, after = case.lists, spec
    chosen = [case.shelf(query)[i] for query, i in before.places]
    if change == "must":
        taken = {wish.kind for wish in spec.musts}
        more = [wish for offer, name in zip(chosen, case.needs, strict=True) for kind in MUSTS[name]
                if kind not in taken and kind != "not_airline"
                and (wish := wish_of(kind, offer)).met(offer)]  # fmt: skip
        if not more:
            change = "budget"
        else:
            musts = (*spec.musts, rng.choice(more))
            after = spec._replace(musts=musts, likes=counted(musts, spec.stated, case.remembered))
    if change == "goal":
        goals = [goal for goal in (GOALS if spec.likes else GOALS[:2]) if goal != spec.goal]
        after = spec._replace(goal=rng.choice(goals))
    if change == "back":
        later = day(ordinal(spec.back) + rng.randrange(1, 3))
        after = spec._replace(back=later, back_say=later)
        flight = chosen[0]
        assert isinstance(flight, Flight)
        fresh = [draw_flight(after.flights, rng) for _ in range(count - 1)]
        fresh = [f._replace(**_drifted(f, drift, rng)) for f in fresh]
        lists = {**lists, after.flights: _shuffled((flight._replace(back=later), *fresh), rng)}
    two = replace(case, specs=(spec, after), lists=lists, change=change)
    least = min(trip.cost for trip in solver.trips(two, after._replace(budget=1 << 40), solver.LATE))
    budget = spec.budget
    if change == "budget":
        lower = _tens(least * rng.randrange(100, 111) // 100)
        budget = lower if lower < spec.budget else _tens(spec.budget * 6 // 5)
    elif least > budget:
        budget = _tens(least * 21 // 20)
    return replace(two, specs=(spec, after._replace(budget=budget)))


def _still(case: Case, trip: Trip) -> Case:
    """The case in which the prices of a trip's offers do not move while people work."""
    lists, hotels, cars = dict(case.lists), list(case.hotels), list(case.cars)
    for query, i in trip.places:
        if query[0] == "F":
            lists[query] = tuple(_at_once(offer) if k == i else offer for k, offer in enumerate(lists[query]))
        elif query[0] == "H":
            hotels[i] = _at_once(hotels[i])
        else:
            cars[i] = _at_once(cars[i])
    return replace(case, lists=lists, hotels=tuple(hotels), cars=tuple(cars))


def _at_once(offer: Any) -> Any:
    return offer._replace(moved=0) if offer.moved_at else offer
