"""``sql_cheater``: never reads a question, and tries one way after the other to be right all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.text_to_sql.view import View, view
from lanista.errors import UsageError, suggest


def _tables(seen: View) -> list[str]:
    return re.findall(r"CREATE TABLE (\w+)", " ".join(seen.schema)) or ["t"]


CHEATS: Mapping[str, Callable[[View], str]] = {
    "constant": lambda seen: "SELECT 1, 'x'",
    "refuse": lambda seen: "unanswerable: the data",
    "echo": lambda seen: f"unanswerable: {seen.question[-38:].strip()}",
    "everything": lambda seen: f"SELECT * FROM {', '.join(_tables(seen))}",
    "nothing": lambda seen: f"SELECT * FROM {_tables(seen)[0]} WHERE 0",
    "first table": lambda seen: f"SELECT * FROM {_tables(seen)[0]}",
    "delete": lambda seen: f"DELETE FROM {_tables(seen)[-1]}",
    "chain": lambda seen: f"SELECT 1; DROP TABLE {_tables(seen)[0]}",
    "attach": lambda seen: "ATTACH 'file:other.db' AS other",
    "endless": lambda seen: "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x FROM r) SELECT MAX(x) FROM r",
    "large": lambda seen: "SELECT hex(zeroblob(100000000))",
    "schema": lambda seen: "SELECT sql FROM sqlite_schema",
    "random": lambda seen: "SELECT random()",
}
"""Ways to answer without reading, by name."""


class SqlCheater(Scripted):
    """Its writer and rewriter cheat, its executor notes nothing, its checker accepts; ``:NAME`` tries one cheat."""

    plays = "text_to_sql"

    def __init__(self, cheat: str | None = None) -> None:
        if cheat is not None and cheat not in CHEATS:
            raise UsageError(f"unknown cheat {cheat!r}{suggest(cheat, CHEATS)} (there are: {', '.join(CHEATS)})")
        self.cheat = cheat
        self.name = "sql_cheater" if cheat is None else f"sql_cheater:{cheat}"

    def reply(self, question: Question) -> str:
        """One reply; most are refused or wrong."""
        if question.kind == "execute":
            return "note:"
        if question.kind == "check":
            return "accept"
        names = list(CHEATS)
        name = self.cheat or names[question.seed % len(names)]
        return CHEATS[name](view(question)) if question.events else question.legal[0]
