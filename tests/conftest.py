"""For all tests: Ctrl-C reaches the programs they start, however the tests were started; a small arena to play."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for shared_games.py

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell without job control starts background jobs so
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def guess() -> Any:
    """The arena of shared_games; its seats are guesser_0 (who is told secrets), guesser_1, …"""
    from shared_games import guess as made

    return made()
