"""``lanista replay``: a game of a run, from above or from a seat, in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lanista.cli.common import Json, console, print_json
from lanista.errors import LanistaError, UsageError, suggest


def add(app: typer.Typer) -> None:
    app.command(name="replay")(replay)


def replay(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    game: Annotated[str | None, typer.Argument(help="The game's id; the first game if left out.")] = None,
    seat: Annotated[str | None, typer.Option("--seat", help="Show only what this seat saw.")] = None,
    rewards: Annotated[bool, typer.Option("--rewards", help="Show what every step paid.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the run's games instead.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Play every game of the run again from its record and compare the bytes.")
    ] = False,
    json: Json = False,
) -> None:
    """Read a game again. Nobody is asked: the record is shown as it was played."""
    if list_ and verify:
        raise UsageError("--list lists the games and --verify plays them again: give one of them")
    if seat is not None and json:
        raise UsageError("--json prints the whole record, secrets of every seat included: leave out --json or --seat")
    from lanista.leaderboards.replay import show
    from lanista.runs import Run

    with Run.open(run) as opened:
        store = opened.store
        if list_:
            _list(store.games(), json)
            return
        if verify:
            _verify(store, json)
            return
        ids = store.ids()
        if not ids:
            raise UsageError(f"the run in {run} holds no finished game yet")
        if game is not None and game not in ids:
            raise UsageError(
                f"no game {game!r} in {run}{suggest(game, ids)} (`lanista replay {run} --list` lists them)"
            )
        episode = store.episode(game or ids[0])
        if json:
            print_json(episode.to_dict())
        else:
            show(episode, console, seat=seat, rewards=rewards)


def _list(games: object, json: bool) -> None:
    from lanista.terminal import Rows

    rows = [
        {"game": g.id, "block": g.block, "seed": g.seed, "winner": g.winner, "players": dict(g.players)}
        for g in games  # type: ignore[attr-defined]
    ]
    if json:
        print_json(rows)
        return
    table = Rows("game", "block", "seed", "winner", "agents")
    for row in rows:
        names = ", ".join(dict.fromkeys(row["players"].values()))
        table.add_row(row["game"], str(row["block"]), str(row["seed"]), str(row["winner"]), names)
    console.print(table)


def _verify(store: object, json: bool) -> None:
    from lanista.arenas import get
    from lanista.arenas import replay as play_again

    same = 0
    different: list[str] = []
    damaged: dict[str, LanistaError] = {}
    for row, episode in store.items(damaged.__setitem__):  # type: ignore[attr-defined]
        again = play_again(episode.to_dict(), get(episode.arena)).episode()
        if again.canonical() == episode.canonical():
            same += 1
        else:
            different.append(row["id"])
    if json:
        print_json({"same": same, "different": different, "damaged": list(damaged)})
    else:
        console.print(f"{same} of {same + len(different) + len(damaged)} games replay to the same bytes")
    if damaged:
        raise LanistaError(f"the records of these games are damaged: {', '.join(list(damaged)[:10])}")
    if different:
        raise LanistaError(f"these games do not replay to their record: {', '.join(different[:10])}")
