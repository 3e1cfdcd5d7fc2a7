"""``desk_novice``: the habits of an untrained model at a help desk."""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.support_desk.expert import decide, noted, unread
from lanista.agents.support_desk.file import File, read
from lanista.arenas.core import chance
from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk.calls import ASKS, BILLING, ROUTER, SPECIALISTS, SUMMARIZER, TECHNICAL

SKIPS = {"identity": 25, "confirm": 25, "limits": 40, "explain": 20}
"""Rules that a specialist leaves out for a whole call, in percent of calls."""
REBOOTS, CHECKLIST, MISROUTES, SLOPPY = 65, 60, 20, 50
"""In percent of calls: reboots first whatever was done, asks down a list, routes wrongly, writes the usual ticket."""
GIVES_UP, FROM_MOVE = 12, 4
"""In percent of moves from this one on: escalates."""
REPEATS, BAD_CALLS, CHATS = 10, 4, 2
"""In percent of moves: asks again what was answered, calls a tool that is none or wrongly, replies with no call."""

LIST = ("devices", "lights", "cables", "speed", "pages", "rebooted", "charges", "plan_change", "internet", "mobile")
"""What a checklist asks, one question at a time, whatever the answers were."""

_BAD = (
    'ask {"question": "problem"}',
    'ask {"topic": "internet"}',
    "check_line {}",
    'instruct {"step": "restart"}',
    'verify {"factor": "name"',
    'confirm {"action": "everything"}',
    'escalate {"to": "supervisor"}',
)
_CHAT = "Thank you for calling. Let me look into this for you."


class DeskNovice(Scripted):
    """A desk with the habits of an untrained model.

    It has the reboot done that was done already, asks down a list one question at a time, forgets to check who is
    calling or to ask before a change, overlooks the limits of the house and the customer's need to be told, escalates
    early, and now and then calls a tool that is none. Which habits it has is drawn anew for each call and seat; where
    none gets in the way it does what the expert would do.
    """

    name = "desk_novice"
    plays = "support_desk"

    def reply(self, question: Question) -> str:
        """One call, or what the novice takes for one."""
        return _reply(question)


def _reply(question: Question) -> str:
    file = read(question)
    aside = unread(question, file)
    if aside is not None:
        return aside
    luck = _Luck(question)
    if luck.move("chat", CHATS):
        return _CHAT
    if luck.move("bad call", BAD_CALLS):
        return _BAD[chance.draw(question.seed, "which bad call", question.turn, len(_BAD))]
    if file.role in SPECIALISTS:
        file.skips = frozenset(rule for rule, percent in SKIPS.items() if luck.game(f"skips {rule}", percent))
    habit = _HABIT[file.role](file, luck)
    return str(noted(file, decide(file) if habit is None else habit))


class _Luck:
    """Chance as a function of the seat's seed: once for the whole call, or for each move."""

    def __init__(self, question: Question) -> None:
        self.seed, self.turn = question.seed, question.turn

    def game(self, what: str, percent: int) -> bool:
        return chance.draw(self.seed, f"novice {what}", 0, 100) < percent

    def move(self, what: str, percent: int) -> bool:
        return chance.draw(self.seed, f"novice {what}", 1 + self.turn, 100) < percent


def _router(file: File, luck: _Luck) -> Call | None:
    if luck.game("misroutes", MISROUTES):
        return call("route", to=BILLING if file.symptom != "high_bill" else TECHNICAL)
    return None


def _specialist(file: File, luck: _Luck) -> Call | None:
    if file.moves >= FROM_MOVE and luck.move("gives up", GIVES_UP):
        to = "technician" if file.role == TECHNICAL and luck.move("sends somebody", 50) else "human"
        return call("escalate", to=to)
    if file.asked and luck.move("repeats", REPEATS):
        again = next((test for test in reversed(file.asked) if test in ASKS[file.role]), None)
        if again is not None:
            return call("ask", question=again)
    internet = file.symptom in ("no_internet", "slow_internet")
    if file.role == TECHNICAL and internet and not file.moves and luck.game("reboots", REBOOTS):
        return call("instruct", step="reboot")
    if luck.game("checklist", CHECKLIST):
        left = [test for test in LIST if test in ASKS[file.role] and test not in file.shown]
        if left and len(file.asked) < 3:
            return call("ask", question=left[0])
    return None


def _summarizer(file: File, luck: _Luck) -> Call | None:
    if luck.game("sloppy", SLOPPY):
        return call("ticket", causes=sorted(file.explained)[:1], end="closed", identity=True, changes=[])
    return None


_HABIT = {ROUTER: _router, TECHNICAL: _specialist, BILLING: _specialist, SUMMARIZER: _summarizer}
