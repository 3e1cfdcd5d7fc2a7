"""An AutoGen agent in a seat."""

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient

KNOWS = {
    "vision": False,
    "function_calling": True,
    "json_output": False,
    "structured_output": False,
    "family": "unknown",
}


def player(seat):
    client = OpenAIChatCompletionClient(
        model=seat.model,
        base_url=seat.base_url,
        api_key=seat.key,
        model_info=KNOWS,  # the seat's model
    )
    agent = AssistantAgent("player", client, system_message=f"You are {seat.name}. Play to win.")

    async def reply(text):
        result = await agent.run(task=text)
        return result.messages[-1].content

    return reply
