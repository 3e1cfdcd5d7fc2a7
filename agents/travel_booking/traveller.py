"""The traveller's seat, as a scripted agent plays it: it knows what it wants and says no more than that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lanista.agents.contract import Question
from lanista.agents.travel_booking.reply import say
from lanista.agents.travel_booking.view import View
from lanista.arenas.travel_booking.offers import PRODUCTS, Car, Flight, Hotel, Offer
from lanista.arenas.travel_booking.wishes import Wish

_MAKES: dict[str, type] = {"airline": Flight, "hotel": Hotel, "place": Car}


def reply(question: Question, seen: View) -> str:
    """Tells what is asked; changes its mind when it may; else agrees to what meets every demand, and only that."""
    if question.kind == "tell":
        return "tell"
    if "change" in question.legal:
        return "change"
    proposal = seen.proposal
    if proposal is None:
        return "yes"
    objection = _objection(seen, proposal)
    return "yes" if objection is None else say("no", because=objection)


def _objection(seen: View, proposal: Mapping[str, Any]) -> str | None:
    offers = [(_offer(shown), bool(shown["with_bag"])) for shown in proposal["options"]]
    if sorted(_product(offer) for offer, _ in offers) != sorted(seen.needs):
        return "incomplete"
    if proposal["total"] > seen.budget:
        return "budget"
    for offer, bag in offers:
        for wish in seen.musts[_product(offer)]:
            if not _granted(wish, offer, bag):
                return wish.kind
    return None


def _granted(wish: Wish, offer: Offer, bag: bool) -> bool:
    return wish.met(offer) and (wish.kind != "bag" or bag)


def _offer(shown: Mapping[str, Any]) -> Offer:
    made = next(make for name, make in _MAKES.items() if name in shown)
    offer: Offer = made(**{name: shown[name] for name in made._fields if name in shown})  # type: ignore[attr-defined]
    return offer


def _product(offer: Offer) -> str:
    return PRODUCTS[(Flight, Hotel, Car).index(type(offer))]
