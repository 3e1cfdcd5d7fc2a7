"""The wording of journeys: events into lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lanista.arenas.core.tools import example
from lanista.arenas.travel_booking.journeys.calls import AGENCY, KINDS, tools
from lanista.arenas.travel_booking.journeys.offers import REBATE
from lanista.arenas.travel_booking.journeys.phrases import city, listed, time, wish, wishes

Data = Mapping[str, Any]

_GOALS = {
    "cheapest": "the least cost, then the most likes met",
    "fastest": "the least time in flight, then the least cost",
    "preferred": "the most likes met over all flights and stays, then the least cost",
    "fair": "the most likes met for whoever has the fewest met, then the least cost",
}
_DUTIES = (
    "The travellers talk to you first. Find flights and hotels for all that is asked, and pass ids on with a note. A "
    "hotel is from the day of landing, which is not always that of departure, to the day of the next flight.",
    "Find the best whole journey by the goal among all that meets every demand, within the budget, and pass it on. "
    "Likes count for each person and each flight or stay they are about; likes on file count too, unless that person "
    "said something of the same kind. Whoever changes planes needs the time, and a passport that may do it there "
    "(border).",
    "Hold what is to be booked, have the travellers confirm what it comes to, book each hold with a key, then done. "
    "Whatever they ask for after that is to be done at the least cost: fees, differences, refunds. Where nothing is "
    "possible they may take a dearer journey or another day, if it is offered exactly; say impossible only if not. At "
    "the third no, to proposals and offers together, they leave.",
)
_RULES = (
    f"Where one airline flies every flight, {REBATE}% come off each flight (rounded down), bags included. Under 2 "
    "years a tenth of the fare, under 12 three quarters. A room sleeps two, not counting those under 2. Ages and "
    "bags are the whole party's, change fees the whole booking's. Refund free gives back all, half half, none "
    "nothing; an exchange costs the old one's change fee and what the new one costs more, whatever came off before. "
    "Holding takes 3 minutes, any other call 1; a hold lasts as long as its offer says, and what is not booked by "
    "then is lost. The travellers think before they answer a proposal; what does not hold 8 minutes longer than "
    "that does not count as possible."
)


def _show_duties(data: Data) -> str:
    seat = data["seat"]
    i = AGENCY.index(seat)
    begins = f"{data['date']} {data['clock']}"
    if data["short"]:
        return f"{seat}. From {begins}."
    alone = (
        " You hear what is said to you while it is your turn, and nobody else does; others know of it, and of your "
        "options, what you write to them."
        if data["told"]
        else ""
    )
    lines = [
        f"A travel agency: search_0 finds, comparison_0 weighs, booking_0 books. You are {seat}. {_DUTIES[i]}{alone}",
        _RULES,
        f"The case begins {begins}. {data['limit']} turns in all. Services need a token.",
        _calls(KINDS[i]),
    ]
    return "\n".join(lines)


@cache
def _calls(kind: str) -> str:
    able = tools(kind) or {}
    head = f"Reply with one call and nothing else, such as {example(able)}. Your calls (? may be left out):"
    return "\n".join([head, *(tool.signature for tool in able.values())])


_OPENERS = ("We are going away, and this is who", "Please arrange a journey for", "A journey, for")


def _show_wanted(data: Data) -> str:
    style = data["style"]
    people = listed(f"{name} ({age})" for name, age in data["people"])
    lines = [
        f"Travellers: {_OPENERS[style]}: {people}.",
        "Flights: " + "; ".join(f"{city(frm)} to {city(to)}, {say}" for frm, to, say in data["legs"]) + ".",
    ]
    if data["stays"]:
        lines.append("Nights: " + "; ".join(_stay(stay) for stay in data["stays"]) + ".")
    lines.append(
        f"What counts is the {data['goal']} journey: {_GOALS[data['goal']]}. "
        f"We spend at most {data['budget']} {data['currency']} in all."
    )
    lines += wishes(data, style)
    if data["ask"]:
        lines.append(f"Ask {listed(data['ask'])} for more: not all has been said.")
    lines.append(f"We think for {_minutes(data['think'])} before we agree to anything.")
    return "\n".join(lines)


def _stay(stay: Any) -> str:
    name, lands, begin, leaves, end = stay
    since = "from landing" if lands >= 0 else f"from {begin}, we get there by ourselves"
    return f"{city(name)} {since} to {'the next flight' if leaves >= 0 else end}"


def _minutes(count: int) -> str:
    return "1 minute" if count == 1 else f"{count} minutes"


def _bags(data: Data) -> str:
    return "1 bag" if data["bags"] == 1 else f"{data['bags']} bags"


def _show_said(data: Data) -> str:
    lines = wishes(data, data["style"] + 1)
    return "\n".join(lines) if lines else f"{data['who']}: I want nothing of my own."


# What services say


def _option(o: Data) -> str:
    if "airline" in o:
        stop = f"stops {o['layover']} minutes in {o['via']}" if o["via"] else "direct"
        bag = f"bag {o['bag']}" if o["bag"] >= 0 else "no bags"
        line = (
            f"{o['airline']} {o['price']} each, {o['start']} {o['depart']} {time(o['departs_at'])} > {o['end']} "
            f"{o['arrive']} {time(o['arrives_at'])}, {o['minutes'] // 60}h{o['minutes'] % 60:02d}, {stop}, {bag}"
        )
    else:
        line = (
            f"{o['hotel']} {o['price']} {o['currency']} a room and night + {o['tax']}%, {o['city']} {o['check_in']} to "
            f"{o['check_out']}, {o['stars']} stars, {o['area']}, {'breakfast' if o['breakfast'] else 'no breakfast'}"
        )
    unit = f" {o['currency']}" if "currency" in o else ""
    rules = f"refund {o['refund']}, change {o['fee']}{unit}, holds {o['keeps']} min"
    return f"{o['id']} {line}, {rules}"


def _show_listed(data: Data) -> str:
    kind, *rest = data["query"]
    head = (
        f"Flights {rest[0]} to {rest[1]} on {rest[2]}"
        if kind == "F"
        else f"Hotels in {rest[0]}, {rest[1]} to {rest[2]}"
    )
    if not data["options"]:
        return f"{head}: none."
    return "\n".join([f"{head}, page {data['page']} of {data['pages']}:", *map(_option, data["options"])])


def _show_priced(data: Data) -> str:
    bags = f", {_bags(data)}" if data["bags"] else ""
    head = f"For ages {', '.join(map(str, data['ages']))}{bags}, in {data['currency']}:"
    lines = [
        f"{_option(o)}: {'sold out' if o['cost'] is None else 'in all ' + str(o['cost'])}" for o in data["options"]
    ]
    return "\n".join([head, *lines])


def _show_passed(data: Data) -> str:
    options = f" {' '.join(data['options'])}" if data["options"] else ""
    note = f': "{data["note"]}"' if data["note"] else "."
    lines = [f"{data['by']} passes{options or ' the turn'} to {data['to']}{note}"]
    return "\n".join([*lines, *map(_option, data.get("copied", ()))])


def _show_filed(data: Data) -> str:
    lines = []
    for each in data["people"]:
        card = f", {each['card']} card" if each["card"] else ""
        likes = "; ".join(wish(like, 0) for like in each["likes"]) or "nothing"
        lines.append(f"On file, {each['name']}: {each['passport']} passport{card}; likes: {likes}.")
    return "\n".join(lines)


def _show_bordered(data: Data) -> str:
    visas = f"not on passports from {listed(data['visas'])}" if data["visas"] else "on any passport"
    return f"Changing planes in {data['city']} takes {data['minimum']} minutes or more, and may be done {visas}."


def _show_kept(data: Data) -> str:
    bags = f" and {_bags(data)}" if data["bags"] and data["product"] == "F" else ""
    return (
        f"{data['hold']} holds {data['option']} for {len(data['ages'])}{bags} at {data['price']} {data['currency']} "
        f"until {data['until']}. All holds come to {data['total']}."
    )


def _show_tickets(data: Data) -> str:
    if not data["bookings"]:
        return "Nothing is booked."
    return "\n".join(
        f"{b['booking']}: {b['option']} by {b['hold']}, {b['brand']}, paid {b['paid']}"
        + (f", change {b['fee']}, refund {b['refund']}." if b["stands"] else ", does not stand any more.")
        for b in data["bookings"]
    )


# What the party says

_AGREES = ("Yes, book it.", "Yes, please.", "That is fine, yes.")
_OBJECTIONS = {
    "incomplete": "that is not the journey we asked for, day by day",
    "party": "that is not for all of us",
    "budget": "that is over our budget",
}


def _show_agreed(data: Data) -> str:
    lead = f"The travellers think for {_minutes(data['minutes'])}."
    if data["yes"]:
        return f"{lead} Travellers: {_AGREES[data['style']]}"
    if data["because"] == "expired":
        return f"{lead} Meanwhile {listed(data['ended'])} ended."
    must = data["must"]
    why = f"{must[1]} must have: {wish(must, data['style'])}" if must else _OBJECTIONS[data["because"]]
    return f"{lead} Travellers: No, {why}."


def _show_bent(data: Data) -> str:
    what = f"{data['total']} {data['currency']}" if "total" in data else f"flight {data['flight']} on {data['day']}"
    return f"Travellers: {'All right' if data['yes'] else 'No, not'} {what}."


_BACK = ("Sorry, something came up", "A meeting was moved", "We have to change one thing")


def _show_returned(data: Data) -> str:
    if data["off"]:
        return (
            f"The itinerary is sent. Three hours later, the travellers: {_BACK[data['style']]}: we cannot go at all. "
            "Get us back what can be had."
        )
    return (
        f"The itinerary is sent. Three hours later, the travellers: {_BACK[data['style']]}: flight {data['flight']}, "
        f"{data['from']} to {data['to']}, has to be on {data['day']}, not {data['was']}. Nights follow it. As cheaply "
        "as you can; our likes do not count now."
    )


def _show_secret(data: Data) -> str:
    said = f"Impossible, because of the {data['impossible']}." if data["impossible"] else "Possible."
    bends = f" The travellers would take {data['bends']}." if data["bends"] else ""
    best = f" The best journey costs {data['best']['cost']}." if data["best"] else ""
    leg, day = data["after"] or (None, None)
    after = (
        "" if leg is None else f" After booking, flight {leg + 1} moves to {day}." if day else " Then it is called off."
    )
    return f"{said}{bends}{best}{after}"


SHOW: dict[str, Callable[[Data], str]] = {
    "duties": _show_duties,
    "wanted": _show_wanted,
    "secret": _show_secret,
    "said": _show_said,
    "listed": _show_listed,
    "priced": _show_priced,
    "passed": _show_passed,
    "filed": _show_filed,
    "bordered": _show_bordered,
    "kept": _show_kept,
    "tickets": _show_tickets,
    "exchanged": lambda data: (
        f"{data['booking']} is exchanged for {data['new']}: {data['option']} by {data['hold']}, fee {data['fee']}, "
        f"paid {data['paid']} {data['currency']} with it."
    ),
    "agreed": _show_agreed,
    "bent": _show_bent,
    "returned": _show_returned,
}
"""Words for every event that journeys alone have; the others are those of round trips."""
