"""Files and folders that are there whole or not at all, whatever happens while they are written.

Everything is written beside its place, brought to the disk (fsync) and moved there in one step; whoever reads, and a
kill or a power cut at any moment, finds the old or the new, never a part. What a killed writer left behind is swept by
the next one for the same place.
"""

from __future__ import annotations

import glob
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from lanista.errors import LanistaError, UsageError

_count = itertools.count()


def part_of(path: Path) -> Path:
    """Where a file or folder is while it is written: beside its place, hidden, another for every writer.

    Parts of writers that are no more are removed.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        writer = left.name.removesuffix(".part").rpartition(".")[2].partition("-")[0]
        if writer.isdigit() and not _alive(int(writer)):
            _remove(left)
    return path.with_name(f".{path.name}.{os.getpid()}-{next(_count)}.part")


def is_part(path: Path, of: str) -> bool:
    """Whether ``path`` is what a writer of a file or folder named ``of`` is at, or left behind."""
    return path.name.startswith(f".{of}.") and path.name.endswith(".part")


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8, line ends as given). Raises LanistaError where it cannot be written."""
    with writing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A path to write a file at, which becomes ``path`` at the end and is gone where the end is not reached.

    The folder is made if it is not there. Raises LanistaError where it cannot be written.
    """
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            _to_disk(part)
            os.replace(part, path)
            _to_disk(path.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def making_folder(target: Path, *, replace: bool = True) -> Iterator[Path]:
    """An empty folder to write in, which becomes ``target`` at the end and is gone where the end is not reached.

    Raises UsageError where ``target`` exists and is not to be replaced, LanistaError where it cannot be written.
    """
    if target.exists() and not replace:
        raise UsageError(f"{target} exists already; choose another folder")
    part = part_of(target)
    try:
        part.mkdir(parents=True)
        try:
            yield part
            for path in part.rglob("*"):
                _to_disk(path)
            old = part_of(target)
            if target.exists():
                os.replace(target, old)
            os.replace(part, target)
            _to_disk(target.parent)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise _unwritable(target, error) from error


def why(error: Exception) -> str:
    """What an exception says, in one line of bearable length."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:200]}" if said else type(error).__name__


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _to_disk(path: Path) -> None:
    """Have the system write what it holds of a file, or of a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        # Some file systems cannot do it for a folder; then what was done for its files must do.
        with suppress(OSError) if path.is_dir() else nullcontext():
            os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> LanistaError:
    return LanistaError(f"cannot write {path}: {error.strerror or error}; what it held before is kept")
