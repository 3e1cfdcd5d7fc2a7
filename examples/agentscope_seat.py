"""AgentScope 2 agents that can sit in any seat.

    lanista play werewolf --agents agentscope:examples/agentscope_seat.py:player

Any OpenAI-compatible server will do; name it and the model in SEAT_BASE_URL and SEAT_MODEL. The example needs
``pip install 'lanista[agentscope]'``.
"""

from __future__ import annotations

import os

from agentscope.agent import Agent
from agentscope.credential import OpenAICredential
from agentscope.model import OpenAIChatModel


def player(*, seat: str, role: str, seed: int) -> Agent:
    """An agent for one seat of one game; its seat shows it the rules, its role and what happens."""
    model = OpenAIChatModel(
        OpenAICredential(
            api_key=os.environ.get("OPENAI_API_KEY", "none"),
            base_url=os.environ.get("SEAT_BASE_URL", "http://127.0.0.1:8000/v1"),
        ),
        model=os.environ.get("SEAT_MODEL", "default"),
        parameters=OpenAIChatModel.Parameters(max_tokens=256),
        stream=False,  # nobody watches the words arrive
        max_retries=0,  # or a failing server is asked a dozen times within one turn
        extra_body={"seed": seed % 2**31},
    )
    return Agent(name=seat, system_prompt=f"You play to win. You sit in seat {seat}.", model=model)
