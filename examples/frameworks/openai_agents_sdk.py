"""An agent of the OpenAI Agents SDK in a seat, over the Responses dialect."""

from openai import AsyncOpenAI

from agents import Agent, OpenAIResponsesModel, Runner, SQLiteSession  # noqa: TID251


def player(seat):
    client = AsyncOpenAI(base_url=seat.base_url, api_key=seat.key)  # the seat's model
    model = OpenAIResponsesModel(model=seat.model, openai_client=client)
    agent = Agent(name="Player", instructions=f"You are {seat.name}. Play to win.", model=model)
    session = SQLiteSession(seat.id)

    async def reply(text):
        result = await Runner.run(agent, text, session=session)
        return result.final_output

    return reply
