"""Agencies that write nothing: the expert with its notes taken away, and a team made for silence."""

from __future__ import annotations

import json
from dataclasses import replace

from lanista.agents.contract import Question
from lanista.agents.travel_booking import journey
from lanista.agents.travel_booking.expert import TravelExpert
from lanista.agents.travel_booking.journey_view import Memory, View
from lanista.agents.travel_booking.reply import say
from lanista.arenas.travel_booking.journeys.offers import cost
from lanista.arenas.travel_booking.journeys.places import PLACES


class Mute(TravelExpert):
    """The expert, whose notes get lost."""

    name = "mute"

    def reply(self, question: Question) -> str:
        said = super().reply(question)
        if not said.startswith("pass "):
            return said
        arguments = json.loads(said.removeprefix("pass "))
        arguments.pop("note", None)
        return say("pass", **arguments)


class Silent(TravelExpert):
    """Search alone chooses, by the prices of its lists, and passes nothing but ids; the others do what can be done with
    ids: comparison passes them on, booking holds them in that order for as many grown-ups as there usually are."""

    name = "silent"

    def __init__(self) -> None:
        super().__init__()
        self._seen = Memory()

    def reply(self, question: Question) -> str:
        seen = self._seen.view(question)
        if seen.error is not None and seen.error["status"] in (401, 429):
            return journey.reply(question.kind, seen, journey.EXPERT)
        if question.kind == "find":
            said = journey.reply("find", seen, journey.EXPERT)
            return _chosen(seen) if said.startswith("pass") else said
        if question.kind == "weigh":
            return say("pass", to="booking_0", **({"options": seen.passed} if seen.passed else {}))
        return _booked(seen)


def _chosen(seen: View) -> str:
    home = PLACES[seen.brief.legs[0].frm].currency
    ages, bags = tuple(seen.brief.ages), seen.brief.bags
    costs: dict[str, int | None] = {name: cost(offer, home, ages, bags) for name, offer in seen.offers.items()}
    mine = replace(seen, costs=costs, passed=list(seen.offers))
    had = journey.market(mine)
    found = journey.solved(mine, had, seen.brief.budget) if all(had.flights) else None
    if found is None:
        return say("pass", to="booking_0")
    return say("pass", to="comparison_0", options=list(journey.longest_first(mine, found.options)))


def _booked(seen: View) -> str:
    if not seen.passed or seen.refused is not None or seen.gone:
        return say("impossible", reason="budget")
    if seen.returned is not None:
        return say("done")
    for option in seen.passed:
        if option not in seen.holds:
            return say("hold", option=option, ages=[40, 40, 40], bags=0)
    holds = [seen.holds[option] for option in seen.passed]
    if not seen.agreed:
        return say("confirm", holds=[hold for hold, _ in holds], total=sum(price for _, price in holds))
    for hold, _ in reversed(holds):
        if hold not in {held for _, held in seen.bookings.values()}:
            return say("book", hold=hold, key=hold.lower())
    return say("done")
