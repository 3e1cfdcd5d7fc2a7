"""What importing costs, in multiples of a bare interpreter start, and which heavy modules stay out."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from _machine import machine

HEAVY = (
    *("torch", "transformers", "trl", "peft", "accelerate", "datasets"),
    *("agentscope", "openai", "pandas", "matplotlib", "scipy", "radon", "jinja2"),
)
CASES = {
    "bare interpreter": "pass",
    "import pettingzoo": "import pettingzoo",
    "import lanista.arenas": "import lanista.arenas",
    "lanista --help": (
        "import io, contextlib\nfrom lanista.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main(['--help'])"
    ),
}


def main() -> None:
    print(machine())
    times: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(11):
        for name, code in CASES.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times[name].append(time.perf_counter() - started)
    bare = statistics.median(times["bare interpreter"])
    for name, code in CASES.items():
        shown = f"import sys\n{code}\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", shown], check=True, capture_output=True, text=True)
        loaded = done.stdout.split()
        median = statistics.median(times[name])
        print(f"{name:<24} {median / bare:5.1f} × a bare start ({1000 * median:.0f} ms); heavy: {loaded or 'none'}")
    print("heavy modules looked for:", ", ".join(HEAVY))


if __name__ == "__main__":
    main()
