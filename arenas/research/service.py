"""The search service: pages of hits, a limit on how often, faults; and papers in full, for the verifier too."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Event, Seat
from lanista.arenas.core.tools import Call, error_body
from lanista.arenas.research import texts
from lanista.arenas.research.calls import PAGE, PAGES
from lanista.arenas.research.config import EXECUTOR
from lanista.arenas.research.library import Library
from lanista.arenas.research.state import State

OFTEN, WINDOW = 3, 4
"""Searches that may begin within so many minutes; one more is a 429."""
WAIT = 3
"""Minutes of one wait."""


def search(state: State, call: Call) -> tuple[State, Event]:
    """A page of hits, or an error: too many searches (429), or a fault of the service (503)."""
    args = call.args
    recent = tuple(minute for minute in state.searches if minute > state.minute - WINDOW)
    if len(recent) >= OFTEN:
        again = recent[0] + WINDOW - state.minute
        return state, error(state, EXECUTOR, 429, "too_many_searches", f"wait; the next may begin in {again} minutes")
    state = state._replace(searches=(*recent, state.minute))
    if chance.draw(state.key, "fault", state.minute, 100) < state.table.config.vector["faults"]:
        return state, error(state, EXECUTOR, 503, "unavailable", "the service is busy; try again")
    number = args.get("page", 1)
    library = state.table.case.library
    count, hits = _found(library.index, args["query"], args.get("since", 0), args.get("until", 9999))
    shown = hits[PAGE * (number - 1) : PAGE * number]
    told = {
        "query": args["query"],
        "page": number,
        "hits": [_hit(library, each) for each in shown],
        "count": count,
        "more": len(hits) > PAGE * number,
    }
    unread = tuple(each for each in dict.fromkeys((*state.hits, *shown)) if each not in state.opened)
    seen = state._replace(query=args["query"], pages=number, more=bool(told["more"]), hits=unread)
    return seen, Event("hits", told, state.table.config.audience(EXECUTOR))


@lru_cache(maxsize=1 << 12)
def _found(index: texts.Index, query: str, since: int, until: int) -> tuple[int, tuple[str, ...]]:
    return index.search(query, PAGE * PAGES, since, until)


def forget() -> None:
    """Forget the searches that were remembered, as a benchmark must."""
    _found.cache_clear()


def _hit(library: Library, name: str) -> dict[str, Any]:
    paper = library.papers[name]
    return {"id": name, "date": paper.date, "venue": paper.venue, "title": texts.title(paper)}


def pages(state: State, call: Call, seat: Seat) -> tuple[list[str], list[Event]]:
    """(the papers that were opened, what their reader is told): pages in full, and a 404 for what does not exist."""
    library = state.table.case.library
    notices = bool(state.table.config.vector["notices"])
    able = [each for each in call.args["papers"] if each in library.papers]
    unknown = [each for each in call.args["papers"] if each not in library.papers]
    to = state.table.config.audience(seat)
    events = [Event("paper", texts.page(library, library.papers[each], notices), to) for each in able]
    if unknown:
        events.append(error(state, seat, 404, "no_such_paper", f"there is no {', '.join(unknown)}"))
    return able, events


def error(state: State, seat: Seat, status: int, code: str, message: str) -> Event:
    """An error of the service for whoever called."""
    told = {"status": status, "body": error_body(status, code, message)}
    return Event("error", told, state.table.config.audience(seat))
