"""A run is a directory: what was asked for, who may write, and what came of it.

=================  ====================================================================================================
``run.json``       kind, resolved config, seed, versions, the command that runs it again; written whole or not at all
``lock``           held by the one writer while it lives, with its process id; the system lets go when the writer dies
``store.sqlite``   games, turns, reward terms, policies (unless the run keeps them in a PostgreSQL database)
=================  ====================================================================================================

Whatever else a run produces (checkpoints, policies, pages) lies beside these.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, get_args

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from lanista import __version__, files
from lanista.errors import LanistaError, UsageError
from lanista.store import Store

META_BYTES = 16 << 20
"""The longest ``run.json`` that is read."""

STORE = "store.sqlite"
"""The store of a run that keeps it in a file."""

FORMAT = 1
"""The version of ``run.json`` that this package writes and reads."""

Kind = Literal["tournament", "train", "play", "evaluate"]

_PACKAGES = ("numpy", "torch", "transformers", "trl")
_OURS = ("lock", "run.json", "store.sqlite", "store.sqlite-wal", "store.sqlite-shm")


class Run:
    """One run directory. Make it with ``create``, ``open`` or ``resume``; a context manager."""

    def __init__(self, path: Path, meta: dict[str, Any], lock: IO[str] | None) -> None:
        self.path = path
        self.meta = meta
        self._lock = lock
        self._store: Store | None = None

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        kind: Kind,
        config: Mapping[str, Any],
        command: Sequence[str] | None = None,
        seed: int | None = None,
        *,
        store: str | None = None,
    ) -> Run:
        """A new run, open for writing.

        ``config`` is the resolved config as JSON values, ``command`` the words that run it again (this process's own
        command line if None), ``store`` the URL of a database instead of a file. Raises UsageError where there is a
        run already or where ``path`` holds other files.
        """
        path = Path(path)
        _need_text(path)
        if (path / "run.json").exists():
            raise UsageError(f"there is a run in {path} already: continue it with --resume, or choose another --out")
        if path.exists() and (not path.is_dir() or any(not _is_ours(entry) for entry in path.iterdir())):
            raise UsageError(f"{path} exists and is no run: choose another --out")
        _need_usable(store)
        if kind not in get_args(Kind):
            raise UsageError(f"a run's kind is one of {', '.join(get_args(Kind))}, not {kind!r}")
        words = list(command) if command is not None else ["lanista", *sys.argv[1:]]
        meta = {
            "format": FORMAT,
            "kind": kind,
            "seed": seed,
            "command": shlex.join(words),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": versions(),
            "store": _absolute(store) or STORE,
            "config": _plain(config),
        }
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LanistaError(f"cannot make the run's folder {path}: {error.strerror}") from error
        run = cls(path, meta, _lock(path))
        try:
            if len(run.store) or run.store.policies():
                raise UsageError(
                    f"the store {run.store.where} holds the games of another run: give each run a database, or a "
                    "schema of one, of its own"
                )
            run._save()
        except BaseException:
            run.close()
            raise
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Run:
        """A run to read, also while its writer is at work. Raises UsageError where there is none."""
        path = Path(path)
        return cls(path, _load(path), None)

    @classmethod
    def resume(
        cls,
        path: str | os.PathLike[str],
        kind: Kind,
        config: Mapping[str, Any],
        command: Sequence[str] | None = None,
        seed: int | None = None,
        *,
        store: str | None = None,
    ) -> Run:
        """The run at ``path``, open for writing; made if absent. ``seed`` None leaves the seed as it was.

        Raises UsageError naming what differs where it is of another kind, config or seed.
        """
        path = Path(path)
        if not (path / "run.json").exists():
            return cls.create(path, kind, config, command, seed, store=store)
        lock = _lock(path)
        try:
            meta = _load(path)
            if meta["kind"] != kind:
                raise UsageError(f"the run in {path} is of kind {meta['kind']!r}, not {kind!r}: choose another --out")
            changed = differences(meta["config"], _plain(config), ("was", "is now"))
            if seed is not None:
                changed += differences({"seed": meta["seed"]}, {"seed": seed}, ("was", "is now"))
            if store is not None and _absolute(store) != meta["store"]:
                changed.append(f"store was {meta['store']} and is now {_absolute(store)}")
            if changed:
                raise UsageError(
                    f"the run in {path} cannot be continued, for it was started otherwise: {'; '.join(changed)}. "
                    f"Repeat its own command with --resume ({meta['command']}), or choose another --out"
                )
        except BaseException:
            lock.close()
            raise
        return cls(path, meta, lock)

    @property
    def config(self) -> dict[str, Any]:
        """The resolved config."""
        config: dict[str, Any] = self.meta["config"]
        return config

    @property
    def again(self) -> str:
        """The command line that continues this run."""
        command: str = self.meta["command"]
        return command if "--resume" in shlex.split(command) else f"{command} --resume"

    @property
    def store(self) -> Store:
        """The run's store, opened at first use: for writing by the writer, else for reading."""
        if self._store is None:
            where = self.meta["store"]
            self._store = Store.open(where if "://" in where else self.path / where, "w" if self._lock else "r")
        return self._store

    def update(self, **facts: Any) -> None:
        """Set facts in ``run.json`` beside the config (such as ``finished``). Raises UsageError on a run to read."""
        if self._lock is None:
            raise UsageError(f"the run in {self.path} was opened for reading")
        self.meta.update(_plain(facts))
        self._save()

    def extend(self, config: Mapping[str, Any], command: Sequence[str] | None = None, **facts: Any) -> None:
        """Make more of a run, unfinished again: another config, the command that asked for it, and facts beside it.

        Raises UsageError on a run to read.
        """
        self.meta.pop("finished", None)
        words = list(command) if command is not None else ["lanista", *sys.argv[1:]]
        self.update(config=config, command=shlex.join(words), **facts)

    def close(self) -> None:
        """Close the store and let the next writer in. Closing twice is fine."""
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _save(self) -> None:
        files.write_text(self.path / "run.json", json.dumps(self.meta, indent=2) + "\n")


def versions() -> dict[str, str]:
    """The versions that a result may depend on, of what is installed; nothing is imported to find out."""
    found = {"lanista": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], words: tuple[str, str] = ("was", "is"), prefix: str = ""
) -> list[str]:
    """``["games was 100 and is now 200", ...]`` for every value that differs between two configs, by dotted name."""
    found: list[str] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, words, f"{prefix}{name}.")
        elif old != new:
            found.append(f"{prefix}{name} {words[0]} {json.dumps(old)} and {words[1]} {json.dumps(new)}")
    return found


def _load(path: Path) -> dict[str, Any]:
    file = path / "run.json"
    try:
        if file.stat().st_size > META_BYTES:
            raise LanistaError(f"{file} is {file.stat().st_size:,} bytes long, and Lanista writes far less: restore it")
        meta = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"there is no run in {path} (a run is a folder with a run.json)") from error
    except (OSError, ValueError, RecursionError) as error:
        raise LanistaError(f"{file} cannot be read ({error}); restore it from a copy") from error
    needed = {"format", "kind", "seed", "command", "store", "config"}
    if not isinstance(meta, dict) or not needed <= meta.keys():
        raise LanistaError(f"{file} is not what Lanista wrote: it lacks one of {', '.join(sorted(needed))}")
    if isinstance(meta["format"], int) and meta["format"] > FORMAT:
        raise LanistaError(
            f"{file} has format {meta['format']} and this is Lanista {__version__}, which knows format {FORMAT}: "
            "upgrade Lanista"
        )
    wrong = _wrong(meta)
    if wrong:
        raise LanistaError(f"{file} is not what Lanista wrote: {wrong}; restore it from a copy")
    return meta


def _wrong(meta: Mapping[str, Any]) -> str | None:
    """What of a ``run.json`` cannot have been written by a run, in words."""
    kinds = {"format": int, "kind": str, "command": str, "store": str, "config": dict}
    for name, kind in kinds.items():
        if not isinstance(meta[name], kind) or isinstance(meta[name], bool):
            return f"{name!r} is a {type(meta[name]).__name__}"
    if meta["seed"] is not None and not isinstance(meta["seed"], int):
        return f"'seed' is a {type(meta['seed']).__name__}"
    if not isinstance(meta.get("versions", {}), dict):
        return "'versions' is no table"
    if "://" not in meta["store"] and meta["store"] != STORE:
        return f"'store' is {meta['store']!r}, and a run's own file is {STORE}"
    return None


def _lock(path: Path) -> IO[str]:
    """The held lock file. Opened so that it is not passed on to other programs: a child cannot keep it alive."""
    try:
        file = (path / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise LanistaError(f"cannot write in the run's folder {path}: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise LanistaError(
            f"the run in {path} is being written by process {holder}: wait until it is done, or stop it"
        ) from error
    except OSError as error:
        file.close()
        raise LanistaError(f"the file system of {path} cannot lock files ({error.strerror}): use another") from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _is_ours(entry: Path) -> bool:
    return entry.name in _OURS or files.is_part(entry, "run.json")


def _absolute(store: str | None) -> str | None:
    """A store's URL that means the same from every folder: a relative path of SQLite's becomes absolute."""
    if store is None:
        return None
    url = make_url(store)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return store
    return url.set(database=str(Path(url.database).resolve())).render_as_string(hide_password=False)


def _need_text(path: Path) -> None:
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        raise UsageError(f"the folder {str(path)!r} has bytes in its name that are not UTF-8: choose another") from None


def _need_usable(store: str | None) -> None:
    if store is None:
        return
    try:
        url = make_url(store)
    except ArgumentError as error:
        raise UsageError("the run's store is a database URL, such as postgresql://user@host/database") from error
    secrets = ("password", "passwd", "token", "key")
    if url.password is not None or any(word in name.lower() for name in url.query for word in secrets):
        raise UsageError(
            "leave the password out of the store's URL, for run.json would keep it readable: set PGPASSWORD or use "
            "~/.pgpass"
        )


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as it reads back from JSON, so that it can be compared with a stored one."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(config))
    except (TypeError, ValueError) as error:
        raise UsageError(f"a run's config must be plain JSON values: {error}") from error
    return plain
