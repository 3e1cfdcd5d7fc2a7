"""Research: a team of four answers a question out of a library in which some papers are wrong.

The tables (seats, actions, what each seat sees, reward terms, version history) and worked examples of the rewards are
in docs/arenas/research.md.
"""

from lanista.arenas.core.contract import Arena
from lanista.arenas.research.config import Config
from lanista.arenas.research.counterfactual import counterfactual
from lanista.arenas.research.rewards import DEFAULT, LITERAL, TEAM_TERMS, ResearchRewards
from lanista.arenas.research.rules import ResearchRules, turns_bound
from lanista.arenas.research.words import ResearchWords

arena = Arena(
    name="research",
    version="1",
    summary="a team answers a question out of a library in which some papers are wrong, withdrawn or beside the point",
    rules=ResearchRules(),
    words=ResearchWords(),
    rewards=ResearchRewards(),
    config=Config,
    presets={"default": DEFAULT, "literal": LITERAL},
    team_terms=TEAM_TERMS,
    turns_bound=turns_bound,
    counterfactual=counterfactual,
    baseline="research_novice",
    degenerate_bound=0.02,
    metrics={
        "solved": "every value and gap that is asked for, from papers that count, and nothing else",
        "covered": "share of these values and gaps in the summary",
        "bad_claims": "share of the summary's lines that are not sound",
        "found": "share of the values that reports named with a paper that counts",
        "checked": "share of them that the verifier keeps",
        "stopped": "share of the papers that do not count, of those judged, that the verifier drops",
        "rounds": "plans that were made",
        "calls": "calls of the executor",
    },
    success="solved",
    teachers=("research_novice", "research_expert"),
)

__all__ = ["Config", "arena"]
