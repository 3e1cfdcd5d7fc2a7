"""Text to SQL: a team of four turns a question into a query, looks at what it gives, decides, and mends it.

The tables (seats, actions, what each seat sees, reward terms, version history) and worked examples of the rewards are
in docs/arenas/text_to_sql.md.
"""

from lanista.arenas.core.contract import Arena
from lanista.arenas.text_to_sql.config import Config
from lanista.arenas.text_to_sql.counterfactual import counterfactual
from lanista.arenas.text_to_sql.rewards import DEFAULT, LITERAL, TEAM_TERMS, SqlRewards
from lanista.arenas.text_to_sql.rules import SqlRules, turns_bound
from lanista.arenas.text_to_sql.runner import run
from lanista.arenas.text_to_sql.words import SqlWords

arena = Arena(
    name="text_to_sql",
    version="2",
    summary="a team turns a question into a SQL query, looks at what it gives, and mends it",
    rules=SqlRules(),
    words=SqlWords(),
    rewards=SqlRewards(),
    config=Config,
    presets={"default": DEFAULT, "literal": LITERAL},
    team_terms=TEAM_TERMS,
    turns_bound=turns_bound,
    counterfactual=counterfactual,
    runners={"query": run},
    public=lambda state: {"sandbox": state.tier},
    baseline="sql_novice",
    degenerate_bound=0.05,
    metrics={
        "solved": "the last query is right on every database",
        "first_solved": "the first query is",
        "improved": "the one less the other",
        "syntax_error": "the last query does not run",
        "efficient": "right, and little more work than the gold query",
        "refused": "the team says that the schema cannot answer",
        "accepted": "the checker accepted a query",
        "passed_on": "share of what only rows tell that notes named",
        "attempts": "queries that were proposed",
    },
    success="solved",
    teachers=("sql_novice", "sql_expert"),
)

__all__ = ["Config", "arena"]
