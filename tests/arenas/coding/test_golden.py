"""The golden transcript is what the arena still says; ``golden.py`` writes it anew."""

from __future__ import annotations

from golden import FILE, transcript


def test_the_transcript_is_the_golden_one() -> None:
    golden = FILE.read_text(encoding="utf-8")
    assert transcript() == golden, "the wording changed: run golden.py, and read what it wrote"
