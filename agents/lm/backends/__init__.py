"""Backends by name: what plays the model in ``lm:MODEL?backend=NAME``. Loads no torch.

Ours comes in through the same entry-point group as everybody else's, ``lanista.backends``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, get_type_hints

from lanista.agents.lm.backends.base import Backend
from lanista.arenas.core import registry
from lanista.errors import LanistaError, UsageError, suggest

GROUP = "lanista.backends"

DEFAULT = "hf"

_PARTS = (
    *("name", "chat", "context", "adapters", "adapter"),
    *("policy_ref", "generate", "score", "release", "close"),
)


def names() -> list[str]:
    """Every registered backend's name, sorted."""
    return sorted(registry._entries(GROUP))


def factory(name: str) -> Callable[..., Any]:
    """What makes the backend of that name. Raises UsageError for one that is not there or cannot be loaded."""
    known = names()
    if name not in known:
        raise UsageError(f"unknown backend {name!r}{suggest(name, known)} (there is: {', '.join(known)})")
    try:
        found = registry.load(GROUP, name, "backend")
    except LanistaError as error:
        raise UsageError(f"{error}; {_instead(name)}") from error
    if not callable(found):
        raise UsageError(
            f"the entry point {name!r} of group {GROUP} is a {type(found).__name__}, not callable; {_instead(name)}"
        )
    return found


def options(name: str) -> dict[str, Any]:
    """The options a backend takes, each with its annotation: the keyword-only parameters of its factory."""
    made_by = factory(name)
    try:
        parameters = inspect.signature(made_by).parameters.values()
    except (TypeError, ValueError):
        return {}
    taken = {p.name: p.annotation for p in parameters if p.kind is p.KEYWORD_ONLY and p.annotation is not p.empty}
    with suppress(NameError, TypeError):  # an annotation that is there for type checkers only is read as text
        where = vars(sys.modules[made_by.__module__])
        taken = get_type_hints(SimpleNamespace(__annotations__=taken), where)
    return {p.name: taken.get(p.name, str) for p in parameters if p.kind is p.KEYWORD_ONLY}


def make(name: str, model: str, given: Mapping[str, Any]) -> Backend:
    """The backend of that name over ``model``. Raises UsageError for one that fails; LanistaError as it says itself."""
    made_by = factory(name)
    try:
        backend: Backend = made_by(model, **given)
        lacking = [part for part in _PARTS if not hasattr(backend, part)]
    except (LanistaError, ModuleNotFoundError):  # what is missing is told by whoever knows the extra
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        raise UsageError(
            f"the backend {name!r} cannot play {model!r}: {type(error).__name__}: {said}; {_instead(name)}"
        ) from error
    if lacking:
        raise UsageError(
            f"what the backend {name!r} makes is a {type(backend).__name__} without {', '.join(lacking)}; "
            f"{_instead(name)}"
        )
    return backend


def _instead(name: str) -> str:
    others = [other for other in names() if other != name]
    return f"backend={DEFAULT} plays models in this process" if DEFAULT in others else "no other backend is registered"
