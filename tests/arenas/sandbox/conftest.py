"""Sandboxes that tests share, one for each tier that stands on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lanista.arenas.sandbox import FULL, SECOND, Sandbox
from lanista.errors import LanistaError

sys.path.insert(0, str(Path(__file__).parent))

if sys.platform != "linux":
    collect_ignore_glob = ["*"]  # test_tiers' refusal is what other systems see; nothing else runs there


@pytest.fixture(scope="session", params=[FULL, SECOND])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    try:
        made = Sandbox(tier=request.param)
    except LanistaError as error:
        if request.param == SECOND:
            raise  # every machine that runs these tests has at least this one
        pytest.skip(f"tier {request.param} does not stand here: {error}")
    with made:
        yield made
