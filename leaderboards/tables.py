"""A board's tables as data: made once here, set in a terminal by ``terminal.py`` and on a page by ``page.py``.

A renderer decides how a table looks, never what stands in it. Texts are as they came: a renderer makes them harmless.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lanista.leaderboards.shapes import Board, Line, SkillLine
from lanista.stats import Interval

Kind = Literal[
    "text", "count", "rate", "rating", "logits", "score_gap", "number", "number_gap", "rate_gap", "seconds", "yes"
]
"""What a value measures, and so how it is written."""

UNKNOWN = "–"
"""What stands where nothing is known."""


class Shown(NamedTuple):
    """A value as it is written: the value, the ends of its interval (None where it has none), its unit."""

    value: str
    low: str | None = None
    high: str | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at one place of a table."""

    value: Interval | float | str | bool | None
    """None where it is not known."""
    kind: Kind = "text"
    detail: str = ""
    """A few words that belong to the value."""
    note: str = ""
    """What explains the value where there is room for it: a page has it, a terminal has not."""
    shade: float | None = None
    """In [-1, 1]: how far the value is below or above the table's middle; None where that means nothing."""

    @property
    def shown(self) -> Shown:
        """The value in writing."""
        return written(self.value, self.kind)


@dataclass(frozen=True, slots=True)
class Column:
    """What stands over a column."""

    title: str
    kind: Kind = "count"

    @property
    def align(self) -> Literal["left", "right"]:
        """Texts begin on the left, everything else ends on the right."""
        return "left" if self.kind == "text" else "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTable:
    """One table. The first column names the line that follows it."""

    key: str
    """Which table it is, the same on every board: ``ratings``, ``payoff``, …"""
    title: str
    lead: str
    """The title goes on with this: what the numbers are, in a few words."""
    hint: str = ""
    """How to read it, in sentences, where there is room for them."""
    columns: tuple[Column, ...]
    lines: tuple[tuple[Entry, ...], ...]
    groups: frozenset[int] = frozenset()
    """Lines that begin a group, by index; no groups if empty."""


def tables(board: Board) -> Iterator[BoardTable]:
    """The tables of a board that say something, the ratings first."""
    yield _ratings(board)
    if board.payoff and len(board.lines) > 1:
        yield _payoff(board)
    if board.facts:
        yield _metrics(board)
    if any(line.k > 1 for line in board.passes):
        yield _passes(board)
    if board.kind == "scores" and board.pairs:
        yield _pairs(board)
    if board.skills:
        yield _skills(board)
    if board.roles:
        yield _roles(board)
    yield _behaviour(board)


def facts(board: Board) -> list[tuple[str, Entry]]:
    """What a board is of: (name, value)."""
    found = [("games", Entry(board.games, "count")), ("seeds", Entry(board.blocks, "count"))]
    won = "{} won" if board.kind == "versus" else "{} score"
    found += [(won.format(team), Entry(board.team_wins[team], "rate")) for team in board.teams]
    found += [("draws", Entry(board.draws, "count"))] if board.draws else []
    if board.trust is not None:
        found += _trust(board)
    return [*found, ("preset", Entry(board.preset)), ("hash", Entry(board.hash))]


def _trust(board: Board) -> list[tuple[str, Entry]]:
    """Whether the ratings foretell anything, and how few deals the lead hangs on."""
    trust = board.trust
    assert trust is not None
    found: list[tuple[str, Entry]] = []
    if trust.log_loss is not None and trust.over_base is not None:
        base = trust.log_loss.value - trust.over_base.value
        found.append(("held-out log loss", Entry(f"{trust.log_loss.value:.3f} against {base:.3f} of the base rate")))
    if trust.deals is not None:
        seeds = f"{trust.deals:,} of {board.blocks:,} seed{'s' * (board.blocks != 1)}"
        found.append(("another leader without", Entry(f"{seeds} ({trust.successor})")))
    if trust.clean_games < board.games:
        found.append(("games without an error", Entry(trust.clean_games, "count")))
    return found


def notes(board: Board) -> list[str]:
    """What a reader should know: the board's notes, then its cycles."""
    cycles = (" beats ".join([*cycle, cycle[0]]) for cycle in board.cycles)
    return [
        *board.notes,
        *(f"Cycle: {cycle}, over both ways to seat them: no single order of these agents fits." for cycle in cycles),
    ]


# Values in writing

_FORMS: dict[Kind, str] = {
    "rating": "{:.0f}",
    "logits": "{:+.2f}",
    "score_gap": "{:+.3f}",
    "number": "{:.3g}",
    "number_gap": "{:+.3g}",
    "rate_gap": "{:+.0f}",
    "rate": "{:.0f}",
}
_NOTHING = re.compile(r"[+-]?(0(?:\.0*)?)")


def written(value: Interval | float | str | bool | None, kind: Kind) -> Shown:
    """A value as both renderers write it. A rate is a share of one, shown in percent; so is the gap between two."""
    if value is None:
        return Shown(UNKNOWN)
    if kind == "yes":
        return Shown("yes" if value else "no")
    if isinstance(value, Interval):
        return _interval(value, kind)
    if kind == "count":
        return Shown(f"{value:,}")
    if kind == "seconds":
        return Shown(duration(float(value)))
    return Shown(str(value))


def _interval(interval: Interval, kind: Kind) -> Shown:
    if math.isnan(interval.value):
        return Shown(UNKNOWN)
    scale = 100 if kind in ("rate", "rate_gap") else 1
    value, low, high = (number(scale * x, _FORMS[kind]) for x in interval)
    percent = "%" if kind == "rate" else ""
    unit = "points" if kind == "rate_gap" else ""
    if math.isinf(interval.high):  # nothing is known of how it varies
        return Shown(value + percent, unit=unit)
    return Shown(value + percent, low, high, unit)


def number(x: float, form: str) -> str:
    """The number in its form, such as ``{:+.3g}``; what rounds to nothing has no sign that says otherwise."""
    text = form.format(x)
    nothing = _NOTHING.fullmatch(text)
    return text if nothing is None else f"{'+' if '+' in form else ''}{nothing[1]}"


def duration(seconds: float | None) -> str:
    """A short time with its unit: ``46 µs``, ``3.2 ms``, ``1.4 s``; a dash where it is not known."""
    if seconds is None:
        return UNKNOWN
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


# The tables


def _ratings(board: Board) -> BoardTable:
    level = f"{board.level:.0%}"
    versus = board.kind == "versus"
    grouped = len({line.group for line in board.lines}) > 1
    columns = [Column("agent", "text"), Column("rank"), Column("ranks left open")]
    columns += [Column("rating", "rating")] if versus else []
    clean = board.trust.clean if board.trust is not None else {}
    columns += [Column("rating, error-free games", "rating")] if clean else []
    columns += [Column("win rate" if versus else "mean score", "rate")]
    columns += [Column(f"as {team}", "rate") for team in board.teams] if versus else []
    columns += [*([Column("group")] if grouped else []), Column("games")]
    lines = []
    for line in board.lines:
        entries = [Entry(line.agent), Entry(line.rank, "count"), Entry(_ranks(line))]
        entries += [Entry(line.rating, "rating")] if versus else []
        entries += [Entry(clean.get(line.agent), "rating")] if clean else []
        entries += [Entry(line.score, "rate")]
        entries += [Entry(line.sides.get(team), "rate") for team in board.teams] if versus else []
        entries += [*([Entry(line.group + 1, "count")] if grouped else []), Entry(line.games, "count")]
        lines.append(tuple(entries))
    if versus:
        hint = (
            "Side-aware Bradley–Terry ratings on the Elo scale: the average agent has 1500, 400 points are odds of ten "
            "to one. Intervals count seeds, not games. Two agents may differ although their intervals overlap: the "
            "ranks left open say what the differences themselves allow."
        )
    else:
        hint = "Intervals count seeds, not games. Ranks compare agents on shared seeds."
    return BoardTable(
        key="ratings",
        title="Ratings" if versus else "Scores",
        lead=f"{level} intervals",
        hint=hint,
        columns=tuple(columns),
        lines=tuple(lines),
    )


def _ranks(line: Line) -> str:
    """``1`` or ``1 to 3``: the ranks that are left open."""
    return str(line.rank_low) if line.rank_low == line.rank_high else f"{line.rank_low} to {line.rank_high}"


def _payoff(board: Board) -> BoardTable:
    first, second = board.teams
    agents = _agents(board)
    cells = {(cell.row, cell.column): cell for cell in board.payoff}
    middle = sum(cell.rate.value * cell.games for cell in board.payoff) / sum(cell.games for cell in board.payoff)
    widest = max(middle, 1 - middle, 1e-9)
    lines = []
    for one in agents:
        met = [cells.get((one, other)) for other in agents]
        lines.append(
            (
                Entry(one),
                *(
                    Entry(None, "rate")
                    if cell is None
                    else Entry(cell.rate, "rate", _games(cell.games), shade=(cell.rate.value - middle) / widest)
                    for cell in met
                ),
            )
        )
    return BoardTable(
        key="payoff",
        title="Who beats whom",
        lead=f"wins of the row as {first} against the column as {second}",
        hint=f"Blue is more, orange is less than {first}'s average of {100 * middle:.0f}%.",
        columns=(Column(f"as {first}", "text"), *(Column(agent, "rate") for agent in agents)),
        lines=tuple(lines),
    )


def _metrics(board: Board) -> BoardTable:
    agents = _agents(board)
    known = {(line.name, line.agent): line for line in board.facts}
    lines = []
    for name, what in board.metrics.items():
        found = [known.get((name, agent)) for agent in agents]
        values = (
            Entry(None, "number") if line is None else Entry(line.mean, "rate" if line.rate else "number")
            for line in found
        )
        lines.append((Entry(_words(name), note=what), *values))
    return BoardTable(
        key="metrics",
        title="What came of the games",
        lead=f"means with {board.level:.0%} intervals",
        hint="Means over an agent's games; intervals count seeds, not games.",
        columns=(Column("metric", "text"), *(Column(agent, "number") for agent in agents)),
        lines=tuple(lines),
    )


def _skills(board: Board) -> BoardTable:
    agents = [agent for agent in _agents(board) if any(line.agent == agent for line in board.skills)]
    known = {(line.side, line.measure, line.agent): line for line in board.skills}
    measures = list(dict.fromkeys((line.side, line.measure) for line in sorted(board.skills, key=lambda x: x.side)))
    lines: list[tuple[Entry, ...]] = []
    groups = []
    for i, (side, measure) in enumerate(measures):
        if i == 0 or side != measures[i - 1][0]:
            groups.append(i)
        found = [known.get((side, measure, agent)) for agent in agents]
        what = next(line.what for line in found if line is not None)
        values = (Entry(None, "number") if line is None else _skill(line) for line in found)
        lines.append((Entry(side), Entry(_words(measure), note=what), *values))
    return BoardTable(
        key="skills",
        title="Skills",
        lead="what an analysis of these games measured",
        hint=(
            "By side. Below a value stands what random play comes to on the same decisions, or with this deck. Shifts "
            "are of 100 votes of those who listened, measured on forks in which the speech is silence. 95% intervals "
            "count seeds."
        ),
        columns=(Column("side", "text"), Column("measure", "text"), *(Column(agent, "number") for agent in agents)),
        lines=tuple(lines),
        groups=frozenset(groups),
    )


_SHIFTS = frozenset({"persuades", "aims", "covers"})
_PLAIN = frozenset({"brier", "information", "tokens_in", "tokens_out", "paid"})


def _skill(line: SkillLine) -> Entry:
    if line.measure in _SHIFTS:
        return Entry(line.value, "rate_gap")
    if line.measure in _PLAIN:
        return Entry(line.value, "number", "" if line.line is None else f"random {line.line:.3g}")
    return Entry(line.value, "rate", "" if line.line is None else f"random {100 * line.line:.0f}%")


def _passes(board: Board) -> BoardTable:
    agents = _agents(board)
    known = {(line.k, line.agent): line for line in board.passes}
    lines = []
    for k in sorted({line.k for line in board.passes}):
        found = [known.get((k, agent)) for agent in agents]
        rates = (Entry(None if line is None else line.rate, "rate") for line in found)
        lines.append((Entry(f"pass^{k}"), *rates))
    fewest, most = (pick(line.cases for line in board.passes) for pick in (min, max))
    cases = f"{most:,} cases" if fewest == most else f"{fewest:,} to {most:,} cases"
    return BoardTable(
        key="passes",
        title="Reliability",
        lead=f"how often all of k tries of a case are {_words(str(board.success))}",
        hint=f"Over {cases}. Tries of a case differ in the agents' own chance only.",
        columns=(Column("k tries", "text"), *(Column(agent, "rate") for agent in agents)),
        lines=tuple(lines),
    )


def _pairs(board: Board) -> BoardTable:
    lines: list[tuple[Entry, ...]] = []
    groups = []
    for pair in board.pairs:
        groups.append(len(lines))
        name = Entry(f"{pair.one} − {pair.other}")
        lines.append((name, Entry("score"), Entry(pair.difference, "score_gap"), Entry(pair.shown, "yes")))
        for line in board.fact_pairs:
            if (line.one, line.other) == (pair.one, pair.other):
                gap = Entry(line.difference, "rate_gap" if line.rate else "number_gap")
                lines.append((name, Entry(_words(line.name)), gap, Entry(line.shown, "yes")))
    return BoardTable(
        key="pairs",
        title="Differences",
        lead="the first agent minus the second on the same seeds",
        hint=(
            f"On the seeds that both played, with {board.level:.0%} intervals over seeds. Shown: the interval leaves "
            "zero out. Each line stands for itself: of twenty that are zero in truth one will be shown."
        ),
        columns=(Column("pair", "text"), Column("of", "text"), Column("difference", "number_gap"), Column("shown")),
        lines=tuple(lines),
        groups=frozenset(groups),
    )


def _roles(board: Board) -> BoardTable:
    versus = board.kind == "versus"
    strengths = any(line.strength is not None for line in board.roles)
    teams = len(board.teams) > 1
    columns = [Column("role", "text"), *([Column("team", "text")] if teams else []), Column("agent", "text")]
    columns += [Column("team's win rate" if versus else "team's score", "rate"), Column("games")]
    columns += [Column("strength (logits)", "logits")] if strengths else []
    lines = []
    groups = []
    for i, line in enumerate(board.roles):
        if i == 0 or (line.team, line.role) != (board.roles[i - 1].team, board.roles[i - 1].role):
            groups.append(i)
        entries = [Entry(line.role), *([Entry(line.team)] if teams else []), Entry(line.agent)]
        entries += [Entry(line.rate, "rate"), Entry(line.games, "count")]
        entries += [Entry(line.strength, "logits")] if strengths else []
        lines.append(tuple(entries))
    hint = "Games in which the agent held that role."
    if strengths:
        hint += " Strengths are logits above the average agent in that role, where the schedule can tell them apart."
    return BoardTable(
        key="roles",
        title="By role",
        lead=f"{'how often' if versus else 'how well'} an agent's team {'won' if versus else 'did'}",
        hint=hint,
        columns=tuple(columns),
        lines=tuple(lines),
        groups=frozenset(groups),
    )


def _behaviour(board: Board) -> BoardTable:
    tokens = any(line.tokens_in is not None or line.tokens_out is not None for line in board.lines)
    columns = [Column("agent", "text"), *map(Column, ("decisions", "illegal replies", "fallbacks", "forfeits"))]
    columns += [*map(Column, ("tokens in", "tokens out"))] if tokens else []
    columns += [Column("median", "seconds"), Column("95% within", "seconds")]
    lines = []
    for line in board.lines:
        timing = board.timing.get(line.agent, {})
        share = f"{line.illegal / line.decisions:.1%}" if line.illegal and line.decisions else ""
        reasons = "; ".join(f"{reason}: {n:,}" for reason, n in sorted(line.forfeits.items()))
        entries = [
            Entry(line.agent),
            Entry(line.decisions, "count"),
            Entry(line.illegal, "count", share),
            Entry(line.fallbacks, "count"),
            Entry(sum(line.forfeits.values()), "count", note=reasons),
        ]
        entries += [Entry(n, "count") for n in (line.tokens_in, line.tokens_out)] if tokens else []
        entries += [Entry(timing.get(key), "seconds") for key in ("latency_p50_s", "latency_p95_s")]
        lines.append(tuple(entries))
    return BoardTable(
        key="behaviour",
        title="Behaviour",
        lead="replies, and the time a decision takes",
        hint=(
            "Illegal replies were refused; a fallback was played where no legal one came; a forfeit is a turn that was "
            "not taken."
        ),
        columns=tuple(columns),
        lines=tuple(lines),
    )


def _agents(board: Board) -> Sequence[str]:
    return [line.agent for line in board.lines]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _games(count: int) -> str:
    return f"{count:,} game{'s' * (count != 1)}"
