"""A game in the terminal, from above or from one seat's point of view, at once or as its turns come.

What players say is printed as it is: never as markup, and with control characters made visible, so that a reply can
neither colour the terminal nor move its cursor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from lanista.arenas.core.contract import Event, Seat
from lanista.arenas.core.episode import Episode, StepRecord, Turn
from lanista.arenas.core.referee import Game
from lanista.errors import UsageError, suggest
from lanista.terminal import Rows
from lanista.text import one_line, plain

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red", "bright_cyan", "bright_magenta", "bright_green")
_CALL = re.compile(r"[A-Za-z_]\w* \{.*\}", re.DOTALL)


def show(episode: Episode, console: Console, seat: Seat | None = None, rewards: bool = False) -> None:
    """Print one game. ``seat`` shows what that seat saw and replied, and no more; ``rewards`` what every step paid.

    Raises UsageError for an unknown seat, and for rewards from a seat's view: who plays never sees them.
    """
    if seat is not None and seat not in episode.roles:
        raise UsageError(
            f"unknown seat {seat!r}{suggest(seat, episode.roles)} (this game has: {', '.join(episode.roles)})"
        )
    if seat is not None and rewards:
        raise UsageError("rewards are shown from above only, as who plays never sees them: leave out the seat")
    view = "from above" if seat is None else f"as {seat} saw it"
    console.print(Text(one_line(f"{episode.arena} {episode.version} · seed {episode.seed} · {view}"), style="bold"))
    narrator = Narrator(console, seat=seat)
    if seat is None:
        console.print(cast(episode.players, episode.roles, episode.teams))
    narrator.events(episode.opening, tuple(episode.roles))
    ledger = Ledger(episode)
    for step in episode.steps:
        narrator.step(step, tuple(episode.roles), replies=True)
        if rewards:
            for line in ledger.book(step):
                console.print(Text(one_line(line), style="dim"))
    if episode.outcome is None:
        console.print(Text("The game was not finished.", style="yellow"))
        return
    console.print(Rule(Text(one_line(ending(episode.outcome.winner, episode.outcome.scores))), style="bold"))
    if seat is None:
        paid = ", ".join(f"{s} {value:+g}" for s, value in episode.returns.items())
        console.print(Text(one_line(f"returns: {paid}"), style="dim"))


class Narrator:
    """Tells a game as it goes on, each event once.

    From above by default; ``seat`` tells only what that seat is told, ``public`` only what everybody is told, so that
    the roles stay secret until ``reveal``.
    """

    def __init__(self, console: Console, *, seat: Seat | None = None, public: bool = False) -> None:
        self.console, self.seat, self.public = console, seat, public
        self._told = -1  # steps told so far; -1: not even the opening
        self._phase: str | None = None

    def turn(self, game: Game) -> None:
        """Print what happened in ``game`` since the last call."""
        if self._told < 0:
            self.events(game.episode().opening, game.seats)
            self._told = 0
        for step in game.steps[self._told :]:
            self.step(step, game.seats)
        self._told = len(game.steps)

    def reveal(self, game: Game) -> None:
        """Print who held which role, and who won."""
        roles = {seat: game.role(seat) for seat in game.seats}
        self.console.print(cast(game.players, roles, game.teams))
        if game.outcome is not None:
            self.console.print(Text(one_line(ending(game.outcome.winner, game.outcome.scores)), style="bold"))

    def step(self, step: StepRecord, seats: Sequence[Seat], *, replies: bool = False) -> None:
        """Print one step: its phase where it is new, faulty turns, a seat's own replies, then the events."""
        told = [(event, text) for event, text in step.events if self._audible(event)]
        turns = [turn for turn in step.turns if self._visible(turn, replies)]
        if (told or turns) and step.phase != self._phase:
            self._phase = step.phase
            self.console.print(Rule(Text(one_line(step.phase), style="bold"), style="dim", align="left"))
        for turn in turns:
            self._turn(turn)
        if self.seat is None and not self.public:
            for turn in calls(step):
                line = Text(one_line(f"{turn.seat} → "), style=f"bold {colour(turn.seat, seats)}")
                self.console.print(line.append(_hung(turn.action), style="not bold default"))
        self.events(told, seats)

    def events(self, told: Sequence[tuple[Event, str]], seats: Sequence[Seat]) -> None:
        """Print events with their texts, those this narrator may tell."""
        for event, text in told:
            if not self._audible(event):
                continue
            line = Text()
            if event.to is not None and self.seat is None:
                audience = f"[only {', '.join(event.to)}] " if event.to else "[hidden] "
                line.append(one_line(audience), style="dim italic")
            speaker = event.data.get("seat")
            style = colour(speaker, seats) if isinstance(speaker, str) else ""
            line.append(_hung(text), style="dim italic" if event.to == () else style)
            self.console.print(line)

    def _audible(self, event: Event) -> bool:
        if self.seat is not None:
            return event.to is None or self.seat in event.to
        return event.to is None or not self.public

    def _visible(self, turn: Turn, replies: bool) -> bool:
        if self.public:
            return False
        if self.seat is not None:
            return replies and turn.seat == self.seat
        return turn.by != "seat" or bool(turn.attempts)

    def _turn(self, turn: Turn) -> None:
        for reply, why in turn.attempts:
            self.console.print(Text(one_line(f"✗ {turn.seat} ({turn.kind}): {_line(reply)}"), style="yellow"))
            self.console.print(Text(f"  refused: {_line(why)}", style="dim"))
        if turn.by == "seat":
            if self.seat is not None:
                self.console.print(Text("> " + plain(turn.reply).replace("\n", "\n> "), style="bold"))
            return
        word = "forfeited" if turn.by == "forfeit" else "was played for"
        said = f", after replying {plain(_short(turn.reply))!r}" if turn.reply else ""
        text = f"! {turn.seat} {word} ({turn.kind}: {_line(turn.action)}){said}: {_line(turn.why or '')}"
        self.console.print(Text(one_line(text), style="yellow"))


def cast(players: Mapping[Seat, str], roles: Mapping[Seat, str], teams: Mapping[str, Sequence[Seat]]) -> Rows:
    """Who sat where, as what, for which team."""
    table = Rows("seat", "role", "team", "agent", box=box.SIMPLE_HEAD, pad_edge=True)
    team_of = {seat: team for team, seats in teams.items() for seat in seats}
    for seat, role in roles.items():
        named = Text(seat, style=colour(seat, tuple(roles)))
        table.add_row(named, role, team_of.get(seat, "–"), players.get(seat, "–"))
    return table


def calls(step: StepRecord) -> list[Turn]:
    """The step's turns whose action is a tool call, ``NAME {json}``: who looks from above sees the call itself."""
    return [turn for turn in step.turns if is_call(turn.action)]


def is_call(action: str) -> bool:
    """Whether an action is a tool call, ``NAME {json}``."""
    return _CALL.fullmatch(action) is not None


class Ledger:
    """What a game has paid so far, by seat and team: a team's terms are paid to each of its seats."""

    def __init__(self, episode: Episode) -> None:
        self._weights, self._teams = episode.weights, episode.teams
        self._sums = dict.fromkeys(episode.roles, 0.0)

    def book(self, step: StepRecord) -> list[str]:
        """A line per term of the step, then the running sums of the seats that were paid; none where nobody was."""
        lines = []
        paid: dict[Seat, None] = {}
        for name, to, amount in step.terms:
            weight = self._weights[name]
            if not weight:  # this preset pays nothing for it
                continue
            lines.append(f"  {to} {amount * weight + 0.0:+g}  {name} ({amount:g} × {weight:g})")
            for seat in self._teams.get(to, (to,)):
                self._sums[seat] = self._sums.get(seat, 0.0) + amount * weight
                paid[seat] = None
        if paid:
            lines.append("  so far: " + ", ".join(f"{seat} {round(self._sums[seat], 9) + 0.0:+g}" for seat in paid))
        return lines


def ending(winner: str | None, scores: Mapping[str, float]) -> str:
    """How it ended, in words: who won, or what the only team there is has scored."""
    if winner is not None:
        return f"Won by {winner}."
    if len(scores) == 1:
        ((team, score),) = scores.items()
        return f"The score of {team} is {score:.2f} of 1."
    return "Nobody won."


def colour(seat: Seat, seats: Sequence[Seat]) -> str:
    """A seat's colour; none for what is no seat of this game."""
    return COLOURS[seats.index(seat) % len(COLOURS)] if seat in seats else ""


def _line(text: str) -> str:
    """A text on one line, so that nothing a player says looks like the narration."""
    return plain(_short(text)).replace("\n", " ⏎ ")


def _short(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def _hung(text: str) -> str:
    """A text whose further lines are indented: none of them can be taken for one of the narrator's."""
    return plain(text).replace("\n", "\n  ")
