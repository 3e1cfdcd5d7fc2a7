"""Worlds that questions are asked in: five related tables each, with the nouns that people say.

All have one shape: facts (``f``) happen between an ``a`` and a ``b``; every ``a`` belongs to a ``g`` or to none, every
``b`` to an ``h``. What differs is what it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Noun(NamedTuple):
    """A kind of thing: one of them, several (also the plain name of its table), and an abbreviation."""

    one: str
    many: str
    short: str


class Domain(NamedTuple):
    """One world. ``parts`` are its tables by letter: g, a, f, b, h."""

    name: str
    parts: Mapping[str, Noun]
    value: Noun  # the number that a fact has; ``many`` is not used
    statuses: tuple[str, ...]  # what a fact can be
    names: Mapping[str, tuple[str, ...]]  # of g, a, b, h
    missing: tuple[str, ...]  # what nobody wrote down


def _domain(name: str, parts: str, value: str, statuses: str, names: str, missing: str) -> Domain:
    nouns = {}
    for letter, text in zip("gafbh", parts.split(), strict=True):
        one, many, short = text.split("/")
        nouns[letter] = Noun(one, many, short)
    lists = dict(zip("gabh", (tuple(part.split()) for part in names.split("|")), strict=True))
    one, short = value.split("/")
    return Domain(name, nouns, Noun(one, one, short), tuple(statuses.split()), lists, tuple(missing.split()))


_PEOPLE = "Ada Ben Cleo Dov Eda Finn Gil Hana Ivo June Kai Lea Mara Nils Ola Pia"

DOMAINS: Mapping[str, Domain] = {
    domain.name: domain
    for domain in (
        _domain(
            "school",
            "department/departments/dpt student/students/stu enrollment/enrollments/enr course/courses/crs "
            "teacher/teachers/tch",
            "grade/grd",
            "passed failed dropped running",
            f"Physics History Botany Music Law|{_PEOPLE}|Optics Ferns Rome Chords Torts Waves Fungi Opera Treaties|"
            "Rossi Okafor Lindt Sato",
            "salary religion height nickname",
        ),
        _domain(
            "library",
            "branch/branches/brn member/members/mbr loan/loans/lon book/books/bok author/authors/aut",
            "fee/fee",
            "returned overdue lost renewed",
            f"North Harbour Mill Central|{_PEOPLE}|Tides Embers Maps Orchards Salt Clocks Rivers Moths|"
            "Varga Ibsen Mori Duarte",
            "weight binding translator printer",
        ),
        _domain(
            "clinic",
            "insurer/insurers/ins patient/patients/pat visit/visits/vis doctor/doctors/doc ward/wards/wrd",
            "cost/cst",
            "planned finished missed billed",
            f"Helvia Norda Sanitas Mutua|{_PEOPLE}|Weiss Amari Costa Dunn Egan Fuchs Grau Hahn|Surgery Eyes Hearts "
            "Children",
            "allergy bloodgroup employer smoker",
        ),
        _domain(
            "shop",
            "region/regions/rgn customer/customers/cst order/orders/ord product/products/prd supplier/suppliers/sup",
            "amount/amt",
            "shipped cancelled pending refunded",
            f"Alps Coast Plains Islands|{_PEOPLE}|Lamp Kettle Chair Rope Tent Stove Radio Scale|"
            "Brandt Kimura Osei Petrov",
            "colour warranty packaging discount",
        ),
        _domain(
            "league",
            "team/teams/tem player/players/ply appearance/appearances/app match/matches/mat stadium/stadiums/std",
            "score/scr",
            "started substituted injured booked",
            f"Falcons Otters Comets Bisons|{_PEOPLE}|Opener Derby Final Replay Friendly Semifinal Qualifier|"
            "Parkside Eastgate Lakeview Ironfield",
            "contract agent weather referee",
        ),
        _domain(
            "freight",
            "country/countries/cty shipper/shippers/shp parcel/parcels/prc route/routes/rte carrier/carriers/car",
            "load/lod",
            "delivered damaged stopped insured",
            f"Norway Chile Kenya Nepal|{_PEOPLE}|Fjord Canyon Savanna Summit Delta Steppe Tundra|"
            "Swift Anchor Meridian Boreal",
            "fuel driver temperature tariff",
        ),
    )
}
