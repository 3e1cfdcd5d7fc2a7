"""What the page shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from lanista.arenas.sandbox import TIERS, Limits, Status, Stop

PAGE = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_examples_print_what_they_say(
    block: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = re.findall(r"print\(.*\)  # (.*)", block)
    assert said
    tmp_path.chmod(0o755)
    exec(compile(block.replace("/tmp/shop", f"{tmp_path}/shop"), "docs/sandbox.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.replace("seccomp+landlock", "full") for line in lines] == said


def test_every_name_is_on_the_page() -> None:
    for name in (*get_args(Status), *get_args(Stop), *TIERS, *Limits.__dataclass_fields__):
        assert f"`{name}`" in PAGE, name
