"""The wording of travel booking: events and asks into lines, replies into calls.

Lines are short and regular, so that a small model can read a whole case: one option a line, ids before all else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from lanista.arenas.core.contract import Ask, Event, Illegal
from lanista.arenas.core.tools import BadCall, Call, Tool, example, parse
from lanista.arenas.core.wrappings import CALLS
from lanista.arenas.travel_booking.calls import AGENCY, SEARCH, TRAVELLER, tools
from lanista.arenas.travel_booking.journeys import words as journeys
from lanista.arenas.travel_booking.journeys.calls import tools as journey_tools
from lanista.arenas.travel_booking.world import CITIES

_LONG = 400
"""Characters of a reply over which reading it is not remembered."""


class TravelWords:
    """See ``lanista.arenas.core.contract.Words``."""

    def show(self, event: Event) -> str:
        show = _SHOW.get(event.kind) or journeys.SHOW[event.kind]
        return show(event.data)

    def ask(self, ask: Ask) -> str:
        data = dict(ask.data)
        token = f", {data['token']}" if data["token"] else ""
        head = f"{ask.seat}, {data['clock']}{token}, turn {data['turn'] + 1} of {data['of']}: "
        if ask.kind == "tell":
            return f"{head}the agency asks about the {data['about']}. Reply tell."
        if ask.kind == "answer":
            return f"{head}do you agree? Reply {', '.join(str(move) for move in ask.choices)}."
        return head + "one call."

    def read(self, ask: Ask, reply: str) -> Any | Illegal:
        products = dict(ask.data)["products"]
        found = _kept(ask.kind, products, reply) if len(reply) <= _LONG else parse(reply, self.tools(ask))
        if ask.complete and not isinstance(found, Illegal):
            move = found if isinstance(found, Call) else None
            if move not in ask.choices:
                return Illegal(f"reply one of: {', '.join(str(choice) for choice in ask.choices)}")
        return found

    def tools(self, ask: Ask) -> Mapping[str, Tool]:
        """What may be called."""
        return _tools(ask.kind, dict(ask.data)["products"])

    def wrappings(self, ask: Ask) -> frozenset[str]:
        """What a reply is read out of."""
        return CALLS

    def write(self, ask: Ask, move: Any) -> str:
        """The call in full; a traveller, who speaks and uses no service, says what takes no argument as a bare word."""
        if ask.seat == TRAVELLER and isinstance(move, Call) and move.arguments == "{}":
            return move.tool
        return str(move)


@lru_cache(maxsize=1 << 15)
def _kept(kind: str, products: int, reply: str) -> Call | BadCall | Illegal:
    return parse(reply, _tools(kind, products))


def _tools(kind: str, products: int) -> Mapping[str, Tool]:
    return journey_tools(kind) or tools(kind, products)


# The table

_DUTIES = {
    1: (
        "Find what fits, on the right days, and pass it on.",
        "Rank trips: what must be, then the goal. cheapest: the least cost, fees included, then the most likes. "
        "fastest: the least travelling time, then cost. preferred: the most likes met, stated or remembered (stated "
        "overrules), then cost.",
        "Hold, ask the traveller to confirm the total, book each hold with a key, then done. Pay only what was "
        "agreed. Say impossible only if it is.",
    ),
    2: ("A hotel is from the day of landing to the day of return.", "A trip is one of each product.", ""),
    3: ("A car is at the airport of landing, from the day of landing to the day of return.", "", ""),
}


def _show_brief(data: Mapping[str, Any]) -> str:
    seat, products = data["seat"], data["products"]
    i = AGENCY.index(seat)
    begins = f"{data['date']} {data['clock']}"
    if data["short"]:
        hold = f", a hold lasts {data['hold']} minutes" if i == 2 else ""
        return f"{seat}. From {begins}{hold}."
    duty = " ".join(_DUTIES[n][i] for n in range(1, products + 1) if _DUTIES[n][i])
    lines = [
        f"A travel agency: search_0 finds, comparison_0 ranks, booking_0 books. You are {seat}. {duty}",
        f"The case begins {begins}. A call takes a minute; {data['limit']} turns in all. Services need a token."
        + (f" A hold lasts {data['hold']} minutes." if i == 2 else ""),
        _calls(("search", "comparison", "booking")[i], products),
    ]
    return "\n".join(lines)


@cache
def _calls(kind: str, products: int) -> str:
    able = tools(kind, products)
    head = f"Reply with one call and nothing else, such as {example(able)}. Your calls (? may be left out):"
    return "\n".join([head, *(tool.signature for tool in able.values())])


def _show_wishes(data: Mapping[str, Any]) -> str:
    lines = ["You are traveller_0: the agency books your trip. You know what you want."]
    lines += _must(data["musts"], "All that must be") + _like(data["likes"])
    if data["change"] is not None:
        lines.append(f"You may change your mind once: {_news(data['change'])}.")
    return "\n".join(lines)


_OPENERS = (
    "Traveller: I want the {goal} trip",
    "Traveller: Please find me the {goal} trip",
    "Traveller: We look for the {goal} trip",
)


def _show_request(data: Mapping[str, Any]) -> str:
    first = (
        f"{_OPENERS[data['style']].format(goal=data['goal'])} from {_city(data['from'])} to {_city(data['to'])}, "
        f"leaving {data['depart']}, back {data['back']}: {', '.join(data['needs'])}. "
        f"Budget {data['budget']} {data['currency']} in all."
    )
    lines = [first, *_must(data["musts"], "It must have"), *_like(data["likes"])]
    if data["ask"]:
        lines.append(f"Ask me about: {', '.join(data['ask'])}.")
    return "\n".join(lines)


def _city(code: str) -> str:
    return f"{CITIES[code].name} ({code})"


def _must(musts: Iterable[Any], lead: str) -> list[str]:
    said = "; ".join(_wish(*wish) for wish in musts)
    return [f"{lead}: {said}."] if said else []


def _like(likes: Iterable[Any]) -> list[str]:
    said = "; ".join(_wish(*wish) for wish in likes)
    return [f"I like: {said}."] if said else []


def _time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


_WISHES: dict[str, Callable[[Any], str]] = {
    "direct": lambda v: "a direct flight",
    "land_at": lambda v: f"landing at {v}",
    "leave_from": lambda v: f"leaving from {v}",
    "leave_after": lambda v: f"leaving at {_time(v)} or later",
    "land_by": lambda v: f"landed by {v}",
    "bag": lambda v: "a checked bag",
    "airline": lambda v: f"flying {v}",
    "not_airline": lambda v: f"not flying {v}",
    "stars": lambda v: f"a hotel of {v} stars or more",
    "breakfast": lambda v: "a hotel with breakfast",
    "area": lambda v: f"a hotel at the {v}",
    "automatic": lambda v: "an automatic car",
    "seats": lambda v: f"a car of {v} seats or more",
    "refund_flight": lambda v: "a flight with free refund",
    "refund_hotel": lambda v: "a hotel with free refund",
    "refund_car": lambda v: "a car with free refund",
}


def _wish(kind: str, product: str, value: Any) -> str:
    return _WISHES[kind](value)


def _show_case(data: Mapping[str, Any]) -> str:
    if data["impossible"]:
        return f"No trip is possible, because of the {data['impossible']}."
    best = ", then ".join(f"{trip['cost']}" for trip in data["best"])
    change = f"; the traveller will change the {data['change']}" if data["change"] else ""
    return f"The best trip costs {best}{change}."


# What services say


def _flight(o: Mapping[str, Any], days: bool) -> str:
    stops = "direct" if o["stops"] == 0 else "1 stop" if o["stops"] == 1 else f"{o['stops']} stops"
    bag = f"bag {o['bag']}" if o["bag"] >= 0 else "no bags"
    depart, back = (f"{o['depart']} ", f"{o['back']} ") if days else ("", "")
    return (
        f"{o['airline']} {o['price']}, {o['start']} {depart}{_time(o['departs_at'])} > {o['end']} {o['arrive']} "
        f"{_time(o['arrives_at'])}, {stops}, back {back}{_time(o['back_at'])}, "
        f"{o['minutes'] // 60}h{o['minutes'] % 60:02d}, {bag}, refund {o['refund']}"
    )


def _hotel(o: Mapping[str, Any], days: bool) -> str:
    night, where = (" a night", f", {o['city']} {o['check_in']} to {o['check_out']}") if days else ("", "")
    return (
        f"{o['hotel']} {o['price']} {o['currency']}{night} + {o['tax']}%{where}, {o['stars']} stars, {o['area']}, "
        f"{'breakfast' if o['breakfast'] else 'no breakfast'}, refund {o['refund']}"
    )


def _car(o: Mapping[str, Any], days: bool) -> str:
    day, where = (" a day", f", {o['place']} {o['pick_up']} to {o['drop_off']}") if days else ("", "")
    return (
        f"{o['price']} {o['currency']}{day} + {o['fee']} fee{where}, {o['seats']} seats, "
        f"{'automatic' if o['automatic'] else 'manual'}, refund {o['refund']}"
    )


def _option(o: Mapping[str, Any], days: bool = True) -> str:
    line = _flight(o, days) if "airline" in o else _hotel(o, days) if "hotel" in o else _car(o, days)
    return f"{o['id']} {line}" if "id" in o else line


_PER = {"flight": "", "hotel": ", a night + tax", "car": ", a day + fee"}


def _show_found(data: Mapping[str, Any]) -> str:
    """One page of a list; what all its options share, places and days, stands once in its head."""
    query, product = data["query"], data["product"]
    where = " to ".join(data["asked"])
    head = f"{product.capitalize()}s {where}, {query[-2]} to {query[-1]}"
    if not data["options"]:
        return f"{head}: none."
    lines = (_option(option, False) for option in data["options"])
    return "\n".join([f"{head}{_PER[product]}, page {data['page']} of {data['pages']}:", *lines])


def _show_error(data: Mapping[str, Any]) -> str:
    return f"Error {data['status']} {data['code']}: {data['message']}."


def _show_quoted(data: Mapping[str, Any]) -> str:
    costs = ", ".join(f"{each['id']} {each['cost']}" for each in data["costs"])
    bag = " with a bag" if data["bag"] else ""
    return f"Costs now{bag}, {data['currency']}: {costs}. Together {data['total']}."


def _show_profile(data: Mapping[str, Any]) -> str:
    likes = "; ".join(_wish(*wish) for wish in data["likes"]) or "nothing"
    city, airline = data["last_trip"]
    return f"Remembered likes: {likes}. Last trip: {city} with {airline}."


def _show_ranked(data: Mapping[str, Any]) -> str:
    trips = ", then ".join(" + ".join(trip) for trip in data["trips"])
    because = f" ({', '.join(data['because'])})" if data["because"] else ""
    return "\n".join([f"comparison_0 ranks {trips}{because}:", *map(_option, data["options"])])


def _show_held(data: Mapping[str, Any]) -> str:
    bag = " with a bag" if data["bag"] else ""
    return (
        f"{data['hold']} holds {data['option']}{bag} at {data['price']} {data['currency']} until {data['until']}. "
        f"All holds: {data['total']}."
    )


def _proposed(o: Mapping[str, Any]) -> str:
    return f"{_option(o)}, held at {o['held_at']}{' with a bag' if o['with_bag'] else ''}"


def _show_booked(data: Mapping[str, Any]) -> str:
    again = " before" if data["again"] else ""
    return (
        f"{data['booking']} booked{again}: {data['option']} by {data['hold']}, paid {data['paid']} {data['currency']}."
    )


def _show_bookings(data: Mapping[str, Any]) -> str:
    if not data["bookings"]:
        return "Nothing is booked."
    return " ".join(
        f"{b['booking']}: {b['option']} by {b['hold']}, paid {b['paid']}"
        + (f", cancelled, {b['kept']} kept." if b["kept"] is not None else ".")
        for b in data["bookings"]
    )


def _show_handed(data: Mapping[str, Any]) -> str:
    note = f': "{data["note"]}"' if data["note"] else "."
    return f"{data['by']} hands the work to {data['to']}{note}"


# What the traveller says

_AGREES = ("Yes, book it.", "Yes, please.", "That is fine, yes.")
_CHANGES = ("Sorry, I changed my mind", "Wait, there is a change", "One thing is different now")


def _show_told(data: Mapping[str, Any]) -> str:
    said = "; ".join(_wish(*wish) for wish in data["musts"])
    return f"Traveller: About the {data['about']}: {f'it must have: {said}' if said else 'nothing more'}."


def _news(data: Mapping[str, Any]) -> str:
    said = []
    if "goal" in data:
        said.append(f"I want the {data['goal']} trip")
    if "back" in data:
        said.append(f"back {data['back']}")
    if "musts" in data:
        said.append("it must have " + "; ".join(_wish(*wish) for wish in data["musts"]))
    if "budget" in data:
        said.append(f"budget {data['budget']} {data['currency']}")
    return ", ".join(said)


_OBJECTIONS = {
    "dates": "the days or places are not right",
    "budget": "it is over my budget",
    "incomplete": "that is not exactly what I need",
}


def _show_answered(data: Mapping[str, Any]) -> str:
    if data["yes"]:
        return f"Traveller: {_AGREES[data['style']]}"
    kind, must = data["because"], data["must"]
    why = (
        f"it must have {_wish(*must)}" if must else _OBJECTIONS.get(kind, f"the {kind.replace('_', ' ')} is not right")
    )
    return f"Traveller: No, {why}."


_ENDS = {
    "done": "The itinerary is sent.",
    "impossible": "The traveller is told that no trip is possible.",
    "left": "The traveller leaves.",
    "turns": "No turns are left.",
}

_SHOW: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "brief": _show_brief,
    "wishes": _show_wishes,
    "request": _show_request,
    "case": _show_case,
    "fault": lambda data: f"{data['tool']} of {data['seat']} meets an injected fault, {data['fault']}.",
    "charged": lambda data: f"{data['booking']} is booked all the same, {data['paid']} {data['currency']}.",
    "drifted": lambda data: f"The true price of {data['option']} moves from {data['from']} to {data['to']}.",
    "lapsed": lambda data: f"{data['hold']} of {data['option']} ends.",
    "dated": lambda data: f"{data['text']} in {data['city']} is {data['date']}.",
    "found": _show_found,
    "error": _show_error,
    "shortlist": lambda data: "\n".join([f"{SEARCH} passes on:", *map(_option, data["options"])]),
    "profile": _show_profile,
    "quoted": _show_quoted,
    "ranked": _show_ranked,
    "nothing": lambda data: f"{data['by']}: no trip is possible because of the {data['reason']}.",
    "handed": _show_handed,
    "held": _show_held,
    "proposed": lambda data: "\n".join(
        [f"The agency proposes, {data['total']} {data['currency']} in all:", *map(_proposed, data["options"])]
    ),
    "told": _show_told,
    "changed": lambda data: f"Traveller: {_CHANGES[data['style']]}: {_news(data)}.",
    "answered": _show_answered,
    "booked": _show_booked,
    "bookings": _show_bookings,
    "cancelled": lambda data: (
        f"{data['booking']} cancelled: {data['refund']} {data['currency']} back, {data['kept']} kept."
    ),
    "token": lambda data: f"A token until {data['until']}.",
    "waited": lambda data: f"{data['minutes']} minutes pass." if data["minutes"] != 1 else "1 minute passes.",
    "end": lambda data: _ENDS[data["end"]],
}
