"""Language models in seats: ``lm:tiny``, ``lm:smollm2``, ``lm:<folder or hub id>``.

Importing this loads no torch; making an agent does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lanista.agents.lm.agent import LMAgent


def make(argument: str = "tiny", *, seated_in: str | None = None, **options: Any) -> LMAgent:
    """A language model, as ``lm:tiny``, ``lm:smollm2``, ``lm:FOLDER`` or ``lm:HUB/ID``.

    It may carry options, as in ``tiny?mode=score&temperature=0``; those given by name go before them. Options are
    those of ``LMAgent`` and ``Sampling``, ``backend`` and what that backend takes (``hf``: ``dtype``, ``device``,
    ``arena``, whose ``tiny`` is meant, ...); what is not said is as the model's folder says. ``seated_in``: the arena
    it is to sit in, whose ``tiny`` is taken where none is named. Raises UsageError or LanistaError where there is no
    such model, backend or option, or where torch and transformers are not installed.
    """
    from lanista.agents.lm.options import split
    from lanista.errors import LanistaError

    model, written = split(argument, options, options.get("backend"))
    if model == "tiny" and seated_in is not None and "arena" not in {**written, **options}:
        options["arena"] = seated_in
    try:
        from lanista.agents.lm.agent import build

        return build(model, **{**written, **options})
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("lanista"):
            raise
        raise LanistaError(
            f"a language model in a seat needs {error.name}, which is not installed: pip install 'lanista[train]'"
        ) from error
