"""An AgentScope 2 agent in a seat. (``agentscope:`` seats one without the gateway; here its tokens are trained on.)"""

from agentscope.agent import Agent, InjectionConfig
from agentscope.credential import OpenAICredential
from agentscope.message import UserMsg
from agentscope.model import OpenAIChatModel


def player(seat):
    credential = OpenAICredential(api_key=seat.key, base_url=seat.base_url)  # the seat's model
    model = OpenAIChatModel(credential, model=seat.model, stream=False)
    agent = Agent(
        name="player",
        system_prompt=f"You are {seat.name}. Play to win.",
        model=model,
        injection_config=InjectionConfig(inject_runtime_state=False),  # or the wall clock enters the prompt
    )

    async def reply(text):
        message = await agent.reply(UserMsg(name="moderator", content=text))
        return message.get_text_content()

    return reply
