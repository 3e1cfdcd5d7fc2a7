"""Werewolf: a village votes by day and is eaten by night.

The five tables (seats, actions, what each seat sees, reward terms, version history), the rules with their corner
cases, and worked examples of the rewards are in docs/arenas/werewolf.md.
"""

from lanista.arenas.core.contract import Arena
from lanista.arenas.werewolf.counterfactual import counterfactual
from lanista.arenas.werewolf.deck import Config
from lanista.arenas.werewolf.rewards import DEFAULT, LITERAL, TEAM_TERMS, WerewolfRewards
from lanista.arenas.werewolf.rules import WerewolfRules, turns_bound
from lanista.arenas.werewolf.words import WerewolfWords

arena = Arena(
    name="werewolf",
    version="3",
    summary="5 to 20 players with hidden roles: talk and vote by day, kill by night",
    rules=WerewolfRules(),
    words=WerewolfWords(),
    rewards=WerewolfRewards(),
    config=Config,
    presets={"default": DEFAULT, "literal": LITERAL},
    team_terms=TEAM_TERMS,
    turns_bound=turns_bound,
    counterfactual=counterfactual,
    baseline="bayes",
    teachers=("crowd",),
    degenerate_bound=0.38,
)

__all__ = ["Config", "arena"]
