"""Self-play training: rows from episodes, the GRPO trainer, warm start, evaluation."""

if __name__ != "lanista.training":
    raise ImportError(f"import this package as lanista.training, not as {__name__}")
