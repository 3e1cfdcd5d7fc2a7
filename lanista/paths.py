"""Where things are kept that are made once and used by many runs."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """The cache folder: ``LANISTA_CACHE``, else ``lanista`` under ``XDG_CACHE_HOME``, else ``~/.cache/lanista``."""
    own = os.environ.get("LANISTA_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "lanista"
