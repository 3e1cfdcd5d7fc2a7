"""What free words say: accusation, defence, claim, report, agreement and doubt, read by a small grammar and a lexicon.

A speech is cut into clauses. A clause is left out where it only asks, supposes ("if player_3 is a wolf") or tells what
somebody else said or did. In what is left the first pattern that fits a mention of a player decides, ``not`` and its
kin turning it round; a pronoun stands for the player named last. docs/agents/bayes.md has the lexicon in words
and how often it is right (``benchmarks/werewolf_listening.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple


class Heard(NamedTuple):
    """One thing said. ``word`` is the role claimed or the finding reported; ``target`` a seat where there is one."""

    act: str
    target: str = ""
    word: str = ""


_SEAT = re.compile(r"\b(?:player|seat|p|no\.?|number)[\s_#-]{0,3}([0-9]{1,2})\b|#([0-9]{1,2})\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"([.!?;]+(?=\s|$)|\n|,?\s+\b(?:but|however|although|though|while|whereas|because|since|therefore)\b|,\s+(?:so|and|yet)\b"
    r"|\s[-–—]+\s|,\s+(?=(?:he|she|they|that|it|i|we|you)\b)"
    r"|\s+and\s+(?=(?:i|we|let|vote|my)\b|player[\s_]?[0-9]+\s+(?:is|was|has|will|would|should|must|can|looks?|seems?)\b))",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"^\W*(?:(?:even|only|and|so)\s+)?(?:if(?!\s+(?:i had|you ask))|unless|suppose|assuming|imagine|whether|what if"
    r"|had)\b",
    re.I,
)
_HEARSAY = re.compile(
    r"^\W*(?:SEAT|he|she|they|somebody|someone|everybody|everyone|people|who|you)\b(?:\s+\w+){0,2}?\s+"
    r"(?:said|says|say|told|tells|claim(?:s|ed)?|accus\w+|defend\w+|report(?:s|ed)?|think(?:s)?|thought|believes?|believed|"
    r"suspects?|suspected|voted|votes|called|calls|wants|wanted|trusts|trusted|inspected|checked|keeps? saying)\b",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(
    r"\b(?:might have been|could have been|wonder (?:if|whether)|not sure (?:if|whether))\b", re.I
)
_NOT = re.compile(
    r"\b(?:not|n't|never|no|cannot|hardly|neither|nobody|nor|without|stop|mistake|isnt|dont|doesnt)\b|n't\b|n’t\b", re.I
)
_WOLF = r"(?:were)?wol(?:f|ves|fish)"
_PREY = re.compile(
    r"\b(?:the\s+)?(?:were)?wolves\s+(?:have\s+|had\s+|will\s+|would\s+|must\s+|probably\s+)?"
    r"(?:kill\w*|attack\w*|want\w*|chose|choose|fear\w*|ate|eat|took|target\w*|got)\b",
    re.IGNORECASE,
)
_SPARED = re.compile(r"\b(?:not|rather than|instead of)\s+SEAT\b", re.IGNORECASE)
_THAT = re.compile(r"\b(?:believe|doubt|sure|convinced)\s+(?:that\s+)?SEAT\s+(?:is|was|are)\b", re.IGNORECASE)
_BAD = re.compile(
    rf"\b(?:{_WOLF}|evil|guilty|bad(?!\s+idea)|liar|lying|lies|lied|fak(?:e|ing)|suspicious|suspect|suspects|sus|fishy|shady|"
    r"scummy|scum|dangerous|hiding|enemy|dishonest|off about|too quiet|up to something|mafia)\b",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"\b(?:innocent|villager|village|town|townie|good|safe|clear|cleared|clean|honest|trustworthy|truth|truthful|harmless|"
    r"on our side|one of us|genuine|sincere|human)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:vot(?:e|ing)(?:\s+(?:for|out|off|against|on))?|accus(?:e|ing)|eliminat(?:e|ing)|lynch|exile|hang|get rid of|"
    r"throw out|kick out|take out|remove|banish|suspect|suspicion|suspicious of|doubts? about|point(?:ing)? (?:at|to)|"
    r"distrust|mistrust|go(?:ing)? (?:for|after)|my vote (?:is|goes)(?: for| to| on)?|nominate|execute|burn)\b",
    re.IGNORECASE,
)
_TOWARDS = re.compile(
    r"\b(?:trust|defend|believe(?: in)?|vouch(?:ing)? for|stand(?:ing)? (?:by|with)|side with|support|spare|protect|"
    r"save|leave|have faith in|rely on|clear|confident in|keep)\b",
    re.IGNORECASE,
)
_AGREE = re.compile(
    r"\b(?:agree(?:d)? with|with you(?=\W+SEAT)|second (?:that|what)|same as|like SEAT said|"
    r"as SEAT (?:said|says|pointed out)|echo|"
    r"SEAT(?:\s+you)?(?:'s| is| are)?\s+(?:right|correct|makes? (?:sense|a good point)|ha(?:s|ve) a (?:good )?point)|"
    r"good point|well said)\b",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:doubt|not (?:so )?sure (?:about|of)|unsure (?:about|of)|sceptical|skeptical|not convinced|unconvinced|"
    r"(?:do not|don't|don’t|cannot|can't|can’t|hard to|hardly) (?:believe|buy|trust what)|makes? no sense|"
    r"do(?:es)?(?: not|n't|n’t) (?:add up|make sense|hold)|contradict\w*|inconsistent|questionable|not credible|"
    r"changed (?:his|her|their|its) story)\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:i am|i'm|i’m|im|i really am|i was dealt|my role is|i claim(?: to be)?|as)\s+"
    r"(?:actually\s+|really\s+|in fact\s+)?"
    r"(?:the|a|an|your|only a|just a|only an?|one of the)?\s*(?:true |real |only |simple |plain |ordinary )?"
    r"(villager|werewolf|wolf|seer|doctor|witch|hunter|medium|bodyguard|guard)\b",
    re.IGNORECASE,
)
_LOOKED = re.compile(
    r"\b(?:i|my)\b.{0,24}\b(?:inspect(?:ed|ion)|check(?:ed)?|look(?:ed)? (?:at|into)|investigat(?:ed|ion)|saw|scanned|"
    r"divined|learn(?:ed|t)|found(?: out)?|peek(?:ed)?|examined|vision|finding|result)\b",
    re.IGNORECASE,
)
_INQUIRY = re.compile(r"\b(?:inspect(?:ed|ion)?|check(?:ed)?|investigat\w+|scanned|divined|vision)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:he|him|his|she|her|they|them|their|that player|this player|that one|you)\b", re.IGNORECASE)


@lru_cache(maxsize=1 << 13)
def listen(text: str, speaker: str, seats: tuple[str, ...]) -> tuple[Heard, ...]:
    """What is said in ``text`` by ``speaker``, each thing once, in order. Names none but ``seats``; never raises."""
    found: list[Heard] = []
    last, seer = "", False
    looked: set[str] = set()  # at whom the speaker says to have looked
    for clause, mark in _clauses(text):
        named = _named(clause, seats)
        bare = _PREY.sub("they", " ".join(_SEAT.sub(" SEAT ", clause).split()).replace("SEAT 's", "SEAT's"))
        claim = _claimed(bare)
        if claim:
            seer |= claim == "seer"
            found.append(Heard("claim", word=claim))
        targets = [seat for seat in named if seat != speaker]
        if not named and last and _PRONOUN.search(bare):
            targets = [last]
            bare = _PRONOUN.sub(" SEAT ", bare, count=1)
        if targets and "?" not in mark:
            found += _about(bare, targets, seer or looked.issuperset(targets), bool(claim))
            if _LOOKED.search(bare) and not _NOT.search(bare):
                looked.update(targets)
        last = targets[-1] if targets else last
    return tuple(dict.fromkeys(found))


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    """Each clause and the mark that ends its sentence."""
    parts = _CLAUSE.split(text.replace("’", "'"))
    for i in range(0, len(parts), 2):
        ends = next((mark for mark in parts[i + 1 :: 2] if mark and re.match(r"[.!?;:\n]", mark)), "")
        if parts[i].strip():
            yield parts[i], ends


def _named(clause: str, seats: Sequence[str]) -> list[str]:
    numbers = dict.fromkeys(int(a or b) for a, b in _SEAT.findall(clause))
    return [f"player_{i}" for i in numbers if f"player_{i}" in seats]


def _claimed(bare: str) -> str:
    match = _CLAIM.search(bare)
    if (
        match is None
        or _SUPPOSED.search(bare)
        or bare[: match.start()].rstrip().lower().endswith(("think", "say", "says"))
    ):
        return ""
    if match.group().lower().startswith("as") and match.start() and not re.search(r"\bi\b", bare, re.IGNORECASE):
        return ""
    role = match.group(1).lower()
    return {"wolf": "werewolf", "guard": "bodyguard"}.get(role, role)


def _about(bare: str, targets: Sequence[str], seer: bool, claims: bool) -> Iterator[Heard]:
    """What one clause says of the players it names."""
    if _SUPPOSED.search(bare) or _HYPOTHETICAL.search(bare):
        return
    if _AGREE.search(bare) and not _NOT.search(bare):
        yield Heard("agree", targets[0])
        return
    if _HEARSAY.search(bare) and not _judges(bare):
        return
    negated = bool(_NOT.search(bare))
    bad, good = bool(_BAD.search(bare)), bool(_GOOD.search(bare))
    if (bad or good) and (_LOOKED.search(bare) or (seer and _states(bare)) or _INQUIRY.search(bare)):
        finding = "werewolf" if bad != (negated and bad) else "innocent"
        yield from (Heard("report", target, finding) for target in targets)
        return
    if _DOUBT.search(bare) and (bad or good) and _THAT.search(bare):
        yield from (Heard("accuse" if good else "defend", target) for target in targets)
        return
    if _DOUBT.search(bare):
        yield from (Heard("doubt", target) for target in targets)
        return
    if claims and not bad and not good and not _AGAINST.search(bare):
        return
    spared = _SPARED.search(bare) if len(targets) > 1 else None
    if spared:
        negated = bool(_NOT.search(_SPARED.sub("", bare, count=1)))
    verdict = _verdict(bare, bad, good, negated)
    if verdict:
        apart = bare[: spared.end()].count("SEAT") - 1 if spared else -1
        turned = "defend" if verdict == "accuse" else "accuse"
        yield from (Heard(turned if i == apart else verdict, target) for i, target in enumerate(targets))


def _judges(bare: str) -> bool:
    """Whether what somebody said is itself judged: "player_3 claims to be the seer and lies"."""
    return bool(
        re.search(r"\b(?:lie[sd]?|lying|liar|suspicious|fake|contradict\w*|makes? no sense)\b", bare, re.IGNORECASE)
    )


def _states(bare: str) -> bool:
    return bool(re.search(r"SEAT\W+(?:is|are|was|must be|turned out|came)\b|SEAT\W*(?:=|:)", bare))


def _verdict(bare: str, bad: bool, good: bool, negated: bool) -> str:
    against, towards = bool(_AGAINST.search(bare)), bool(_TOWARDS.search(bare))
    if bad and not (good and negated):
        return "defend" if negated else "accuse"
    if good:
        return "accuse" if negated else "defend"
    if towards and not against:
        return "accuse" if negated else "defend"
    if against:
        return "defend" if negated else "accuse"
    return ""
