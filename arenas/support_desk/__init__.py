"""Support desk: four seats of a telecom provider's help desk find out what is wrong, mend it and write it down.

The world, the tools, the rules of the house, the rewards and the five tables are in docs/arenas/support-desk.md.
"""

from lanista.arenas.core.contract import Arena
from lanista.arenas.support_desk.config import Config
from lanista.arenas.support_desk.counterfactual import counterfactual
from lanista.arenas.support_desk.rewards import DEFAULT, EFFICIENCY, TEAM_TERMS, SupportDeskRewards
from lanista.arenas.support_desk.rules import DESK, SupportDeskRules, potential, turns_bound
from lanista.arenas.support_desk.words import SupportDeskWords

arena = Arena(
    name="support_desk",
    version="5",
    summary="a telecom help desk: route, diagnose, mend or escalate, and write the ticket",
    rules=SupportDeskRules(),
    words=SupportDeskWords(),
    rewards=SupportDeskRewards(),
    config=Config,
    presets={"default": DEFAULT, "efficiency": EFFICIENCY},
    team_terms=TEAM_TERMS,
    turns_bound=turns_bound,
    counterfactual=counterfactual,
    baseline="desk_novice",
    teachers=("desk_novice", "desk_expert"),
    degenerate_bound=0.2,
    metrics={
        "resolved": "cases that came to their right end, told, with nothing else changed and no rule broken (rate)",
        "turns": "turns at the customer in a case",
        "abandoned": "cases that the customer left (rate)",
        "escalated_wrongly": "cases escalated that should not have been (rate)",
        "violations": "calls that broke a rule of the house, in a case",
        "errors": "calls answered with an error, in a case",
        "diagnostics": "questions and readings that were asked to find the cause, in a case",
        "ticket": "share of the ticket's fields that say what happened",
    },
    potential=potential,
    contending=(DESK,),
    success="resolved",
)

__all__ = ["Config", "arena"]
