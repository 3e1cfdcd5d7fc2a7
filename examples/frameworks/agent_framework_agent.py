"""An agent of Microsoft Agent Framework in a seat."""

from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient


def player(seat):
    client = OpenAIChatCompletionClient(model=seat.model, base_url=seat.base_url, api_key=seat.key)  # the seat's model
    agent = Agent(client, f"You are {seat.name}. Play to win.", name="Player")
    session = agent.create_session()

    async def reply(text):
        return (await agent.run(text, session=session)).text

    return reply
