"""The sections of a page that a board fills: tables as HTML, every name escaped."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lanista.leaderboards.board import Board
from lanista.leaderboards.plots import rating_plot
from lanista.leaderboards.terminal import duration, ranks
from lanista.stats import Interval
from lanista.text import plain


def facts(board: Board) -> str:
    facts = [("games", f"{board.games:,}"), ("seeds", f"{board.blocks:,}")]
    facts += [
        (f"{team} won" if board.kind == "versus" else f"{team} score", _percent(board.team_wins[team]))
        for team in board.teams
    ]
    facts += [("draws", f"{board.draws:,}")] if board.draws else []
    facts += [("preset", board.preset), ("hash", board.hash)]
    return "".join(f"<li>{escape(name)} <b>{escape(value)}</b></li>" for name, value in facts)


def sections(board: Board) -> Iterator[str]:
    yield _ratings(board)
    if board.notes or board.cycles:
        cycles = [
            f"{' beats '.join([*cycle, cycle[0]])}, over both ways to seat them: no single order of these agents fits."
            for cycle in board.cycles
        ]
        items = "".join(f"<li>{escape(note)}</li>" for note in [*board.notes, *cycles])
        yield f'<section><h2>Notes</h2><ul class="notes">{items}</ul></section>'
    if board.payoff and len(board.lines) > 1:
        yield _payoff(board)
    if board.facts:
        yield _metrics(board)
    if any(line.k > 1 for line in board.passes):
        yield _passes(board)
    if board.kind == "scores" and board.pairs:
        yield _pairs(board)
    if board.roles:
        yield _roles(board)
    yield _behaviour(board)


def _ratings(board: Board) -> str:
    level = f"{board.level:.0%}"
    versus = board.kind == "versus"
    grouped = len({line.group for line in board.lines}) > 1
    heads = ["rank", "ranks left open", *(["rating"] if versus else []), "win rate" if versus else "mean score"]
    heads += [f"as {team}" for team in board.teams] if versus else []
    heads += [*(["group"] if grouped else []), "games"]
    rows = []
    for line in board.lines:
        cells = [str(line.rank), escape(ranks(line))]
        cells += [_span(line.rating, "{:.0f}")] if versus else []
        cells += [_rate(line.score)]
        cells += [_rate(line.sides.get(team)) for team in board.teams] if versus else []
        cells += [*([str(line.group + 1)] if grouped else []), f"{line.games:,}"]
        rows.append((line.agent, cells))
    if versus:
        hint = (
            "Side-aware Bradley–Terry ratings on the Elo scale: the average agent has 1500, 400 points are odds of ten "
            f"to one. {level} intervals count seeds, not games. Two agents may differ although their intervals "
            "overlap: the ranks left open say what the differences themselves allow."
        )
    else:
        hint = f"Mean scores with {level} intervals that count seeds, not games. Ranks compare agents on shared seeds."
    name = "Ratings" if versus else "Scores"
    plot = f'<div class="plot">{rating_plot(board)}</div>'
    return _section(name, hint, plot + _table(["agent", *heads], rows))


def _payoff(board: Board) -> str:
    first, second = board.teams
    agents = [line.agent for line in board.lines]
    cells = {(cell.row, cell.column): cell for cell in board.payoff}
    middle = sum(cell.rate.value * cell.games for cell in board.payoff) / sum(cell.games for cell in board.payoff)
    body = []
    for row in agents:
        tiles = [f'<td class="name">{escape(row)}</td>']
        for column in agents:
            cell = cells.get((row, column))
            if cell is None:
                tiles.append('<td class="none"><small>not played</small></td>')
                continue
            off = (cell.rate.value - middle) / max(middle, 1 - middle, 1e-9)
            colour = "--win" if off >= 0 else "--lose"
            shade = f"color-mix(in oklab, var({colour}) {60 * abs(off):.0f}%, var(--page))"
            tiles.append(
                f'<td class="cell" style="background:{shade}">{100 * cell.rate.value:.0f}%'
                f"<small>{100 * cell.rate.low:.0f} to {100 * cell.rate.high:.0f}, "
                f"{cell.games:,} games</small></td>"
            )
        body.append(f"<tr>{''.join(tiles)}</tr>")
    heads = "".join(f"<th>{escape(agent)}</th>" for agent in agents)
    hint = (
        f"How often the row's agent won as {first} against the column's as {second}. "
        f"Blue is more, orange is less than {first}'s average of {100 * middle:.0f}%."
    )
    table = (
        f'<div class="scroll"><table class="heat"><thead><tr><th class="name">{escape(first)} ↓ '
        f"{escape(second)} →</th>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )
    return _section("Who beats whom", hint, table)


def _metrics(board: Board) -> str:
    agents = [line.agent for line in board.lines]
    known = {(line.name, line.agent): line for line in board.facts}
    rows = []
    for name, what in board.metrics.items():
        lines = [known.get((name, agent)) for agent in agents]
        cells = ["–" if line is None else _rate(line.mean) if line.rate else _mean(line.mean) for line in lines]
        rows.append((name.replace("_", " "), what, cells))
    heads = "".join(f"<th>{escape(agent)}</th>" for agent in agents)
    body = "".join(
        f'<tr><td class="name">{escape(name)}<small>{escape(what)}</small></td>'
        f"{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for name, what, cells in rows
    )
    table = (
        f'<div class="scroll"><table class="facts-table"><thead><tr><th class="name">metric</th>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    hint = f"Means over an agent's games with {board.level:.0%} intervals that count seeds, not games."
    return _section("What came of the games", hint, table)


def _passes(board: Board) -> str:
    agents = [line.agent for line in board.lines]
    known = {(line.k, line.agent): line for line in board.passes}
    rows = []
    for k in sorted({line.k for line in board.passes}):
        lines = [known.get((k, agent)) for agent in agents]
        rows.append((f"pass^{k}", ["–" if line is None else _rate(line.rate) for line in lines]))
    fewest, most = (pick(line.cases for line in board.passes) for pick in (min, max))
    cases = f"{most:,} cases" if fewest == most else f"{fewest:,} to {most:,} cases"
    hint = (
        f"How often all of k tries of one case are {str(board.success).replace('_', ' ')}, over {cases}. Tries "
        "of a case differ in the agents' own chance only."
    )
    return _section("Reliability", hint, _table(["k tries", *agents], rows))


def _pairs(board: Board) -> str:
    body = []
    for pair in board.pairs:
        gaps = [("score", "–" if pair.difference is None else _span(pair.difference, "{:+.3f}"), pair.shown)]
        gaps += [
            (line.name.replace("_", " "), _gap(line.difference, line.rate), line.shown)
            for line in board.fact_pairs
            if (line.one, line.other) == (pair.one, pair.other)
        ]
        for i, (name, gap, shown) in enumerate(gaps):
            first = (
                f'<td class="name" rowspan="{len(gaps)}">{escape(f"{pair.one} − {pair.other}")}</td>' if not i else ""
            )
            body.append(
                f"<tr{' class=first' if not i else ''}>{first}<td class=what>{escape(name)}</td><td>{gap}</td>"
                f"<td>{'yes' if shown else 'no'}</td></tr>"
            )
    heads = "".join(
        f"<th{' class=name' if i < 2 else ''}>{h}</th>" for i, h in enumerate(("pair", "of", "difference", "shown"))
    )
    hint = (
        f"First agent minus second on the seeds that both played, with {board.level:.0%} intervals over seeds. Shown: "
        "the interval leaves zero out. Each line stands for itself: of twenty that are zero in truth one will be shown."
    )
    table = f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    return _section("Differences", hint, table)


def _mean(mean: Interval) -> str:
    return _span(mean, "{:.3g}")


def _gap(difference: Interval | None, rate: bool) -> str:
    if difference is None:
        return "–"
    if not rate:
        return _span(difference, "{:+.3g}")
    return _span(Interval(*(100 * x for x in difference)), "{:+.0f}") + " points"


def _roles(board: Board) -> str:
    versus = board.kind == "versus"
    columns = list(dict.fromkeys((line.team, line.role) for line in board.roles))
    cells = {(line.agent, line.team, line.role): line for line in board.roles}
    heads = "".join(f"<th>{escape(role)}<small>{escape(team)}</small></th>" for team, role in columns)
    rows = []
    for agent in (line.agent for line in board.lines):
        tiles = []
        for column in columns:
            line = cells.get((agent, *column))
            if line is None:
                tiles.append("<td>–</td>")
                continue
            strength = "" if line.strength is None else f"<small>strength {_span(line.strength, '{:+.2f}')}</small>"
            tiles.append(f"<td>{_rate(line.rate)}<small>{line.games:,} games</small>{strength}</td>")
        rows.append(f'<tr><td class="name">{escape(agent)}</td>{"".join(tiles)}</tr>')
    hint = (
        f"{'How often' if versus else 'How well'} an agent's team {'won' if versus else 'did'} when it held that role."
    )
    if any(line.strength is not None for line in board.roles):
        hint += " Strengths are logits above the average agent in that role, where the schedule can tell them apart."
    table = (
        f'<div class="scroll"><table><thead><tr><th class="name">agent</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
    return _section("By role", hint, table)


def _behaviour(board: Board) -> str:
    heads = [
        "agent",
        "decisions",
        "illegal replies",
        "fallbacks",
        "forfeits",
        "tokens in",
        "tokens out",
        "median",
        "95% within",
    ]
    rows = []
    for line in board.lines:
        timing = board.timing.get(line.agent, {})
        forfeits = f"{sum(line.forfeits.values()):,}"
        if line.forfeits:
            reasons = "; ".join(f"{plain(reason)}: {n}" for reason, n in sorted(line.forfeits.items()))
            forfeits = f'<abbr title="{escape(reasons)}">{forfeits}</abbr>'
        share = f'<span class="range">{line.illegal / line.decisions:.1%}</span>' if line.decisions else ""
        cells = [f"{line.decisions:,}", f"{line.illegal:,}{share}", f"{line.fallbacks:,}", forfeits]
        cells += ["–" if n is None else f"{n:,}" for n in (line.tokens_in, line.tokens_out)]
        cells += [duration(timing.get(key)) for key in ("latency_p50_s", "latency_p95_s")]
        rows.append((line.agent, cells))
    hint = "Illegal replies were refused; a fallback was played where no legal one came; a forfeit is a turn not taken."
    return _section("Behaviour", hint, _table(heads, rows))


def about(board: Board, run_meta: Mapping[str, Any]) -> str:
    entries = [*run_meta.items(), (f"{board.arena} config", board.config)]
    items = []
    for name, value in entries:
        if isinstance(value, Mapping):
            # The arena's own config has a line of its own below
            inner = [(str(k).replace("_", " "), v) for k, v in value.items() if v != board.config]
            shown = ", ".join(f"{escape(k)} <b>{escape(_word(v))}</b>" for k, v in inner) or "–"
        elif name == "command":
            shown = f"<code>{escape(_word(value))}</code>"
        else:
            shown = escape(_word(value))
        items.append(f"<dt>{escape(str(name).replace('_', ' '))}</dt><dd>{shown}</dd>")
    return f'<section><h2>About this run</h2><dl class="about">{"".join(items)}</dl></section>'


# Pieces


def _section(name: str, hint: str, body: str) -> str:
    return f'<section><h2>{escape(name)}</h2><p class="hint">{escape(hint)}</p>{body}</section>'


def _table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """A table whose first column is a name; names are escaped here, the other cells are HTML already."""
    head = "".join(f"<th{' class=name' if i == 0 else ''}>{escape(name)}</th>" for i, name in enumerate(heads))
    body = "".join(
        f'<tr><td class="name">{escape(name)}</td>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, cells in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _rate(rate: Interval | None) -> str:
    if rate is None or rate.value != rate.value:
        return "–"
    return f'{100 * rate.value:.0f}%<span class="range">{100 * rate.low:.0f} to {100 * rate.high:.0f}</span>'


def _span(interval: Interval | None, form: str) -> str:
    if interval is None:
        return "–"
    value, low, high = (form.format(x + 0.0 if abs(x) >= 0.0005 else 0.0) for x in interval)
    if math.isinf(interval.high):  # nothing is known of how it varies
        return value
    return f'{value}<span class="range">{low} to {high}</span>'


def _percent(rate: Interval) -> str:
    return f"{100 * rate.value:.0f}% ({100 * rate.low:.0f} to {100 * rate.high:.0f})"


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, (list, tuple)):
        return " ".join(_word(part) for part in value) or "none"
    return json.dumps(value, default=str)


def escape(text: str) -> str:
    return html.escape(plain(text).encode("utf-8", "replace").decode())
