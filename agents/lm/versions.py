"""Versions of weights: digests of what lies in a folder (computed once per state of its files) or in memory."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanista.paths import cache_dir

if TYPE_CHECKING:
    from torch import Tensor

DIGITS = 12
"""Hexadecimal digits of a version."""

PATTERNS = ("*.safetensors", "pytorch_model*.bin", "adapter_model*.bin")
"""Which files of a folder are weights."""


def folder_version(place: str | Path) -> str:
    """A digest of the weights in a folder, "none" where it holds none.

    Files are read once: while their sizes and times stand, the digest comes out of a note in the cache folder.
    """
    place = Path(place).resolve()
    files = sorted({path for pattern in PATTERNS for path in place.glob(pattern)})
    if not files:
        return "none"
    state = [[path.name, (stat := path.stat()).st_size, stat.st_mtime_ns] for path in files]
    notes = _notes()
    known = notes.get(str(place))
    if isinstance(known, dict) and known.get("state") == state:
        return str(known.get("version"))
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    version = digest.hexdigest()[:DIGITS]
    _note({**_notes(), str(place): {"state": state, "version": version}})
    return version


def tensors_version(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """A digest of named tensors, as they are in memory."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in tensors:
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {tuple(plain.shape)} {plain.dtype}".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:DIGITS]


def _file() -> Path:
    return cache_dir() / "versions.json"


def _notes() -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(_file().read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _note(notes: dict[str, Any]) -> None:
    """Written whole or not at all; where the cache cannot be written, digests are computed again next time."""
    part = _file().with_name(f".versions.{os.getpid()}.part")
    with suppress(OSError):
        part.parent.mkdir(parents=True, exist_ok=True)
        kept = {place: note for place, note in notes.items() if Path(place).is_dir()}
        part.write_text(json.dumps(kept, sort_keys=True), encoding="utf-8")
        os.replace(part, _file())
