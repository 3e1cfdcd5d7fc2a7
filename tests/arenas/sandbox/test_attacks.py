"""What hostile programs try is refused, in every tier, for root and for nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import attacks
import pytest

from lanista.arenas.sandbox import FULL, SECOND, Sandbox, worker

WHO = ["", "--nobody"] if os.geteuid() == 0 else [""]


@cache
def told(tier: str, who: str) -> dict[str, Any]:
    script = Path(attacks.__file__)
    command = [sys.executable, str(script), tier, *([who] if who else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=290)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("tier", "who"),
    [  # each tier and each user on its own; the other two pairs are slow
        pytest.param(tier, who, id=f"{tier}-{who.strip('-') or 'as we are'}", marks=() if fast else pytest.mark.slow)
        for tier in (FULL, SECOND)
        for who in WHO
        for fast in [(tier == FULL) == (who == "")]
    ],
)
def test_nothing_gets_out(tier: str, who: str) -> None:
    answer = told(tier, who)
    if "missing" in answer and (tier == FULL or who):
        pytest.skip(answer["missing"])
    assert answer["uid"] == (65534 if who else os.getuid())
    assert set(answer["found"]) > set(attacks.BODIES)
    assert {name: out for name, out in answer["found"].items() if out} == {}


def test_an_attack_that_gets_out_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same programs without walls: were they no attacks, the test above would prove nothing."""
    boot = worker._BOOT.replace("import zygote\n", "import zygote, walls\nwalls.Walls.close_in = lambda *_: None\n")
    assert boot != worker._BOOT
    monkeypatch.setattr(worker, "_BOOT", boot)
    harmless = ("read a file", "read the password file", "write a file", "udp socket", "socket pair", "fork", "thread")
    more = ("list the root", "signal the victim", "make a folder", "exec", "change the folder", "remove a file")
    names = (*harmless, *more, "watch files", "300 MB of output")
    found = attacks.attack_all(lambda: Sandbox(tier="unsafe", allow_unsafe=True), names)
    held = {name for name in names if not found[name]}
    assert held == {"exec", "300 MB of output"}  # the one ends the child, the other is counted outside
