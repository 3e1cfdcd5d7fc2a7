"""The fields that papers are written in: their parts, approaches and quantities, each with a second name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Name(NamedTuple):
    """Something that papers call by either of two names."""

    name: str
    alias: str


class Quantity(NamedTuple):
    """What is measured."""

    name: str
    unit: str
    low: float
    high: float
    digits: int  # after the point


class Field(NamedTuple):
    """One field of research."""

    name: str
    subject: str
    parts: tuple[Name, ...]
    approaches: tuple[Name, ...]
    quantities: tuple[Quantity, ...]


def _names(text: str) -> tuple[Name, ...]:
    return tuple(Name(*each.strip().split(" = ")) for each in text.split(";"))


def _quantities(text: str) -> tuple[Quantity, ...]:
    found = []
    for each in text.split(";"):
        name, unit, low, high, digits = (part.strip() for part in each.split(","))
        found.append(Quantity(name, unit, float(low), float(high), int(digits)))
    return tuple(found)


_ALL = (
    Field(
        "batteries",
        "solid-state batteries",
        _names(
            "lithium-metal anodes = metallic lithium electrodes; silicon anodes = silicon composite electrodes; "
            "anode-free cells = zero-excess cells; layered cathodes = nickel-rich electrodes"
        ),
        _names(
            "argyrodite = Li6PS5Cl; garnet = LLZO; halide electrolyte = Li3YCl6; polymer electrolyte = PEO membrane; "
            "glass ceramic = LATP; borohydride = LiBH4"
        ),
        _quantities(
            "critical current density, mA/cm2, 0.2, 9, 1; cycle life, cycles, 80, 3000, 0; "
            "coulombic efficiency, %, 88, 99.9, 1; interface resistance, ohm cm2, 2, 400, 0"
        ),
    ),
    Field(
        "photovoltaics",
        "thin-film solar cells",
        _names(
            "inverted stacks = p-i-n devices; tandem stacks = two-junction devices; "
            "flexible foils = polymer substrates; large modules = printed panels"
        ),
        _names(
            "formamidinium = FAPbI3; caesium lead = CsPbI3; tin halide = CsSnI3; kesterite = CZTS; "
            "chalcopyrite = CIGS; antimony selenide = Sb2Se3"
        ),
        _quantities(
            "power conversion efficiency, %, 6, 33, 1; open-circuit voltage, mV, 500, 1900, 0; "
            "operating lifetime, hours, 100, 9000, 0; fill factor, %, 55, 86, 1"
        ),
    ),
    Field(
        "electrolysis",
        "water electrolysers",
        _names(
            "anion membranes = AEM stacks; proton membranes = PEM stacks; seawater feeds = saline feeds; "
            "pressurised cells = high-pressure stacks"
        ),
        _names(
            "iridium oxide = IrO2; nickel iron = NiFe hydroxide; cobalt phosphide = CoP; molybdenum sulfide = MoS2; "
            "ruthenium oxide = RuO2; perovskite oxide = BSCF"
        ),
        _quantities(
            "overpotential, mV, 40, 480, 0; cell voltage, V, 1.5, 2.6, 2; durability, hours, 20, 6000, 0; "
            "catalyst loading, mg/cm2, 0.1, 6, 1"
        ),
    ),
    Field(
        "membranes",
        "desalination membranes",
        _names(
            "brackish feeds = low-salinity feeds; hollow fibres = capillary modules; spiral modules = wound elements; "
            "brine stages = concentrate stages"
        ),
        _names(
            "graphene oxide = GO laminate; polyamide = TFC layer; zeolite = MFI layer; aquaporin = AQP vesicle; "
            "carbon nanotube = CNT forest; metal organic framework = UiO-66"
        ),
        _quantities(
            "water flux, LMH, 5, 160, 0; salt rejection, %, 70, 99.9, 1; specific energy, kWh/m3, 0.7, 7, 1; "
            "chlorine tolerance, ppm h, 500, 40000, 0"
        ),
    ),
    Field(
        "implants",
        "bone implants",
        _names(
            "spinal cages = interbody spacers; hip stems = femoral stems; dental screws = oral fixtures; "
            "skull plates = cranial plates"
        ),
        _names(
            "porous titanium = Ti6Al4V lattice; tantalum foam = trabecular tantalum; magnesium alloy = WE43; "
            "bioactive glass = 45S5; polyether ketone = PEEK; zirconia = Y-TZP"
        ),
        _quantities(
            "fatigue strength, MPa, 40, 700, 0; bone ingrowth, %, 8, 82, 0; corrosion rate, um/year, 1, 900, 0; "
            "push-out force, N, 90, 2400, 0"
        ),
    ),
    Field(
        "sensors",
        "wearable gas sensors",
        _names(
            "breath masks = respiratory masks; textile patches = woven patches; wrist bands = bracelet devices; "
            "skin films = epidermal films"
        ),
        _names(
            "tin dioxide = SnO2; tungsten oxide = WO3; reduced graphene = rGO; polyaniline = PANI; mxene = Ti3C2; "
            "zinc oxide = ZnO"
        ),
        _quantities(
            "detection limit, ppb, 1, 900, 0; response time, s, 1, 180, 0; working temperature, C, 20, 350, 0; "
            "power draw, mW, 0.1, 90, 1"
        ),
    ),
)
FIELDS: Mapping[str, Field] = {field.name: field for field in _ALL}

PEER = (
    "Annals of Functional Materials",
    "Letters on Energy and Devices",
    "Interfaces Quarterly",
    "Transactions on Applied Chemistry",
    "Proceedings of the Materials Congress",
    "Review of Experimental Engineering",
)
"""Venues that review papers."""
PREPRINTS = ("Open Manuscripts", "Materials Preprint Server", "Early Drafts")
"""Venues that do not."""
