"""Tables that others publish results for, as configs. docs/arenas/werewolf.md says where each still differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RULESETS: Mapping[str, Mapping[str, Any]] = {
    "kaggle_8": {
        "players": 8,
        "wolves": 2,
        "roles": ("seer", "doctor"),
        "discussion_rounds": 2,
        "reveal_on_death": False,
        "self_protection": False,
        "sequential_votes": True,
    },
    "seer_doctor_7": {"players": 7, "wolves": 2, "roles": ("seer", "doctor"), "reveal_on_death": False},
    "seer_witch_guard_9": {
        "players": 9,
        "wolves": 3,
        "roles": ("seer", "witch", "bodyguard"),
        "reveal_on_death": False,
        "self_protection": True,
        "repeat_protection": False,
        "abstention": True,
        "last_words": True,
    },
    "aiwolf_5": {
        "players": 5,
        "wolves": 1,
        "roles": ("seer", "possessed"),
        "discussion_rounds": 3,
        "reveal_on_death": False,
        "quiet_first_night": True,
    },
    "aiwolf_15": {
        "players": 15,
        "wolves": 3,
        "roles": ("seer", "possessed", "medium", "bodyguard"),
        "discussion_rounds": 3,
        "reveal_on_death": False,
        "quiet_first_night": True,
    },
}
"""What each fixes; every other key has its default, and none may be set to anything else."""
