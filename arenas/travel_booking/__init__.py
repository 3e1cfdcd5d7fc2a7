"""Travel booking: three agents search, compare and book a trip for a traveller behind strict services.

The five tables (seats, actions, what each seat sees, reward terms, version history), the rules with their corner
cases, and worked examples of the rewards are in docs/arenas/travel-booking.md.
"""

from lanista.arenas.core.contract import Arena
from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.counterfactual import counterfactual
from lanista.arenas.travel_booking.rewards import COMPLETION, DEFAULT, TEAM_TERMS, TravelRewards
from lanista.arenas.travel_booking.rules import TEAM, TravelRules, turns_bound
from lanista.arenas.travel_booking.words import TravelWords

METRICS = {
    "success": "completed: booked right, or rightly said to be impossible (0 or 1)",
    "turns": "handling time, decisions",
    "api_errors": "API errors that calls themselves caused, a game",
    "api_error_rate": "API errors that calls themselves caused, a decision",
    "wrong_booking": "ended with a wrong booking (0 or 1)",
    "double_booked": "ended with something booked twice (0 or 1)",
    "unconfirmed": "booked without the traveller's yes (0 or 1)",
    "false_impossible": "said to be impossible though it was not (0 or 1)",
    "explained": "everything said for the first-ranked trip was true (0 or 1)",
}

arena = Arena(
    name="travel_booking",
    version="4",
    summary="three seats search, compare and book a trip for a traveller behind strict, failing services",
    rules=TravelRules(),
    words=TravelWords(),
    rewards=TravelRewards(),
    config=Config,
    presets={"default": DEFAULT, "completion": COMPLETION},
    team_terms=TEAM_TERMS,
    turns_bound=turns_bound,
    counterfactual=counterfactual,
    degenerate_bound=0.1,
    baseline="travel_novice",
    teachers=("travel_novice", "travel_expert"),
    metrics=METRICS,
    contending=(TEAM,),
    success="success",
)

__all__ = ["Config", "arena"]
