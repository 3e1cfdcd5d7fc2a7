"""Frozen pools stay frozen, and a policy is held against them on the same deals."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lanista.analysis.pools import POOLS, Pool, fingerprint, frozen, pool
from lanista.analysis.rate import LOTS, Key, rate
from lanista.cli import main
from lanista.errors import UsageError
from lanista.play.executors.local import Local


@pytest.mark.parametrize("name", POOLS)
def test_the_pools_that_come_along_play_as_they_were_frozen(name: str) -> None:
    assert pool(name) is POOLS[name]


def test_another_member_deck_or_name_is_another_hash() -> None:
    one = frozen("a", "werewolf", ("random",), {"players": 5})
    hashes = {
        one.hash,
        frozen("b", "werewolf", ("random",), {"players": 5}).hash,
        frozen("a", "werewolf", ("crowd",), {"players": 5}).hash,
        frozen("a", "werewolf", ("random",), {"players": 6}).hash,
    }
    assert len(hashes) == 4
    assert fingerprint(one) == one.hash


def test_a_pool_that_plays_otherwise_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = frozen("mine", "werewolf", ("random",), {"players": 5})
    file = tmp_path / "mine.json"
    for change, says in (
        ({"hash": "0" * 16}, f"frozen with hash {'0' * 16} and has {made.hash} here"),
        ({"members": ["bayes"]}, f"frozen with hash {made.hash}"),
        ({"members": ["nobody"]}, "nobody"),
        ({"hash": None}, "holds no pool"),
    ):
        file.write_text(json.dumps({**made.to_json(), **change}))
        words = ["rate", "crowd", "--pool", str(file), "--games", "2", "--workers", "0"]
        monkeypatch.setattr(sys, "argv", ["lanista", *words])
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (2, "")
        (line,) = said.err.splitlines()
        assert says in line


def test_a_member_that_is_its_whole_pool_is_exactly_at_it() -> None:
    alone = frozen("alone", "werewolf", ("crowd",), {"players": 5})
    found = rate("crowd", alone, 6, Local())
    assert all(found.above[mode].value == 0 for mode in found.above)
    assert found.scores[Key("twins", "village", "crowd")].value + found.scores[
        Key("twins", "wolves", "crowd")
    ].value == pytest.approx(1)  # the same games, from both sides
    # In a deck of one wolf a stranger on that side is the side, and all others are crowd as well.
    assert found.scores[Key("strangers", "wolves", LOTS)] == found.scores[Key("twins", "wolves", "crowd")]
    assert found.errors == 0


def test_rating_is_the_same_twice_and_twins_stand_apart(tmp_path: Path) -> None:
    chosen = Pool(name="x", arena="werewolf", config={"players": 5}, members=("random", "crowd"), hash="")
    found = rate("bayes", chosen, 4, Local())
    assert rate("bayes", chosen, 4, Local()).to_json() == found.to_json()
    plain: dict[str, Any] = found.to_json()
    assert set(plain["twins"]["against"]) == {f"{s} against {m}" for s in ("village", "wolves") for m in chosen.members}
    assert set(plain["strangers"]["against"]) == {f"{s} against {LOTS}" for s in ("village", "wolves")}


def test_who_errs_or_needs_company_is_in_no_pool() -> None:
    with pytest.raises(UsageError, match="no scripted agent"):
        frozen("x", "werewolf", ("human",), {"players": 5})
    with pytest.raises(UsageError, match="at least 2 deals"):
        rate("crowd", POOLS["werewolf-5"], 1, Local())
