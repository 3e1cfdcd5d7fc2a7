"""Questions into SQL, and into the near misses that a hidden database has to tell from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lanista.arenas.text_to_sql import questions as q
from lanista.arenas.text_to_sql.data import literal
from lanista.arenas.text_to_sql.questions import Question
from lanista.arenas.text_to_sql.schema import Schema


def sql(question: Question, schema: Schema) -> str:
    """The gold query of a question that can be answered."""
    return _Writer(question, schema).write()


def misses(question: Question, schema: Schema) -> Iterator[tuple[str, str]]:
    """Near misses by name: what a person in a hurry may write instead. Some are the same query for some questions."""
    writer = _Writer(question, schema)
    whole = writer.write()
    changes: dict[str, dict[str, Any]] = {
        "condition dropped": {"where": ""},
        "condition added": {"where": "year", "year": question.year or 2024} if not question.where else {},
        "one more": {"n": question.n + 1},
        "limit moved": {"over": question.over + 1} if question.over else {},
        "year moved": {"year": question.year - 1} if question.year else {},
        "other aggregate": {
            "agg": {"avg": "sum", "sum": "count", "count": "different", "max": "avg"}.get(question.agg, "count")
        }
        if question.agg
        else {},
        "statuses swapped": {"status": question.second, "second": question.status} if question.twist == "never" else {},
        "other twist": {"twist": _OTHER[question.twist]} if question.twist in _OTHER else {},
    }
    for name, change in changes.items():
        if change:
            yield name, _Writer(question._replace(**change), schema).write()
    for name, old, new in (
        ("inner join", "LEFT JOIN", "JOIN"),
        ("duplicates counted", "COUNT(DISTINCT ", "COUNT("),
        ("or equal", " > ", " >= "),
        ("NULLs as zero", f"AVG({writer.f('value')})", f"AVG(COALESCE({writer.f('value')}, 0))"),
        ("NULLs left out", "COALESCE(", "NULLIF(0 + "),
        ("dense", "DENSE_RANK", "RANK"),
        ("no ties", " DENSE_RANK()", " ROW_NUMBER()"),
        ("no ties here", " RANK()", " ROW_NUMBER()"),
    ):
        if old in whole:
            yield name, whole.replace(old, new)


_OTHER = {"both": "never", "never": "both", "having": "", "all": "", "busy": "all", "known": "", "ties": "dense"}


class _Writer:
    def __init__(self, question: Question, schema: Schema) -> None:
        self.q, self.schema = question, schema

    def c(self, letter: str, what: str) -> str:
        return f"{letter}.{self.schema.columns[letter, what]}"

    def f(self, what: str) -> str:
        return self.c("f", what)

    def write(self) -> str:
        return str(getattr(self, f"_{self.q.kind}")())

    def table(self, letter: str) -> str:
        return f"{self.schema.tables[letter]} AS {letter}"

    def chain(self, by: str) -> list[str]:
        """The joins from facts to the table ``by``."""
        near = {"g": "a", "h": "b"}.get(by, by)
        steps = [(near, "f")] + ([(by, near)] if near != by else [])
        return [f"JOIN {self.table(to)} ON {self.c(of, to)} = {self.c(to, 'id')}" for to, of in steps if to != "f"]

    def source(self, by: str = "") -> str:
        """FROM facts, with what the question's condition and the table ``by`` need."""
        joins = self.chain(by) if by else []
        if self.q.where == "other":
            joins += [each for each in self.chain(q.other(self.q.by)) if each not in joins]
        return " ".join([f"FROM {self.table('f')}", *joins])

    def condition(self) -> str:
        """The question's condition on facts, or ""."""
        return {
            "": "",
            "status": f"{self.f('status')} = {literal(self.stored(self.q.status))}",
            "year": f"{self.f('day')} LIKE '{self.q.year}-%'",
            "unknown": f"{self.f('value')} IS NULL",
            "over": f"{self.f('value')} > {self.q.over}",
            "other": f"{self.c(q.other(self.q.by), 'name')} = {literal(self.q.name)}",
        }[self.q.where]

    def stored(self, status: str) -> str:
        return self.schema.spelling.get(status, status)

    def where(self, *more: str) -> str:
        parts = [part for part in (self.condition(), *more) if part]
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    def agg(self) -> str:
        value = self.f("value")
        return {
            "avg": f"AVG({value})",
            "sum": f"SUM({value})",
            "count": f"COUNT({self.f('id')})",
            "max": f"MAX({value})",
            "different": f"COUNT(DISTINCT {self.f(q.far(self.q.by))})",
        }[self.q.agg]

    def who(self) -> str:
        return f"{self.c(self.q.by, 'id')}, {self.c(self.q.by, 'name')}"

    def ids(self, *more: str) -> str:
        """The ids in ``by`` that have facts under the condition."""
        return f"SELECT {self.c(self.q.by, 'id')} {self.source(self.q.by)}{self.where(*more)}"

    def _group(self) -> str:
        by = self.q.by
        having = f" HAVING COUNT({self.f('id')}) >= {self.q.n}" if self.q.twist == "having" else ""
        if self.q.twist != "all":
            return f"SELECT {self.who()}, {self.agg()} {self.source(by)}{self.where()} GROUP BY {self.who()}{having}"
        near = {"g": "a", "h": "b"}.get(by, by)
        between = f" LEFT JOIN {self.table(near)} ON {self.c(near, by)} = {self.c(by, 'id')}" if near != by else ""
        picked = self.schema.tables["f"]
        on = ""
        if self.q.where == "other":
            picked = f"(SELECT f.* {self.source()}{self.where()})"
        elif self.q.where:
            on = f" AND {self.condition()}"
        return (
            f"SELECT {self.who()}, {self.agg()} FROM {self.table(by)}{between} LEFT JOIN {picked} AS f ON "
            f"{self.f(near)} = {self.c(near, 'id')}{on} GROUP BY {self.who()}"
        )

    def _top(self) -> str:
        rank = "DENSE_RANK()" if self.q.twist == "dense" else "RANK()"
        some = f" HAVING {self.agg()} IS NOT NULL"
        return (
            f"SELECT id, name FROM (SELECT {self.c(self.q.by, 'id')} AS id, {self.c(self.q.by, 'name')} AS name, "
            f"{rank} OVER (ORDER BY {self.agg()} DESC) AS place {self.source(self.q.by)}{self.where()} "
            f"GROUP BY {self.who()}{some}) "
            f"WHERE place <= {self.q.n}"
        )

    def _set(self) -> str:
        word = "IN" if self.q.twist == "both" else "NOT IN"
        is_ = [f"{self.f('status')} = {literal(self.stored(s))}" for s in (self.q.status, self.q.second)]
        key = self.c(self.q.by, "id")
        return (
            f"SELECT {self.who()} FROM {self.table(self.q.by)} WHERE {key} IN ({self.ids(is_[0])}) AND {key} {word} "
            f"({self.ids(is_[1])})"
        )

    def _above(self) -> str:
        by, value = self.q.by, self.schema.columns["f", "value"]
        near = {"g": "a", "h": "b"}.get(by, by)
        inner = f"{self.schema.tables['f']} AS x"
        same = f"x.{self.schema.columns['f', near]} = {self.f(near)}"
        joins: list[str] = []
        if near != by:
            joins = self.chain(near)
            inner += (
                f" JOIN {self.schema.tables[near]} AS y ON x.{self.schema.columns['f', near]} = "
                f"y.{self.schema.columns[near, 'id']}"
            )
            same = f"y.{self.schema.columns[near, by]} = {self.c(near, by)}"
        average = f"AVG(COALESCE(x.{value}, 0))" if self.q.twist == "known" else f"AVG(x.{value})"
        source = self.source()
        source += "".join(f" {each}" for each in joins if each not in source)
        above = f"{self.f('value')} > (SELECT {average} FROM {inner} WHERE {same})"
        return f"SELECT {self.f('id')}, {self.f('value')} {source}{self.where(above)}"

    def _none(self) -> str:
        key = self.c(self.q.by, "id")
        return f"SELECT {self.who()} FROM {self.table(self.q.by)} WHERE {key} NOT IN ({self.ids()})"

    def _latest(self) -> str:
        key = self.c(self.q.by, "id")
        busy = ""
        if self.q.twist == "busy":
            chain = " ".join(self.chain(self.q.by))
            busy = (
                f"{key} IN (SELECT {key} FROM {self.table('f')} {chain} GROUP BY {key} HAVING COUNT({self.f('id')}) >= "
                f"{self.q.n})"
            )
        return (
            f"SELECT who, id, day FROM (SELECT {key} AS who, {self.f('id')} AS id, {self.f('day')} AS day, RANK() OVER "
            f"(PARTITION BY {key} ORDER BY {self.f('day')} DESC) AS place {self.source(self.q.by)}{self.where(busy)}) "
            "WHERE place <= 1"
        )

    def _month(self) -> str:
        month = f"SUBSTR({self.f('day')}, 1, 7)"
        having = f" HAVING COUNT({self.f('id')}) >= {self.q.n}" if self.q.twist == "having" else ""
        return f"SELECT {month}, {self.agg()} {self.source()}{self.where()} GROUP BY {month}{having}"
