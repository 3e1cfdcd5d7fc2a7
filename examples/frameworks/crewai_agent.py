"""A CrewAI agent in a seat. CrewAI needs an older ``openai`` than ours: give its interpreter as ``python=``."""

from crewai import LLM, Agent


def player(seat):
    llm = LLM(model=f"openai/{seat.model}", base_url=seat.base_url, api_key=seat.key)  # the seat's model
    agent = Agent(role="Player", goal="Win the game", backstory=f"You are {seat.name}.", llm=llm)
    messages = []

    async def reply(text):
        messages.append({"role": "user", "content": text})
        result = await agent.kickoff_async(list(messages))
        messages.append({"role": "assistant", "content": result.raw})
        return result.raw

    return reply
