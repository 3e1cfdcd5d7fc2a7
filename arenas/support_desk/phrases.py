"""What the customer and the systems say, for every outcome there is. Short and regular on purpose."""

from __future__ import annotations

from collections.abc import Mapping

Phrases = tuple[str, ...]

COMPLAINTS: Mapping[str, Phrases] = {
    "no_internet": (
        "I have had no internet for {days} days.",
        "My internet has been down for {days} days.",
        "Nothing loads here, for {days} days now.",
    ),
    "slow_internet": (
        "My internet has been slow for {days} days.",
        "For {days} days my internet has been crawling.",
        "The internet is so slow, for {days} days now.",
    ),
    "no_mobile": (
        "My mobile data has not worked for {days} days.",
        "My phone is cut off, for {days} days now.",
        "For {days} days my phone has had no data.",
    ),
    "vague": (
        "Something is wrong with my service.",
        "I have a problem with my contract with you.",
        "Nothing works as it should, for {days} days now.",
    ),
    "high_bill": (
        "My last bill is too high.",
        "Something is wrong with my bill.",
        "I was charged too much this month.",
    ),
}

ASIDES: Mapping[str, str] = {
    "neighbour": "My neighbour is with another company.",
    "weather": "We had a storm last week.",
    "moving": "I moved house in spring.",
    "holiday": "I was on holiday in May.",
    "television": "The television is old as well.",
    "dog": "My dog sleeps by the modem.",
    "work": "I work from home.",
}

ANSWERS: Mapping[str, Mapping[str, Phrases]] = {
    "internet": {
        "none": ("No internet at all.", "It does not work.", "Nothing."),
        "slow": ("It works, but slowly.", "Still slow.", "Slow."),
        "ok": ("It works fine.", "Yes, all good.", "Fast now."),
    },
    "mobile": {
        "none": ("The phone has no data.", "The phone does not connect.", "No mobile data."),
        "ok": ("The phone works fine.", "The phone is fine.", "Mobile is all right."),
    },
    "anything_else": {
        "internet": ("The internet is the trouble.", "Just the internet.", "Only the internet."),
        "mobile": ("The phone has no data.", "My mobile does not work.", "Only the mobile."),
        "bill": ("My bill is wrong.", "My bill is too high.", "Only the bill."),
        "nothing": ("No, nothing else.", "That is all.", "No."),
    },
    "devices": {
        "all": ("All devices.", "Every device.", "All of them."),
        "wifi_only": ("Only on Wi-Fi; by cable it is fine.", "Wi-Fi only.", "The ones on Wi-Fi."),
        "none": ("None, they all work.", "No device.", "All work."),
    },
    "speed": {
        "0": ("0 of {plan_mbps} Mbps.", "It says 0 of {plan_mbps} Mbps.", "0, I pay for {plan_mbps} Mbps."),
        "1": ("1 of {plan_mbps} Mbps.", "It says 1 of {plan_mbps} Mbps.", "1, I pay for {plan_mbps} Mbps."),
        "5": ("5 of {plan_mbps} Mbps.", "It says 5 of {plan_mbps} Mbps.", "5, I pay for {plan_mbps} Mbps."),
        "20": ("20 of {plan_mbps} Mbps.", "It says 20 of {plan_mbps} Mbps.", "20, I pay for {plan_mbps} Mbps."),
        "full": ("All {plan_mbps} Mbps.", "It says {plan_mbps} Mbps.", "The full {plan_mbps} Mbps."),
    },
    "lights": {
        "off": ("No light at all.", "It is dark.", "All lights are off."),
        "red": ("A red light.", "It is red.", "The light is red."),
        "blinking": ("It blinks all the time.", "A blinking light.", "It is blinking."),
        "green": ("A green light.", "It is green.", "The light is green."),
    },
    "pages": {
        "none": ("Nothing opens.", "No page, no app.", "Neither."),
        "apps_only": ("No page opens, but my chat app works.", "Apps work, pages do not.", "Only apps."),
        "all": ("Pages open.", "Both work, if slowly.", "They do open."),
    },
    "cables": {
        "loose": ("The cable is loose.", "Oh, one is loose.", "It hangs out."),
        "fine": ("All plugged in.", "The cables are fine.", "Yes, they are in."),
    },
    "rebooted": {
        "yes": ("Yes, I rebooted {times}.", "I already did, {times}.", "Yes, {times}."),
        "no": ("No, I did not.", "Not yet.", "No."),
    },
    "signal": {
        "none": ("No bars.", "No signal.", "None."),
        "searching": ("It keeps searching.", "It is searching.", "Searching."),
        "full": ("Full bars.", "All bars.", "The signal is full."),
    },
    "abroad": {
        "yes": ("Yes, I am abroad.", "I am travelling abroad.", "Yes, abroad."),
        "no": ("No, I am at home.", "No, in the country.", "No."),
    },
    "charges": {
        "twice": ("One charge is there twice.", "I was charged twice.", "The same charge, twice."),
        "unknown": ("There is a charge I do not know.", "An extra charge.", "A charge I cannot place."),
        "total": ("The total is higher than before.", "It is more than it was.", "The total is too high."),
        "none": ("The charges look right.", "None.", "No charge."),
    },
    "plan_change": {
        "yes": ("Yes, in the middle of the month.", "Yes, I changed it.", "Yes, last month."),
        "no": ("No, I did not change it.", "No, never.", "No."),
    },
}

UNSURE: Phrases = ("I am not sure. Let me look.", "I cannot tell.", "Hold on, I am not sure.")
DECLINED: Phrases = ("No.", "No, I will not.", "I would rather not.")
TIRED: Phrases = ("How long will this take?", "I do not have all day.", "This takes too long.")
PUZZLED: Phrases = ("Sorry, I do not follow.", "What do you mean?", "I do not understand.")
DID: Phrases = ("Done.", "I did it.", "Yes, done.")
ALREADY: Phrases = ("I already did that.", "I did that before.", "Again? I did that already.")
AGREED: Phrases = ("Yes, please do.", "I agree.", "Yes.")
LEFT = "I have had enough. Goodbye."

READINGS: Mapping[str, Mapping[str, str]] = {
    "outage_map": {"outage": "outage until {until}.", "clear": "clear."},
    "line_test": {
        "no_answer": "no_answer from the modem.",
        "no_sync": "no_sync.",
        "noisy": "noisy.",
        "capped": "capped below the plan.",
        "clean": "clean.",
    },
    "modem_status": {
        "offline": "offline.",
        "up_minutes": "online, up_minutes.",
        "up_days": "online, up_days.",
        "up_weeks": "online, up_weeks.",
    },
    "modem_config": {
        "offline": "offline.",
        "bridge": "bridge mode.",
        "old_firmware": "old_firmware.",
        "crowded_channel": "crowded_channel.",
        "standard": "standard.",
    },
    "usage": {"used_up": "used_up.", "data_left": "data_left."},
    "sim_status": {
        "not_active": "not_active.",
        "blocked": "blocked by security.",
        "roaming_off": "active, roaming_off.",
        "active": "active, roaming on.",
    },
    "account": {"suspended": "suspended, {due_eur} EUR due, plan {plan}.", "active": "active, plan {plan}."},
    "invoices": {
        "normal": "normal.",
        "double": "double charge C2, {refund_eur} EUR, {refund_days} days old.",
        "extra": "extra charge C3, {extra_eur} EUR.",
        "higher": "higher than the month before.",
    },
    "contract": {
        "as_agreed": "as_agreed, {months} months with us.",
        "discount_ended": "discount_ended, {months} months with us.",
        "plan_mismatch": "plan_mismatch, ordered {ordered}, billed {billed}.",
        "plan_changed": "plan_changed by the customer in mid-month.",
    },
    "charge_detail": {
        "ordinary": "ordinary.",
        "late_fee": "late_fee, {fee_eur} EUR, {waived} waived this year.",
        "third_party": "third_party charge.",
    },
}
