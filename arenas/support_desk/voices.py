"""How customers of the hard desk speak: openings built of parts, answers in several voices, all sayings of one meaning.

Every opening is put together of a greeting, a mood, what is wrong, what the customer believes, asides and what else
there is, in an order of its own. Whoever knows these tables can take each of them apart again (``meant``); nothing in
an opening but its symptom, its claim of a reboot and its other troubles follows from the hidden case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from lanista.arenas.core import chance
from lanista.arenas.support_desk.phrases import ANSWERS

GREETINGS = (
    "Hello, can you hear me?",
    "Good morning.",
    "Finally, a person.",
    "Hi there, sorry to bother you.",
    "Afternoon.",
    "Ey up, is this the help line?",
    "Yes, hello, I have been waiting for twenty minutes.",
    "Hello dear.",
    "Right, listen.",
    "Hi, I was told to call this number.",
    "Good day to you.",
    "",
)
MOODS = (
    "I am at the end of my tether.",
    "I hope you can sort this out.",
    "I am not good with these things, mind.",
    "I need this fixed today.",
    "My daughter usually does this for me.",
    "This is the third time this year.",
    "I pay good money for this.",
    "No rush, I have a cup of tea.",
    "If this goes on I will cancel.",
    "",
    "",
)
WRONG: Mapping[str, tuple[str, ...]] = {
    "no_internet": (
        "The internet has been dead for {days} days",
        "Nothing has loaded for {days} days",
        "We have been offline {days} days now",
        "There's been no internet in the house since {days} days ago",
        "It's {days} days that I cannot get online at all",
        "The web has gone, {days} days it's been",
        "I have had nowt but an error page for {days} days",
        "My connection dropped {days} days ago and never came back",
    ),
    "slow_internet": (
        "The internet has been crawling for {days} days",
        "Films stutter and pages take an age, {days} days now",
        "It's dead slow, has been for {days} days",
        "For {days} days everything takes forever to load",
        "The line is like treacle these {days} days",
        "My video calls keep freezing, {days} days running",
        "I get a trickle instead of what I pay for, {days} days already",
        "{days} days ago it went slow and it stayed slow",
    ),
    "no_mobile": (
        "My phone has had no data for {days} days",
        "The mobile does nowt away from home, {days} days now",
        "For {days} days the phone cannot get out",
        "My mobile data stopped {days} days ago",
        "The phone says no service, {days} days it's been",
        "I can't use the phone on the street since {days} days",
        "{days} days without mobile data",
        "My handset won't connect to your network, {days} days running",
    ),
    "high_bill": (
        "The bill that came {days} days ago is too high",
        "{days} days ago you took more money than you should",
        "There is something off with my bill, it came {days} days back",
        "I looked at the bill {days} days ago and nearly fell off my chair",
        "My invoice from {days} days ago cannot be right",
        "You have overcharged me, I saw it {days} days ago",
        "What is this bill from {days} days ago supposed to be",
        "I'm paying more than we agreed, I noticed {days} days ago",
    ),
    "vague": (
        "Nothing has been right with you lot for {days} days",
        "Something is not as it should be, {days} days now",
        "I have a problem, and I've had it for {days} days",
        "It has been {days} days and I have had enough of it",
        "Things went wrong {days} days ago",
        "It's all gone pear-shaped, {days} days back",
        "For {days} days I've been getting annoyed with your service",
        "We need to talk, it has been {days} days",
    ),
}
BELIEFS: Mapping[str, str] = {
    "suspended": "I bet somebody in your office cut me off by mistake.",
    "dead_modem": "The box is broken, I want a new one.",
    "loose_cable": "Maybe the builders pulled at a cable.",
    "outage": "It must be one of your outages again.",
    "line_cut": "They are digging up the street, that will be it.",
    "line_noise": "It is the line, it was always the line.",
    "hung_modem": "The box has probably got itself stuck.",
    "throttled": "You are slowing me down on purpose.",
    "wifi_channel": "It is the neighbours' Wi-Fi, I am sure.",
    "old_firmware": "It started with one of your updates.",
    "sim_blocked": "You have blocked my card, haven't you.",
    "roaming_off": "It will be the roaming.",
    "wrong_apn": "My nephew changed something in the phone.",
    "double_charge": "You have charged me twice, I can smell it.",
    "ended_discount": "You have taken my discount away.",
    "wrong_plan": "You have put me on a dearer plan without asking.",
    "late_fee": "It is one of your made-up fees.",
    "unknown_charge": "Somebody is buying things on my account.",
}
REBOOTED = (
    "I have rebooted the box {times}.",
    "Switched it off and on {times}, before you ask.",
    "And yes, I restarted it, {times}.",
    "I've had the plug out {times} already.",
)
ASIDES = (
    "My neighbour is with another company and has no trouble.",
    "We had a storm last week.",
    "I moved house in spring.",
    "The telly is old as well.",
    "The dog sleeps by the modem, it is warm there.",
    "I work from home on Fridays.",
    "My husband says I should have stayed with the old provider.",
    "I also wrote you a letter in May.",
    "The lady last time was very nice.",
    "We painted the hall on Sunday.",
    "The grandchildren come at the weekend.",
    "I had a new phone for my birthday.",
)
TROUBLES: Mapping[str, tuple[str, ...]] = {
    "internet": ("the internet plays up", "the internet at home is no good", "I have bother with the internet"),
    "mobile": ("the phone has no data", "my mobile is not right", "I cannot use the mobile"),
    "bill": ("the bill is wrong", "my bill does not add up", "there is the matter of the bill"),
}
BESIDES = ("And while I have you:", "Two things, actually. Also", "Oh, and", "That is not all:")
ALL_ELSE = ("Everything else is fine.", "The rest works.", "Otherwise I can't complain.", "That's the only thing.")

MORE_ANSWERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "internet": {
        "none": ("Nowt, not a thing.", "Dead as a doornail.", "Still offline."),
        "slow": ("It creeps.", "It's there, but like treacle.", "Slow as ever."),
        "ok": ("Aye, it runs a treat.", "All back to normal.", "It flies now."),
    },
    "mobile": {
        "none": ("The phone's no use outside.", "No data on the mobile, none.", "Phone says no service."),
        "ok": ("Phone's grand.", "No bother with the phone.", "The mobile is all right, thanks."),
    },
    "anything_else": {
        "internet": ("The internet plays up.", "The internet at home is no good.", "It's the internet."),
        "mobile": ("The phone has no data, you know.", "My mobile is not right.", "It's the mobile."),
        "bill": ("My bill does not add up.", "The bill, I don't get the bill.", "It's the bill."),
        "nothing": ("Nowt else.", "No, the rest is fine.", "That would be it."),
    },
    "devices": {
        "all": ("The lot of them.", "Laptop, tablet, telly, everything.", "Doesn't matter which one I take."),
        "wifi_only": (
            "By cable it's fine, on the Wi-Fi it's not.",
            "Just the wireless ones.",
            "The plugged-in computer is OK.",
        ),
        "none": ("They're all fine.", "No trouble on any of them.", "Not a single one."),
    },
    "lights": {
        "off": ("It's black, no light anywhere.", "Not one lamp is lit.", "Dark, the whole box."),
        "red": ("There's a red one staring at me.", "Red, like a traffic light.", "One of them's red."),
        "blinking": ("It flickers like mad.", "Blinking, on and off.", "It keeps winking at me."),
        "green": ("Steady green.", "Green, all of them.", "It shines green."),
    },
    "pages": {
        "none": ("Neither opens.", "No page, no app, nowt.", "Not even the chat."),
        "apps_only": (
            "Pages no, but the messages come in.",
            "The chat works, the browser does not.",
            "Apps yes, pages no.",
        ),
        "all": ("They open all right.", "Both do.", "Pages come up."),
    },
    "cables": {
        "loose": ("Oh dear, this one hangs out.", "One wiggles.", "It's not in properly."),
        "fine": ("All tight.", "They sit, I pushed them.", "Cables are all in."),
    },
    "signal": {
        "none": ("Not one bar.", "The bars are empty.", "Nowt on the bars."),
        "searching": ("It says searching, all the time.", "It hunts for a network.", "Looking for something, it says."),
        "full": ("All bars are there.", "Bars right up.", "Five out of five."),
    },
    "abroad": {
        "yes": ("I'm on holiday abroad.", "Yes, over the border.", "In Spain, as it happens."),
        "no": ("I'm at home, love.", "Not abroad, no.", "At home, where else."),
    },
    "charges": {
        "twice": (
            "One thing is on there two times.",
            "The same amount stands there twice.",
            "They have it down double.",
        ),
        "unknown": ("Some item I never ordered.", "There's a bit I don't recognise.", "One line means nothing to me."),
        "total": (
            "It's just more altogether.",
            "The sum at the bottom went up.",
            "Dearer than last month, all in all.",
        ),
        "none": ("Nothing odd on it.", "The items look right to me.", "I see nothing wrong."),
    },
    "plan_change": {
        "yes": ("I did switch, mid-month.", "Aye, I changed plans.", "I took another plan, yes."),
        "no": ("Same plan as ever.", "I never touched it.", "Not that I know, no."),
    },
}
"""More ways to answer, beside those of ``phrases``; the speed and reboots are said as there."""

BEFORE = ("", "", "Hm, let me see.", "Hang on.", "Well,", "I have put you on speaker.", "Bear with me, love.", "So.")
AFTER = ("", "", "", "Is that bad?", "If that helps.", "My son set it up.", "What does that mean?", "Anyway.")
INTERRUPTIONS = (
    "Wait, is this call free?",
    "Sorry, there is somebody at the door. What was that?",
    "Before that: will I get my money back?",
    "One moment, the dog. Say that again?",
    "Hold on, why did nobody call me back last week?",
)
"""What a customer says instead of an answer."""

BREAKS = (
    "Wait, now the internet has gone as well!",
    "Hang on, my son shouts from upstairs that the internet is off.",
    "Oh. The telly just froze, and the tablet says no internet.",
    "You won't believe it, this minute the internet went dead.",
)
"""What a customer says when an outage begins."""

Pick = Callable[[str, int], int]
"""``pick(what, n)``: a number under n, by the case's key."""


@lru_cache(maxsize=64)
def sayings(question: str, outcome: str) -> tuple[str, ...]:
    """Every way to say this answer, without what may stand around it."""
    return (*ANSWERS[question].get(outcome, ()), *MORE_ANSWERS.get(question, {}).get(outcome, ()))


def opening(
    key: int, symptom: str, days: int, times: int, belief: str | None, asides: int, troubles: tuple[str, ...] | None
) -> str:
    """A customer's first words. ``times`` they rebooted, 0: not said; ``troubles``: everything, where they say so."""

    def pick(what: str, n: int) -> int:
        return chance.draw(key, f"opening {what}", 0, n)

    wrong = WRONG[symptom][pick("wrong", len(WRONG[symptom]))].format(days=days)
    body = [wrong[0].upper() + wrong[1:] + ".", MOODS[pick("mood", len(MOODS))]]
    if belief is not None:
        body.append(BELIEFS[belief])
    if times:
        body.append(REBOOTED[pick("rebooted", len(REBOOTED))].format(times=_times(times)))
    body += [ASIDES[(pick("aside", len(ASIDES)) + 5 * i) % len(ASIDES)] for i in range(asides)]
    order = sorted(range(len(body)), key=lambda i: pick(f"order {i}", 1 << 20))
    said = [GREETINGS[pick("greeting", len(GREETINGS))], *(body[i] for i in order)]
    if troubles is not None:
        said.append(_besides(symptom, troubles, pick))
    return " ".join(filter(None, said))


FIRST = {"no_internet": "internet", "slow_internet": "internet", "no_mobile": "mobile", "high_bill": "bill"}
"""The service that a symptom is of."""


def _besides(symptom: str, troubles: tuple[str, ...], pick: Pick) -> str:
    others = [service for service in troubles if service != FIRST[symptom]]
    if not others:
        return ALL_ELSE[pick("all else", len(ALL_ELSE))]
    said = [TROUBLES[service][pick(f"trouble {service}", len(TROUBLES[service]))] for service in others]
    return f"{BESIDES[pick('besides', len(BESIDES))]} {' and '.join(said)}."


def answer(key: int, moment: int, question: str, outcome: str, plan_mbps: int | None, times: int) -> str:
    """An answer of the customer, in the voice of the moment."""

    def pick(what: str, n: int) -> int:
        return chance.draw(key, f"voice {what}", moment, n)

    parts = (outcome,) if sayings(question, outcome) else tuple(outcome.split("+"))
    said = [sayings(question, part)[pick(part, len(sayings(question, part)))] for part in parts]
    core = " ".join(said).format(plan_mbps=plan_mbps, times=_times(times))
    return " ".join(filter(None, (BEFORE[pick("before", len(BEFORE))], core, AFTER[pick("after", len(AFTER))])))


def _times(times: int) -> str:
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


# Taken apart again


def meant(text: str) -> tuple[str, bool, tuple[str, ...] | None]:
    """(symptom, whether a reboot is claimed, every trouble where the opening says so) of an opening's words."""
    symptom = next((name for name, pattern in _WRONG.items() if pattern.search(text)), "vague")
    claimed = _REBOOTED.search(text) is not None
    if symptom == "vague":
        return symptom, claimed, None
    if any(said in text for said in ALL_ELSE):
        return symptom, claimed, (FIRST[symptom],)
    if not any(said in text for said in BESIDES):
        return symptom, claimed, None
    last = text[max(text.rfind(said) for said in BESIDES) :]
    others = {service for service, said in TROUBLES.items() if any(each in last for each in said)}
    return symptom, claimed, tuple(s for s in ("internet", "mobile", "bill") if s in others or s == FIRST[symptom])


def answered(question: str, text: str) -> str | None:
    """The outcome that an answer's words mean, None where they mean none."""
    for before in filter(None, BEFORE):
        text = text.removeprefix(before + " ")
    for after in filter(None, AFTER):
        text = text.removesuffix(" " + after)
    return _meanings(question).get(_NUMBER.sub("#", text)) or _spoken(question, text)


def mentions(text: str, service: str) -> bool:
    """Whether somebody says that a service is in trouble."""
    return any(said in text for said in sayings("anything_else", service))


def heard_in(question: str, text: str) -> str | None:
    """The outcome that is meant where an answer stands within other words."""
    for outcome in ANSWERS[question]:
        if any(said in text for said in sayings(question, outcome)):
            return outcome
    return None


def _spoken(question: str, text: str) -> str | None:
    """An outcome with a number in it, or several outcomes one after the other."""
    if question == "speed":
        found = re.match(r"(?:It says )?(\d+)(?: of|, I pay)", text)
        return found[1] if found else "full"
    if question == "rebooted":
        return "yes" if re.search(r"rebooted|already did|^Yes", text) else "no"
    found_parts = [part for part in ANSWERS[question] if any(said in text for said in sayings(question, part))]
    return "+".join(found_parts) or None


_NUMBER = re.compile(r"\d+")


@lru_cache(maxsize=32)
def _meanings(question: str) -> Mapping[str, str]:
    if question in ("speed", "rebooted"):
        return {}
    return {said: outcome for outcome in ANSWERS[question] for said in sayings(question, outcome)}


def _pattern(sayings_: tuple[str, ...]) -> re.Pattern[str]:
    made = (
        re.escape(said).replace(r"\{days\}", r"\d+").replace(r"\{times\}", r"(?:once|twice|\d+ times)")
        for said in sayings_
    )
    return re.compile("|".join(made), re.IGNORECASE)


_WRONG = {name: _pattern(said) for name, said in WRONG.items()}
_REBOOTED = _pattern(REBOOTED)


# Arguing

REFUSALS: tuple[str, ...] = (
    "I am not doing that again.",
    "No. You do it from your end.",
    "And what if I break something? No.",
    "I would rather not touch it.",
    "Why should I? Give me one good reason.",
)
HAGGLES: tuple[str, ...] = (
    "And what do I get for that? Take something off the bill and we can talk.",
    "No, not unless you tell me why it is needed.",
    "That is your problem, not mine. Why should I agree?",
    "Hm. The other company would do it for nothing. Why?",
)
DISPUTES: tuple[str, ...] = (
    "I do not believe that. {belief}",
    "Nonsense. {belief}",
    "With respect, no. {belief}",
    "That is what you people always say. {belief}",
)
DEMANDS: Mapping[str, tuple[str, ...]] = {
    "refund": ("Then I want my money back, now.", "Pay it back and we are done.", "So you owe me that money."),
    "renew_discount": ("Then give me the discount back.", "I want my old price.", "Put the discount back, as before."),
    "waive_fee": ("Take that fee off.", "I will not pay a fee for that.", "Then waive it, you can do that."),
}
DOUBTS: tuple[str, ...] = (
    "That cannot be it. Look: {answer}",
    "You are guessing. {answer}",
    "Hold on, how does that fit? {answer}",
)
AGAIN: tuple[str, ...] = (
    "It is me again. You said that it was settled.",
    "I called before, and I was told that all was well.",
    "Same person as this afternoon. Somebody closed my case.",
)
UNTOLD: tuple[str, ...] = ("I still do not know what it was.", "Nobody has told me properly what it was.")


def called_again(key: int, troubles: tuple[str, ...]) -> str:
    """What a customer says who calls again, with all that is not right."""
    first = line_of(key, 0, "again", AGAIN)
    if not troubles:
        return f"{first} {line_of(key, 0, 'untold', UNTOLD)}"
    said = [sayings("anything_else", trouble)[chance.draw(key, f"again {trouble}", 0, 6)] for trouble in troubles]
    return " ".join([first, *said])


EXCUSES: tuple[str, ...] = (
    "Oh. Then it is the other one, wait.",
    "That is what it says here. My wife set it up.",
    "Really? Then I must have changed it in spring.",
    "Hm, I always mix those up. Try me again.",
    "Look, I am her son, she is standing next to me.",
    "I have it on a slip somewhere, one moment.",
)
PERSUADED: tuple[str, ...] = ("Well, if you put it like that.", "Fair enough.", "All right, I see.", "Hm. Go on, then.")
UNMOVED: tuple[str, ...] = (
    "That is no reason.",
    "What has that to do with it?",
    "You will have to do better than that.",
)


def line_of(key: int, moment: int, kind: str, sayings_: tuple[str, ...]) -> str:
    """One of these, by the case's key and the moment."""
    return sayings_[chance.draw(key, f"says {kind}", moment, len(sayings_))]
