"""Credits that have to fit together: what a desk must have read before it grants the first, and whether they do."""

from __future__ import annotations

from lanista.agents.support_desk.file import File
from lanista.arenas.support_desk.house import credit_limit

AMOUNTS = {"double_charge": "refund_eur", "late_fee": "fee_eur"}
"""The number that a cause's credit is of."""
READ = ("invoices", "charge_detail", "contract", "account")
"""What tells the credits that are due, how long the customer is with us, and what was credited before."""


def unread(file: File) -> list[str]:
    """The readings that are still missing before any credit may be granted."""
    told = {"invoices": "invoices", "charge_detail": "charge_detail", "contract": "months", "account": "credited"}
    return [test for test in READ if not (told[test] in file.numbers or told[test] in file.shown)]


def fit(file: File) -> bool:
    """Whether all credits that are due fit under the limit, with those granted before; True where not all was read."""
    assert file.params is not None
    if "limits" not in file.options or "months" not in file.numbers or "credited" not in file.numbers:
        return True
    asked: int = due(file) + file.numbers["credited"]
    return asked <= credit_limit(file.house, file.numbers["months"])


def due(file: File) -> int:
    """Euros of the credits that what was read so far asks for, those granted in this call included."""
    assert file.params is not None
    numbers, total = file.numbers, 0
    if "double" in file.shown.get("invoices", "") or "refund" in file.changes:
        small, young = (
            numbers["refund_eur"] <= file.params.refund_eur,
            numbers["refund_days"] <= file.params.refund_days,
        )
        total += numbers["refund_eur"] if small and young else 0
    if "late_fee" in file.shown.get("charge_detail", "") or "waive_fee" in file.changes:
        total += numbers["fee_eur"] if numbers["waived"] < file.params.waivers else 0
    return total
