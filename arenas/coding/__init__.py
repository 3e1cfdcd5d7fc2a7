"""Coding: a team of three writes a function from its specification, tests it and mends it; what it writes is run.

The five tables (seats, actions, what each seat sees, reward terms, version history), the modes and worked examples of
the rewards are in docs/arenas/coding.md.
"""

from lanista.arenas.coding.counterfactual import counterfactual
from lanista.arenas.coding.rewards import DEFAULT, LITERAL, TEAM_TERMS, CodingRewards
from lanista.arenas.coding.rules import CodingRules, potential, turns_bound
from lanista.arenas.coding.runner import run
from lanista.arenas.coding.table import Config
from lanista.arenas.coding.words import CodingWords
from lanista.arenas.core.contract import Arena

arena = Arena(
    name="coding",
    version="4",
    summary="a team writes a Python function, runs it in a sandbox, and mends it",
    rules=CodingRules(),
    words=CodingWords(),
    rewards=CodingRewards(),
    config=Config,
    presets={"default": DEFAULT, "literal": LITERAL},
    team_terms=TEAM_TERMS,
    turns_bound=turns_bound,
    counterfactual=counterfactual,
    runners={"run": run},
    public=lambda state: {"sandbox": state.tier},
    baseline="coding_novice",
    degenerate_bound=0.05,
    metrics={
        "solved": "all hidden tests pass at the end",
        "first_solved": "all hidden tests pass at the first program (pass@1)",
        "passed": "share of the hidden tests that pass at the end",
        "improved": "that share, less the first program's",
        "mutants_killed": "share of the faulty variants that the tester's inputs tell apart",
        "simple": "solved with a cyclomatic complexity at or under the reference's",
        "syntax_error": "the last program is no Python",
        "timed_out": "the last program ran out of time",
        "programs": "programs the team wrote",
    },
    success="solved",
    potential=potential,
    teachers=("coding_novice", "coding_expert"),
)

__all__ = ["Config", "arena"]
