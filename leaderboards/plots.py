"""The rating plot: one agent a line, the estimate as a dot, its interval as a bar. As SVG for the page, or as PNG.

Drawn on a Figure of its own, never through pyplot: no global state, no window, the same bytes every time.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanista.errors import LanistaError
from lanista.leaderboards.board import Board
from lanista.stats import Interval
from lanista.text import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, DIM, BAR, BAND = "#1f2430", "#6b7280", "#3b5bdb", "#e5e8ee"
"""Colours of the PNG. The SVG holds them as CSS variables, so that the page's dark theme reaches inside."""
_VARIABLES = {INK: "--ink", DIM: "--dim", BAR: "--accent", BAND: "--line"}
_NAME_LIMIT = 34


def rating_plot(board: Board) -> str:
    """The plot as an ``<svg>`` element whose colours are the CSS variables --ink, --dim, --accent and --line."""
    label = "Scores" if board.kind == "scores" else "Ratings"
    return _svg(lambda: _figure(board), f"{label} with intervals")


def sides_plot(board: Board) -> str:
    """Strength as one team against strength as the other, an ellipse an agent; "" where fewer than two have both."""
    if len(_both(board)) < 2:
        return ""
    one, other = board.teams
    return _svg(lambda: _scatter(board), f"Strength as {one} against strength as {other}, with 95% ellipses")


def _svg(draw: Callable[[], Figure], label: str) -> str:
    import matplotlib

    out = io.StringIO()
    # The salt fixes the ids inside, and text stays text, in the font of the page around it.
    style: dict[Any, Any] = {"svg.hashsalt": "lanista", "svg.fonttype": "none", "text.parse_math": False}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's own fonts draw the text
        draw().savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", svg, flags=re.DOTALL)  # its rules would reach the whole page
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable}, {colour})")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def save_png(board: Board, path: str | Path, *, dpi: int = 160) -> Path:
    """The plot as a PNG file on a white ground. Raises LanistaError where it cannot be written."""
    import matplotlib

    path = Path(path)
    with matplotlib.rc_context({"text.parse_math": False}):
        figure = _figure(board, title=True)
        try:
            figure.savefig(path, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
        except OSError as error:
            raise LanistaError(f"the picture {path} could not be written: {error.strerror or error}") from error
    return path


def _figure(board: Board, title: bool = False) -> Figure:
    from matplotlib.figure import Figure

    values, axis_name = _values(board)
    count = len(values)
    figure = Figure(figsize=(6.0, 0.75 + 0.32 * count + (0.4 if title else 0)), layout="constrained")
    axes = figure.add_subplot()
    for i, (_, interval) in enumerate(values):
        y = count - 1 - i
        axes.axhline(y, color=BAND, linewidth=0.8, zorder=0)
        axes.plot([interval.low, interval.high], [y, y], color=BAR, linewidth=2.4, solid_capstyle="round", alpha=0.55)
        axes.plot([interval.value], [y], "o", color=BAR, markersize=7)
    axes.set_yticks(range(count - 1, -1, -1), [_name(name) for name, _ in values], color=INK, fontsize=10)
    axes.set_ylim(-0.6, count - 0.4)
    axes.tick_params(axis="x", colors=DIM, labelsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(axis_name, color=DIM, fontsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(BAND)
    if board.kind == "versus":
        axes.axvline(1500, color=DIM, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
    if title:
        axes.set_title(
            f"{board.arena}: {board.games} games over {board.blocks} seeds", loc="left", color=INK, fontsize=11
        )
    return figure


def _both(board: Board) -> list[tuple[str, Interval, Interval, float]]:
    """(agent, strength as the first team, as the second, correlation of their errors) where both are known."""
    if board.kind != "versus":
        return []
    found = []
    for line in board.lines:
        one, other = (line.side_strength.get(team) for team in board.teams)
        if one is not None and other is not None and line.correlation is not None:
            found.append((line.agent, one, other, line.correlation))
    return found


_WIDER = math.sqrt(-2 * math.log(0.05)) / 1.959964
"""A 95% ellipse of two is so much wider than the 95% interval of one (chi-squared with 2 degrees of freedom)."""
_NAMED = 16
"""Agents whose names a scatter has room for."""


def _scatter(board: Board) -> Figure:
    from matplotlib.figure import Figure

    points = _both(board)
    figure = Figure(figsize=(6.0, 4.6), layout="constrained")
    axes = figure.add_subplot()
    turn = [2 * math.pi * k / 96 for k in range(97)]
    for n, (name, one, other, r) in enumerate(points):
        wide, high = (_WIDER * (side.high - side.low) / 2 for side in (one, other))
        xs = [one.value + wide * math.cos(t) for t in turn]
        ys = [other.value + high * (r * math.cos(t) + math.sqrt(max(0.0, 1 - r * r)) * math.sin(t)) for t in turn]
        axes.fill(xs, ys, facecolor=BAR, alpha=0.08, linewidth=0)
        axes.plot(xs, ys, color=BAR, linewidth=1.0, alpha=0.55)
        axes.plot([one.value], [other.value], "o", color=BAR, markersize=6)
        if n < _NAMED:
            at = (one.value, other.value)
            axes.annotate(_name(name), at, xytext=(6, 5), textcoords="offset points", color=INK, fontsize=9)
    for line in (axes.axhline, axes.axvline):
        line(0, color=DIM, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
    axes.set_xlabel(f"strength as {board.teams[0]} (logits above the average agent)", color=DIM, fontsize=9)
    axes.set_ylabel(f"strength as {board.teams[1]}", color=DIM, fontsize=9)
    axes.tick_params(colors=DIM, labelsize=9)
    axes.margins(0.08)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(BAND)
    return figure


def _values(board: Board) -> tuple[list[tuple[str, Interval]], str]:
    """(agent, interval) from the best down, and what the axis measures."""
    level = f"{board.level:.0%} interval"
    rated = [(line.agent, line.rating) for line in board.lines if line.rating is not None]
    if rated:
        return [(name, rating) for name, rating in rated], f"rating, {level} (1500 = average agent)"
    what = "win rate" if board.kind == "versus" else "mean score"
    return [(line.agent, line.score) for line in board.lines], f"{what}, {level}"


def _name(name: str) -> str:
    name = re.sub("[\u2400-\u2421]", "\ufffd", plain(name).replace("\n", " ").replace("\t", " "))
    return name if len(name) <= _NAME_LIMIT else name[: _NAME_LIMIT // 2] + "…" + name[-(_NAME_LIMIT // 2 - 1) :]
