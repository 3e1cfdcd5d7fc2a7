"""The standard library is there inside, but for what the page names, and does the same in every sandbox."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas.sandbox import FULL, Call, Limits, Sandbox, imports, worker

PAGE = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")
ABSENT = set(re.findall(r"`(\w+)`", re.search(r"Absent are (.*?)\.\n", PAGE, re.DOTALL).group(1)))  # type: ignore[union-attr]
PUBLIC = sorted(name for name in sys.stdlib_module_names if name[0] != "_" and name != "antigravity")  # opens a browser
ROOM = Limits(cpu_s=20, wall_s=120, memory_bytes=1_000_000_000)

HERE = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
there = []
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ImportError:
        continue
    there.append(name)
sys.stdout = sys.__stdout__
print("\\n" + json.dumps(there))
"""


def test_every_public_module_can_be_imported_but_for_those_on_the_page(box: Sandbox) -> None:
    command = [worker.base_python(), "-I", "-S", "-c", HERE, json.dumps(PUBLIC)]
    outside = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    assert len(outside) > 150
    program = "import warnings\nwarnings.simplefilter('ignore')\ndef f(name):\n    __import__(name)\n"
    results = box.run(program, [Call("f", (name,)) for name in outside], ROOM, fresh=True)
    lacking = {n: r.error for n, r in zip(outside, results.results, strict=True) if not r.ok}
    assert set(lacking) == ABSENT & set(outside)
    assert all("is not in the sandbox: it needs a " in error for error in lacking.values())
    assert {name for name in imports.ABSENT if name[0] != "_"} <= ABSENT


WORKING: dict[str, str] = {
    "asyncio": """
    import asyncio, warnings
    warnings.simplefilter("error")
    async def one(n):
        await asyncio.sleep(0.001 * n)
        return n
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, 0.001, print, "woken")
        queue = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.put(7))
            group.create_task(one(1))
        try:
            await asyncio.wait_for(asyncio.sleep(60), 0.01)
        except TimeoutError:
            pass
        return [*await asyncio.gather(*map(one, range(4))), await queue.get()]
    return [asyncio.run(main()) for _ in range(2)] == [[0, 1, 2, 3, 7]] * 2""",
    "selectors": """
    import selectors, os
    r, w = os.pipe()
    chosen = selectors.DefaultSelector()
    chosen.register(r, selectors.EVENT_READ)
    os.write(w, b"x")
    return len(chosen.select(1)) == 1""",
    "zoneinfo": """
    import datetime, zoneinfo
    there = datetime.datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
    return there.utcoffset().total_seconds() == 7200 and "UTC" in zoneinfo.available_timezones()""",
    "time": "import time; return time.tzname[0] == 'UTC' and time.localtime(0)[:4] == (1970, 1, 1, 0)",
    "bz2": "import bz2; return bz2.decompress(bz2.compress(b'a' * 999)) == b'a' * 999",
    "lzma": "import lzma; return lzma.decompress(lzma.compress(b'a' * 999)) == b'a' * 999",
    "sqlite3": "import sqlite3; return sqlite3.connect(':memory:').execute('SELECT 1 + 1').fetchall() == [(2,)]",
    "ssl": "import ssl; return ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED",
    "hashlib": """
    import hashlib
    sizes = {name: [8] * (name[:5] == "shake") for name in hashlib.algorithms_guaranteed}
    return all(hashlib.new(name, b"x").digest(*size) for name, size in sizes.items())
    """,
    "uuid": "import uuid; return uuid.uuid4() != uuid.uuid4() and uuid.uuid5(uuid.NAMESPACE_DNS, 'a').version == 5",
    "platform": "import platform; return platform.system() == 'Linux' and bool(platform.machine())",
    "emptied caches": """
    import importlib, sys
    importlib.invalidate_caches()
    import wave, bz2, email.mime.text, xml.etree.ElementTree
    return True""",
}


@pytest.mark.parametrize("name", WORKING)
def test_what_looked_importable_also_works(box: Sandbox, name: str) -> None:
    results = box.run(f"def f():\n    {WORKING[name].strip()}\n", [Call("f")], ROOM)
    assert (results[0].value, results[0].error) == (True, ""), results


def test_a_file_of_its_own_where_there_may_be_one(box: Sandbox) -> None:
    if box.tier != FULL:
        pytest.skip("only tier full has files")
    program = "import tempfile\ndef f():\n    with tempfile.TemporaryFile() as t:\n        return t.write(b'x')\n"
    assert box.run(program, [Call("f")], Limits(file_bytes=100_000))[0].value == 1


REPEATED = """
class A: pass
def f():
    kinds = {int, str, A, len, None, object, ValueError, list.append}
    return hash(None), [repr(x) for x in kinds if x is not A]
"""


def test_what_is_hashed_by_its_address_is_the_same_in_every_sandbox(box: Sandbox) -> None:
    results = [box.run(REPEATED, [Call("f")]) for _ in range(3)]
    for _ in range(3):
        with Sandbox(tier=box.tier) as other:
            results.append(other.run(REPEATED, [Call("f")]))
    assert all(r.fixed_addresses for r in results)
    values: list[Any] = [r[0].value for r in results]
    assert values == [values[0]] * len(values)


def test_where_addresses_cannot_be_fixed_the_result_says_so() -> None:
    from test_tiers import CONFINED

    said = "[box.fixed_addresses, box.run('', []).fixed_addresses]"
    script = CONFINED.replace("[box.tier, box.why_not_stronger, value]", said)
    assert said in script
    command = [sys.executable, "-c", script, "personality", '{"default": {}}']
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == '{"default": [false, false]}', done.stderr


def test_the_callers_own_addresses_stay_as_they_were(box: Sandbox) -> None:
    """Fixing the zygote's changes nothing for what this thread starts next."""
    from lanista.arenas.sandbox import kernel

    before = kernel.personality()
    Sandbox(tier=box.tier).close()
    assert kernel.personality() == before
