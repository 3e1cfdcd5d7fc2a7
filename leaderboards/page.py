"""A board and its games as one self-contained HTML file: no network, light and dark, readable without JavaScript.

What players said is data. It lies in the file as gzipped base64 (games) or as JSON with every ``<``, ``>`` and ``&``
escaped (the index), and reaches the page through ``textContent`` only. Whatever the templates write is made harmless
(``lanista.text.one_line``) and then escaped, by one rule for all of them. A Content-Security-Policy forbids every
request.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lanista import __version__, files
from lanista.errors import LanistaError
from lanista.leaderboards.board import Board
from lanista.leaderboards.plots import rating_plot, sides_plot
from lanista.leaderboards.replay import ending, is_call
from lanista.leaderboards.tables import facts, notes, tables
from lanista.text import one_line

if TYPE_CHECKING:
    from jinja2 import Environment

    from lanista.store import GameRow

GAMES_BYTES = 24_000_000
"""Bytes of packed games that one page holds; further games are left to ``lanista replay``, and the page says so."""
CHUNK = 16
"""Games packed together: enough that they share their words, few enough that opening one is quick."""
NAMED = 10
"""Damaged games that the page names."""
_TEMPLATES = Path(__file__).with_name("templates")


class Shelf(Protocol):
    """What a page reads of a store."""

    def games(self) -> list[GameRow]:
        """Every game, in the schedule's order."""
        ...

    def records(
        self, ids: Sequence[str], on_damage: Callable[[str, LanistaError], object]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """(id, the record as ``Episode.to_dict`` has it) of these games; what is damaged is told and left out."""
        ...


def write(
    board: Board,
    store: Shelf,
    path: str | Path,
    run_meta: Mapping[str, Any] | None = None,
    *,
    games_bytes: int = GAMES_BYTES,
    courses: Mapping[str, Any] | None = None,
) -> Path:
    """Write the page and return its path. ``run_meta`` is shown as it is: seed, versions, the exact command, ….

    ``courses``: what an analysis found of single games, by id.

    The file appears whole or not at all. Raises LanistaError where it cannot be written.
    """
    path = Path(path)
    text = render(board, store, run_meta, games_bytes=games_bytes, courses=courses)
    files.write_text(path, text)
    return path


def render(
    board: Board,
    store: Shelf,
    run_meta: Mapping[str, Any] | None = None,
    *,
    games_bytes: int = GAMES_BYTES,
    courses: Mapping[str, Any] | None = None,
) -> str:
    """The page as text."""
    rows = store.games()
    packed, shown, damaged = _pack(rows, store, games_bytes, courses or {})
    note = "Read any game from above or from any seat's point of view."
    if len(shown) + len(damaged) < len(rows):
        note += (
            f" This page holds the first {len(shown):,} of {len(rows):,} games, in the schedule's order; "
            "`lanista replay` shows the others."
        )
    if damaged:
        named = ", ".join(damaged[:NAMED]) + (", …" if len(damaged) > NAMED else "")
        if len(damaged) == 1:
            note += f" The record of game {named} is damaged: it is counted above, and cannot be read."
        else:
            note += f" The records of {len(damaged):,} games are damaged ({named}): they are counted above, not shown."
    return (
        _templates()
        .get_template("page.html.jinja")
        .render(
            board=board,
            version=__version__,
            heading=board.arena.replace("_", " ").capitalize(),
            facts=facts(board),
            tables=list(tables(board)),
            plots={"ratings": [_ours(rating_plot(board)), *([_ours(sides)] if (sides := sides_plot(board)) else [])]},
            notes=notes(board),
            games_note=note,
            about=_about(board, run_meta or {}),
            css=_ours((_TEMPLATES / "page.css").read_text(encoding="utf-8")),
            js=_ours("\n".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("course.js", "page.js"))),
            index=_ours(_index(shown)),
            chunks=[_ours(text) for text in packed],
        )
    )


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=_harmless
    )


def _harmless(value: Any) -> Any:
    """What a template is about to write, in which nothing acts; what is markup of ours already stays."""
    return one_line(value) if type(value) is str else value


def _ours(text: str) -> str:
    """Text that is markup and made here: the templates write it as it is."""
    from markupsafe import Markup

    return Markup(text)


def _about(board: Board, run_meta: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """(name, text, or a mapping of names to texts) of everything that is known of the run."""
    entries: list[tuple[str, Any]] = []
    for name, value in [*run_meta.items(), (f"{board.arena} config", board.config)]:
        if isinstance(value, Mapping):
            # The arena's own config has a line of its own below
            inner = {str(k).replace("_", " "): _word(v) for k, v in value.items() if v != board.config}
            entries.append((str(name).replace("_", " "), inner))
        else:
            entries.append((str(name).replace("_", " "), _word(value)))
    return entries


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, (list, tuple)):
        return " ".join(_word(part) for part in value) or "none"
    return json.dumps(value, default=str)


# Data


def _pack(
    rows: Sequence[GameRow], store: Shelf, limit: int, courses: Mapping[str, Any]
) -> tuple[list[str], list[GameRow], list[str]]:
    """(base64 of gzipped JSON lists of games, the games in them, ids of damaged ones): the first that fit ``limit``."""
    packed: list[str] = []
    shown: list[GameRow] = []
    damaged: list[str] = []
    row_of = {row.id: row for row in rows}
    records = store.records(list(row_of), lambda id, error: damaged.append(id))

    def readable() -> Iterator[tuple[GameRow, dict[str, Any]]]:
        for id, record in records:
            try:
                yield row_of[id], _game(record, courses.get(id))
            except KeyError:  # a term that its weights do not name
                damaged.append(id)

    games = readable()
    size = 0
    while part := list(islice(games, CHUNK)):
        whole = len(part)
        while part:
            data = json.dumps([game for _, game in part], separators=(",", ":")).encode()
            text = base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()
            if size + len(text) <= limit:
                packed.append(text)
                shown += [row for row, _ in part]
                size += len(text)
                break
            part = part[: len(part) // 2]
        if len(part) < whole:
            break
    return packed, shown, damaged


def _game(record: Mapping[str, Any], course: Any = None) -> dict[str, Any]:
    """What the page needs of a game, out of its record as ``Episode.to_dict`` has it."""
    outcome, weights = record["outcome"], record["weights"]
    return {
        **({"course": {**course, "cast": _cast(record)}} if course else {}),
        "players": record["players"],
        "roles": record["roles"],
        "teams": record["teams"],
        "opening": [_event(event) for event in record["opening"]],
        "steps": [_step(step, weights) for step in record["steps"]],
        "ending": None if outcome is None else ending(outcome["winner"], outcome["scores"]),
        "returns": {seat: round(value, 6) for seat, value in record["returns"].items()},
    }


def _cast(record: Mapping[str, Any]) -> dict[str, Any]:
    """Votes by day, and the speeches in order with what was heard: what a course is drawn over."""
    votes: dict[str, Any] = {}
    speeches: list[dict[str, Any]] = []
    day = "1"
    for event in [*record["opening"], *(event for step in record["steps"] for event in step["events"])]:
        data = event["data"]
        if event["kind"] == "day":
            day = str(data["day"])
        elif event["kind"] == "speech":
            speeches.append({"seat": data["seat"], "text": event["text"]})
        elif event["kind"] == "votes":
            votes[day] = {"votes": data["votes"], "out": data["eliminated"]}
    return {"votes": votes, "speeches": speeches}


_TOLD = ("seat", "kind", "reply", "action", "by", "why", "attempts")
"""What the page says of a turn."""


def _step(step: Mapping[str, Any], weights: Mapping[str, float]) -> dict[str, Any]:
    turns = step["turns"]
    return {
        "phase": step["phase"],
        "turns": [{name: turn[name] for name in _TOLD} for turn in turns],
        "calls": [[turn["seat"], turn["action"]] for turn in turns if is_call(turn["action"])],
        "events": [_event(event) for event in step["events"]],
        "terms": [[name, to, round(amount * weights[name], 6)] for name, to, amount in step["terms"] if weights[name]],
    }


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": event["text"], "to": event["to"], "seat": event["data"].get("seat")}


def _index(rows: Sequence[GameRow]) -> str:
    """What the list of games needs, as JSON that is safe inside a script element."""
    agents = sorted({agent for row in rows for agent in row.players.values()})
    number = {agent: i for i, agent in enumerate(agents)}
    games = [
        {
            "id": row.id,
            "seed": str(row.seed),
            "winner": row.winner,
            "ending": ending(row.winner, row.scores),
            "agents": sorted({number[agent] for agent in row.players.values()}),
            "sides": [
                [team, sorted({number[row.players[seat]] for seat in seats})]
                for team, seats in sorted(row.teams.items())
            ],
            "chunk": i // CHUNK,
            "place": i % CHUNK,
        }
        for i, row in enumerate(rows)
    ]
    return script_json({"agents": agents, "games": games})


def script_json(value: Any) -> str:
    """JSON in ASCII without ``<``, ``>`` and ``&``: no text inside can end or open an element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
