"""Schedules, tournaments, ratings and the pages that show them."""

if __name__ != "lanista.leaderboards":
    raise ImportError(f"import this package as lanista.leaderboards, not as {__name__}")
