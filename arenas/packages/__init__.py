"""Packages: files in two hands, letters in a third; what is not written to a keeper is not known to it.

The five tables (seats, actions, what each seat sees, reward terms, version history) are in docs/arenas/packages.md.
"""

from lanista.arenas.coding.runner import run
from lanista.arenas.core.contract import Arena
from lanista.arenas.packages.config import Config
from lanista.arenas.packages.counterfactual import counterfactual
from lanista.arenas.packages.rewards import DEFAULT, TEAM_TERMS, PackagesRewards
from lanista.arenas.packages.rules import PackagesRules, turns_bound
from lanista.arenas.packages.words import PackagesWords

arena = Arena(
    name="packages",
    version="2",
    summary="a team mends a package whose files are in two hands, by letters that only a third reads",
    rules=PackagesRules(),
    words=PackagesWords(),
    rewards=PackagesRewards(),
    config=Config,
    presets={"default": DEFAULT},
    team_terms=TEAM_TERMS,
    turns_bound=turns_bound,
    counterfactual=counterfactual,
    runners={"run": run},
    public=lambda state: {"sandbox": state.tier},
    baseline="packages_novice",
    degenerate_bound=0.0,
    metrics={
        "solved": "all hidden calls are answered rightly at the end",
        "passed": "share of the hidden calls that are",
        "improved": "that share, less the share before anybody did anything",
        "loads": "the package loads at the end",
        "rounds": "rounds that were begun",
        "revisions": "revisions that changed a file",
        "notes": "notes that the tester wrote",
    },
    success="solved",
    teachers=("packages_novice", "packages_expert"),
)

__all__ = ["Config", "arena"]
