"""What a package is made of: one function a file, each a few decisions, and the sentences that say what was decided.

A decision (``Dim``) has two or three options. Each option has a sentence for the documentation, sentences in which a
user asks for it, and a line or two of code. So what is said of a function and what it does can differ on purpose, in
exactly one decision at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import NamedTuple

Choices = Mapping[str, str]
"""The option of every decision of a part, by the decision's name."""


class Option(NamedTuple):
    """One way to decide."""

    key: str
    doc: str
    """The sentence of the documentation."""
    asked: tuple[str, ...]
    """What a user says who wants it so."""


class Dim(NamedTuple):
    """One decision."""

    name: str
    left_open: str
    """The sentence of the documentation that does not tell."""
    options: tuple[Option, ...]
    right: tuple[str, ...] = ()
    """The options that may be asked for; () for all. Others are only ever faults."""

    def option(self, key: str) -> Option:
        return next(option for option in self.options if option.key == key)


@dataclass(frozen=True)
class Part:
    """A file of a package, with its one function."""

    module: str
    function: str
    parameters: str
    takes: tuple[str, ...]
    """What each parameter is: ``rows``, ``pairs``, ``day``, ``amount``, ``name``."""
    summary: str
    constant: str | None
    """A number of the file: its name."""
    dims: tuple[Dim, ...]
    body: Callable[[Choices, frozenset[str]], str]
    """The code under the docstring, given the choices and the modules of the package."""

    @property
    def where(self) -> str:
        return f"{self.module}.{self.function}"

    @cached_property
    def dims_by_name(self) -> Mapping[str, Dim]:
        """The decisions by name."""
        return {dim.name: dim for dim in self.dims}

    def variants(self) -> list[dict[str, str]]:
        """Every combination of options."""
        names = [dim.name for dim in self.dims]
        keys = [[option.key for option in dim.options] for dim in self.dims]
        return [dict(zip(names, each, strict=True)) for each in product(*keys)]


def _lines(*lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines if line)


def _tidy(c: Choices, present: frozenset[str]) -> str:
    names = {"typed": "", "small": "    name = name.lower()", "trimmed": "    name = name.strip()"}[c["names"]]
    blank = {"dropped": "        continue", "marked": '        name = "?"'}[c["blank"]]
    below = {"kept": "", "dropped": "    if amount < 0:", "nought": "    amount = max(amount, 0)"}[c["below"]]
    return _lines(
        "found = []",
        "for name, group, amount, day in rows:",
        names,
        "    if not name:",
        blank,
        below,
        "        continue" if c["below"] == "dropped" else "",
        "    found.append((name, group, amount, day))",
        "return found",
    )


def _between(c: Choices, present: frozenset[str]) -> str:
    low, high = ("<=" if c[end] == "in" else "<" for end in ("first", "last"))
    return _lines(
        "if first > last:" if c["turned"] == "swapped" else "",
        "    first, last = last, first" if c["turned"] == "swapped" else "",
        f"return [row for row in rows if first {low} row[3] {high} last]",
    )


def _reduced(c: Choices, present: frozenset[str]) -> str:
    off = {"down": "amount // 10", "nearest": "(amount + 5) // 10", "up": "-(-amount // 10)"}[c["rounding"]]
    return _lines(
        f"if amount {'<' if c['since'] == 'reached' else '<='} LEAST:",
        "    return amount",
        f"off = {off}",
        "off = min(off, LEAST // 4)" if c["most"] == "capped" else "",
        "return amount - off",
    )


def _totals(c: Choices, present: frozenset[str]) -> str:
    if c["pace"] == "slow":
        made = [
            "groups = []",
            "for row in rows:",
            "    if row[1] not in groups:",
            "        groups.append(row[1])",
            "pairs = []",
            "for group in groups:",
            "    amounts = [row[2] for row in rows if row[1] == group]",
            f"    pairs.append((group, {'sum' if c['what'] == 'sum' else 'max'}(amounts)))",
        ]
    else:
        whole = "found.get(group, 0) + amount" if c["what"] == "sum" else "max(found.get(group, amount), amount)"
        made = [
            "found = {}",
            "for _, group, amount, _ in rows:",
            f"    found[group] = {whole}",
            "pairs = list(found.items())",
        ]
    return _lines(
        *made,
        "pairs.sort()" if c["order"] == "alphabet" else "",
        "return [pair for pair in pairs if pair[1]]" if c["nought"] == "out" else "return pairs",
    )


def _top(c: Choices, present: frozenset[str]) -> str:
    way = "-pair[1]" if c["way"] == "most" else "pair[1]"
    key = f"({way}, pair[0])" if c["ties"] == "alphabet" else way
    ranked = f"ranked = sorted(pairs, key=lambda pair: {key})"
    if c["over"] == "cut":
        return _lines(ranked, "return ranked[:COUNT]")
    return _lines(
        ranked,
        "if len(ranked) <= COUNT:",
        "    return ranked",
        "last = ranked[COUNT - 1][1]",
        "return [pair for i, pair in enumerate(ranked) if i < COUNT or pair[1] == last]",
    )


def _shares(c: Choices, present: frozenset[str]) -> str:
    whole = "sum(amounts)" if c["of"] == "sum" else "max(amounts, default=0)"
    share = "amount * 100 // whole" if c["rounding"] == "down" else "(amount * 200 + whole) // (2 * whole)"
    return _lines(
        "amounts = [amount for _, amount in pairs]",
        f"whole = {whole}",
        "if not whole:",
        "    return [(name, 0) for name, _ in pairs]" if c["nothing"] == "noughts" else "    return []",
        f"return [(name, {share}) for name, amount in pairs]",
    )


def _line(c: Choices, present: frozenset[str]) -> str:
    short = "name = name[:WIDTH]"
    if c["long"] == "point":
        short = 'name = name if len(name) <= WIDTH else name[: WIDTH - 1] + "."'
    digits = {"plain": "str(amount)", "comma": 'f"{amount:,}"', "blank": 'f"{amount:,}".replace(",", " ")'}[c["digits"]]
    return _lines(
        short,
        f"name = name.{'ljust' if c['side'] == 'left' else 'rjust'}(WIDTH)",
        f'return name + " " + {digits}',
    )


def _report(c: Choices, present: frozenset[str]) -> str:
    lines = "line(name, amount)" if "lines" in present else 'f"{name} {amount}"'
    return _lines(
        "rows = tidy(rows)" if "cleaning" in present else "",
        "rows = between(rows, first, last)" if "dates" in present else "",
        "rows = [(name, group, reduced(amount), day) for name, group, amount, day in rows]"
        if "prices" in present
        else "",
        "pairs = totals(rows)" if "totals" in present else "pairs = [(name, amount) for name, _, amount, _ in rows]",
        "pairs = top(pairs)" if "ranking" in present else "",
        "pairs = shares(pairs)" if "shares" in present else "",
        f"lines = [{lines} for name, amount in pairs]",
        "if not lines:" if c["empty"] == "word" else "",
        '    return ["nothing"]' if c["empty"] == "word" else "",
        'return [f"{len(rows)} entries"] + lines' if c["head"] == "count" else "return lines",
    )


PARTS: tuple[Part, ...] = (
    Part(
        "cleaning", "tidy", "rows", ("rows",), "Puts rows in order before anything is done with them", None,
        (
            Dim("names", "How a name is spelt in the end is as users want it.", (
                Option("typed", "A name stays as it was typed.", (
                    "My name came out changed. Leave names exactly as people type them.",
                    "Names are nobody's business but their owners': do not touch how they are typed.")),
                Option("small", "A name is put in small letters.", (
                    "BEN and ben are the same man to us. Put all names in small letters.",
                    "I never want to see a capital letter in a name again, not even the first one.")),
                Option("trimmed", "A name loses the blanks at both its ends.", (
                    "Somebody typed a blank before his name, and there it stays. Take blanks off at both ends.",
                    "Blanks around a name are slips of the thumb. They have to go, and nothing else of it.")))),
            Dim("blank", "What becomes of a row without a name is as users want it.", (
                Option("dropped", "A row without a name is left out.", (
                    "There are rows that belong to nobody. If there is no name, I do not want the row.",
                    "Throw away whatever comes in without a name on it.")),
                Option("marked", "A row without a name is given the name ?.", (
                    "Rows without a name vanish. Keep them, with a question mark where the name should be.",
                    "If we do not know who it was, put ? for a name and count it all the same.")))),
            Dim("below", "What becomes of an amount below 0 is as users want it.", (
                Option("kept", "An amount below 0 is kept as it is.", (
                    "What we pay back is written with a minus, and it has to stay in, minus and all.",
                    "Money that went back to people counts as what it is: less than nothing.")),
                Option("dropped", "A row with an amount below 0 is left out.", (
                    "Rows with a minus before the amount are mistakes. Leave such rows out altogether.",
                    "I do not want to see a row whose amount is under zero.")),
                Option("nought", "An amount below 0 counts as 0.", (
                    "An amount under zero should be taken for zero, and the row kept.",
                    "Read every minus amount as nothing at all, but do keep the entry.")))),
        ), _tidy),
    Part(
        "dates", "between", "rows, first, last", ("rows", "day", "day"), "Picks the rows of some days", None,
        (
            Dim("first", "Whether the first day belongs to them is as users want it.", (
                Option("in", "The first day belongs to them.", (
                    "I asked from the 3rd on and the 3rd was missing. The day I start with is part of it.",
                    "From Monday means Monday too.")),
                Option("out", "The first day does not belong to them.", (
                    "The first day I name was billed last time. Begin on the day after it.",
                    "What happened on the opening day itself must not be in there twice: start behind it.")))),
            Dim("last", "Whether the last day belongs to them is as users want it.", (
                Option("in", "The last day belongs to them.", (
                    "I asked up to the 9th, and what was done on the 9th is not there. It belongs in.",
                    "Until Friday means that Friday is still part of it.")),
                Option("out", "The last day does not belong to them.", (
                    "The closing day goes into the next report. Stop before it.",
                    "Up to the 10th is without the 10th, as in any hotel.")))),
            Dim("turned", "What happens where the first day lies after the last is as users want it.", (
                Option("nothing", "Where the first day lies after the last there are none.", (
                    "If I mix up the two days, show me nothing, so that I see my mistake.",
                    "A span that ends before it begins is empty. Please no guessing.")),
                Option("swapped", "Where the first day lies after the last the two are exchanged.", (
                    "I sometimes give the later day first. You can see what I mean: turn them round.",
                    "Take two days in any order, the earlier one is the start.")))),
        ), _between),
    Part(
        "prices", "reduced", "amount", ("amount",), "Takes a tenth off a large amount", "LEAST",
        (
            Dim("rounding", "How the part that is taken off is rounded is as users want it.", (
                Option("down", "The part that is taken off is rounded down.", (
                    "You give away pennies. Any fraction of what you take off has to be dropped.",
                    "When the discount is not a round number, the smaller number is the right one.")),
                Option("nearest", "The part that is taken off is rounded to the nearest, half of one up.", (
                    "Round the discount as we learned at school: five and more goes up.",
                    "The discount should be the closest whole number, and the larger one where both are as close.")),
                Option("up", "The part that is taken off is rounded up.", (
                    "Be generous with fractions of a discount: always the next whole number.",
                    "If the discount is not a round number, give the customer the larger one.")))),
            Dim("since", "Whether an amount of LEAST itself counts as large is as users want it.", (
                Option("reached", "An amount of LEAST itself counts as large.", (
                    "I hit the limit on the dot and got nothing off. On the dot is enough.",
                    "Whoever reaches the limit has earned the discount.")),
                Option("passed", "Only an amount above LEAST counts as large.", (
                    "The discount is for those who go over the limit, not for those who stand on it.",
                    "Exactly the limit is not more than the limit: no discount there.")))),
            Dim("most", "Whether there is a most that is taken off is as users want it.", (
                Option("all", "There is no most that is taken off.", (
                    "My big order got a small discount. There must not be a ceiling on it.",
                    "A tenth is a tenth, however much it is.")),
                Option("capped", "At most a quarter of LEAST is taken off.", (
                    "The largest discounts ruin us. More than a quarter of the limit is never to be taken off.",
                    "Stop the discount at one fourth of the limit.")))),
        ), _reduced),
    Part(
        "totals", "totals", "rows", ("rows",), "One amount for every group", None,
        (
            Dim("what", "Which amount a group gets is as users want it.", (
                Option("sum", "It is the sum of the group's amounts.", (
                    "I want to know what each group has altogether.",
                    "Add up what belongs to a group. I see only one entry of it.")),
                Option("largest", "It is the largest of the group's amounts.", (
                    "For every group only its best single entry is of interest.",
                    "Do not add things up: show the biggest one a group has.")))),
            Dim("order", "The order of the groups is as users want it.", (
                Option("seen", "The groups come in the order in which they first appear.", (
                    "You shuffle my groups. Whoever comes first in the data comes first here.",
                    "Leave the groups in the order in which they turn up.")),
                Option("alphabet", "The groups come in alphabetical order.", (
                    "I cannot find a group. Sort them from A to Z.",
                    "Groups by the alphabet, please, as in a phone book.")))),
            Dim("nought", "Whether a group with 0 is there is as users want it.", (
                Option("in", "A group with 0 is there like any other.", (
                    "A group with nothing to its name is still a group. Show it.",
                    "One of our groups is missing, only because it stands at zero.")),
                Option("out", "A group with 0 is left out.", (
                    "Groups that stand at zero only fill the page. Away with them.",
                    "If a group has nothing, do not mention it.")))),
            Dim("pace", "How many rows it must take is as users want it.", (
                Option("quick", "It takes thousands of groups within a blink.", (
                    "With our yearly file the thing sits there for ages. It must be quick with thousands of groups.",
                    "I went for coffee while it added things up. Four thousand groups are nothing for a computer.")),
                Option("slow", "It may take its time.", ("Take your time.",))), ("quick",)),
        ), _totals),
    Part(
        "ranking", "top", "pairs", ("pairs",), "The COUNT first by amount", "COUNT",
        (
            Dim("way", "Which end comes first is as users want it.", (
                Option("most", "The largest amount comes first.", (
                    "The list is upside down for me: the biggest belongs on top.",
                    "Champions first, please.")),
                Option("least", "The smallest amount comes first.", (
                    "I look after those who have least, so let the list start with the smallest.",
                    "Turn the list so that whoever has least is on top.")))),
            Dim("ties", "The order of equal amounts is as users want it.", (
                Option("came", "Equal amounts stay in the order in which they came.", (
                    "Two had the same, and you reordered them. Where it is a draw, leave them as they came in.",
                    "For a draw I want no sorting of any kind.")),
                Option("alphabet", "Equal amounts are in alphabetical order.", (
                    "Two had the same amount, and Zoe stood before Ann. A draw goes by the alphabet.",
                    "If two are level, sort those two by name.")))),
            Dim("over", "What happens where others have as much as the last is as users want it.", (
                Option("cut", "There are never more than COUNT.", (
                    "The list is sometimes longer than it should be. It has a fixed length, draw or no draw.",
                    "Cut the list off where it ends, even if that is unfair to somebody who is level.")),
                Option("with", "Whoever has as much as the last of them is there too.", (
                    "My neighbour and I are level, and only he is on the list. Then both of us belong on it.",
                    "If somebody is level with the last one on the list, the list gets longer.")))),
        ), _top),
    Part(
        "shares", "shares", "pairs", ("pairs",), "Amounts in percent", None,
        (
            Dim("of", "What 100 percent are is as users want it.", (
                Option("sum", "All together are 100 percent.", (
                    "What I want to see is everybody's slice of the whole cake.",
                    "The percentages ought to be parts of everything together.")),
                Option("largest", "The largest is 100 percent.", (
                    "Set the biggest one to a hundred and measure the others against it.",
                    "I compare everybody with the leader, so the leader has to be at a hundred.")))),
            Dim("rounding", "How a share is rounded is as users want it.", (
                Option("down", "A share is rounded down.", (
                    "Percentages must not be flattering: whatever is behind the point is dropped.",
                    "Only full percent count.")),
                Option("nearest", "A share is rounded to the nearest, half of one up.", (
                    "Two thirds are 67 and not 66. Round percentages properly.",
                    "Percentages to the closest whole number, halves upwards.")))),
            Dim("nothing", "What happens where 100 percent would be 0 is as users want it.", (
                Option("noughts", "Where that is 0 every share is 0.", (
                    "On a day without anything I still want everybody listed, with zero percent each.",
                    "If there is nothing to share, each gets a zero.")),
                Option("none", "Where that is 0 there are no shares.", (
                    "On a day without anything there is nobody to list: an empty list.",
                    "If there is nothing to share, show no shares.")))),
        ), _shares),
    Part(
        "lines", "line", "name, amount", ("name", "amount"),
        "One line of text: a name WIDTH wide, then the amount", "WIDTH",
        (
            Dim("side", "At which side a name stands is as users want it.", (
                Option("left", "The name stands at the left of its field.", (
                    "Names should start at the margin, one under the other.",
                    "Flush left, please; the names jump about.")),
                Option("right", "The name stands at the right of its field.", (
                    "Push the names up against their numbers.",
                    "Names belong at the right end of their column.")))),
            Dim("long", "What becomes of a name that is too long is as users want it.", (
                Option("cut", "A longer name is cut off.", (
                    "Simply chop names that do not fit. No dots, I take them for part of the name.",
                    "A name too long for its column ends where the column ends.")),
                Option("point", "A longer name is cut one shorter and ends with a point.", (
                    "I cannot see that a long name was shortened. Let its last place be a full stop.",
                    "If you must shorten me, put a dot at the end, inside the column.")))),
            Dim("digits", "How thousands are parted is as users want it.", (
                Option("plain", "Thousands are not parted.", (
                    "I copy the numbers into a sheet, and everything between the digits breaks it.",
                    "A number is just its digits.")),
                Option("comma", "Thousands are parted by commas.", (
                    "I cannot read 1234567. Put commas in, as in 1,234,567.",
                    "Thousands with a comma, like on a cheque.")),
                Option("blank", "Thousands are parted by blanks.", (
                    "I cannot read 1234567. Put blanks in, as in 1 234 567.",
                    "A thin gap between the thousands, no commas.")))),
        ), _line),
    Part(
        "report", "report", "rows, first, last", ("rows", "day", "day"), "The lines that users see", None,
        (
            Dim("head", "Whether it begins with how many rows there were is as users want it.", (
                Option("none", "It begins with the first line.", (
                    "I do not need a heading that counts things. Start right away.",
                    "Drop the line on top with the number of entries.")),
                Option("count", "It begins with a line like '3 entries': the rows that were left.", (
                    "Tell me on top how many entries went into it, as in 3 entries.",
                    "A first line with the number of entries would help me check.")))),
            Dim("empty", "What a report of nothing looks like is as users want it.", (
                Option("bare", "Without any line it is as empty as that.", (
                    "When there is nothing to report, I want no words about it.",
                    "Remove that word you print for empty reports.")),
                Option("word", "Without any line it is the one line 'nothing'.", (
                    "An empty page frightens me. If there is not a line, there should be the one word nothing.",
                    "When no line comes out, print the one word nothing instead of it.")))),
        ), _report),
)  # fmt: skip
"""In the order of the pipeline; the last is what users see, and is always there."""

BY_MODULE: Mapping[str, Part] = {part.module: part for part in PARTS}
HEAVY = "totals"
"""The module that is also called with many groups."""


def documented(part: Part, right: Choices, opened: frozenset[str], present: frozenset[str], number: int | None) -> str:
    """A file down to its code. ``opened`` names the decisions that its documentation does not tell."""
    imports = ""
    if part.module == PARTS[-1].module:
        used = [other for other in PARTS[:-1] if other.module in present]
        imports = "".join(f"from {other.module} import {other.function}\n" for other in used) + "\n\n" * bool(used)
    constant = f"{part.constant} = {number}\n\n\n" if part.constant else ""
    said = [dim.left_open if dim.name in opened else dim.option(right[dim.name]).doc for dim in part.dims]
    doc = "".join(f"    {sentence}\n" for sentence in said)
    return f'{imports}{constant}def {part.function}({part.parameters}):\n    """{part.summary}.\n\n{doc}{END}'


END = '    """\n'
"""Where a file's documentation ends and its code begins."""


@lru_cache(maxsize=512)
def bodies(module: str, present: frozenset[str]) -> Mapping[str, dict[str, str]]:
    """The choices by the code that makes them, of every variant of a file."""
    part = BY_MODULE[module]
    return {part.body(choices, present): choices for choices in part.variants()}
