"""Queries in a normal form, by sqlglot: the same query written with other spaces, letters, aliases or quotes."""

from __future__ import annotations

from functools import lru_cache

from lanista.errors import UsageError


def needed() -> None:
    """Raises UsageError where sqlglot is not installed."""
    try:
        import sqlglot  # noqa: F401
    except ImportError:
        raise UsageError("exact=true needs sqlglot: pip install 'lanista[sql]'") from None


def exact(query: str, gold: str) -> bool:
    """Whether two queries are one when both are normalised; False where one cannot be read."""
    mine, theirs = normal(query), normal(gold)
    return mine is not None and mine == theirs


@lru_cache(maxsize=1024)
def normal(query: str) -> str | None:
    """The normal form of a SQLite query, None for what cannot be read as one."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_one(query, read="sqlite")
        names: dict[str, str] = {}
        for table in tree.find_all(exp.Table):
            if table.alias:
                names.setdefault(table.alias.casefold(), table.name.casefold())
            table.set("alias", None)
        for node in tree.find_all(exp.Identifier):
            node.set("quoted", False)
            name = node.name.casefold()
            node.set("this", names.get(name, name))
        for select in tree.find_all(exp.Select):
            select.set(
                "expressions", [each.this if isinstance(each, exp.Alias) else each for each in select.expressions]
            )
        return str(tree.sql(dialect="sqlite", normalize=True, comments=False))
    except (SqlglotError, RecursionError, ValueError):
        return None
