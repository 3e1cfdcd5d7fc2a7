"""Where things are kept that are made once and used by many runs."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_dir() -> Path:
    """The cache folder: ``LANISTA_CACHE``, else the system's own place for caches.

    That is ``$XDG_CACHE_HOME/lanista`` or ``~/.cache/lanista`` on Linux, ``~/Library/Caches/lanista`` on macOS.
    """
    own = os.environ.get("LANISTA_CACHE")
    return Path(own).expanduser() if own else user_cache_path("lanista", appauthor=False)
