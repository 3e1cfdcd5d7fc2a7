"""Before anything is installed: check the Python at hand and say what `make demo` is going to do.

Only the standard library is used, since this runs with the system's Python on a fresh machine.
"""

from __future__ import annotations

import os
import shutil
import sys

LEAST = (3, 11)

PLAN = """\
Lanista demo: what happens now
  1. install into {venv}{installed}
  2. one short game of Werewolf, read aloud                             about 5 s
  3. a tournament of scripted agents, with its table                    about 20 s
  4. SmolLM2-135M in the seats of a few games (93 MB download, once)    about 1 min
  5. a tiny language model built and taught by scripted players         about 1 min
  6. self-play GRPO on it, a line per step                              about 4 min
  7. held-out evaluation, before against after, with intervals          about 1 min
Four to ten minutes on two cores, the download aside; a second run reuses what the first one built.
Ctrl-C stops at any moment, and `make demo` goes on from there. Runs go to runs/, models to your cache folder.
"""


def main(arguments: list[str]) -> int:
    """Exit 2 with one clear line where Python is too old; print the plan unless only a check was asked for."""
    if sys.version_info < LEAST:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"error: Lanista needs Python 3.11 or newer and this is {found}; name another: make PYTHON=python3.11 …")
        return 2
    if not os.path.islink(os.path.join(os.path.dirname(os.path.abspath(__file__)), "arenas")):
        print(
            "error: lanista/arenas is not a symbolic link: this clone was made without support for links. "
            "Clone again with `git clone -c core.symlinks=true …` on a file system that has them."
        )
        return 2
    if "--check" in arguments:
        return 0
    venv = arguments[0]
    if os.path.exists(os.path.join(venv, ".train")):
        installed = " (done already)"
    else:
        free = shutil.disk_usage(".").free / 1e9
        installed = (
            ": torch, transformers, trl, pettingzoo and what they need,\n"
            f"     1.6 GB on disk with a CPU build of torch, more with CUDA ({free:.0f} GB free here)     2 to 10 min"
        )
        if free < 3:
            print(f"error: {free:.1f} GB are free here, and the installation needs about 2 GB (CPU) to 8 GB (CUDA)")
            return 1
    print(PLAN.format(venv=venv, installed=installed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
