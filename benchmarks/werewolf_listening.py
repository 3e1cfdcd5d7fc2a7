"""How often the listeners of Werewolf hear what was said: precision and recall per act, on sentences written for it.

    python benchmarks/werewolf_listening.py [--errors]

An act counts as right where kind, player and word are those written beside the sentence. ``tuned`` are the sentences
that the grammar was written with in view, ``held out`` were written before it was tuned and not looked at one by one.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from lanista.agents.werewolf.listening import Heard, listen

FOLDER = Path(__file__).parents[1] / "tests" / "agents" / "werewolf"
SEATS = tuple(f"player_{i}" for i in range(9))
SPEAKER = "player_1"
ACTS = ("accuse", "defend", "claim", "report", "agree", "doubt")


def sentences(name: str) -> list[tuple[str, set[Heard]]]:
    """(sentence, what it amounts to) of one file."""
    found = []
    for line in (FOLDER / f"sentences_{name}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            acts, _, text = line.partition(" | ")
            text, _, more = text.partition(" ; ")
            said = [act for part in (acts, more) for act in part.split("; ") if act and act != "-"]
            found.append((text, {_act(act) for act in said}))
    return found


def _act(words: str) -> Heard:
    kind, *rest = words.split()
    if kind == "claim":
        return Heard("claim", word=rest[0])
    return Heard(kind, f"player_{rest[0]}", rest[1] if len(rest) > 1 else "")


def measure(name: str) -> dict[str, tuple[int, int, int]]:
    """Per act and over all: how many were heard rightly, heard, and said."""
    right, heard, said = Counter[str](), Counter[str](), Counter[str]()
    for text, meant in sentences(name):
        got = set(listen(text, SPEAKER, SEATS))
        for counts, acts in ((right, got & meant), (heard, got), (said, meant)):
            for act in acts:
                counts.update((act.act, "all"))
    return {act: (right[act], heard[act], said[act]) for act in (*ACTS, "all")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="list the tuned sentences that are heard wrongly")
    asked = parser.parse_args()
    print(
        "| act | tuned: precision | recall | held out: precision | recall | held-out acts |\n|---|---|---|---|---|---|"
    )
    parts = [measure("tuned"), measure("held_out")]
    for act in (*ACTS, "all"):
        shares = [f"{right / max(1, whole):.2f}" for part in parts for right, whole in _shares(*part[act])]
        print(f"| {act} | {' | '.join(shares)} | {parts[1][act][2]} |")
    print(f"\n{len(sentences('tuned'))} tuned sentences, {len(sentences('held_out'))} held out")
    for text, meant in sentences("tuned") if asked.errors else ():
        got = set(listen(text, SPEAKER, SEATS))
        if got != meant:
            print(f"{text}\n  missed {sorted(meant - got)}, too much {sorted(got - meant)}")


def _shares(right: int, heard: int, said: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (right, heard), (right, said)


if __name__ == "__main__":
    main()
