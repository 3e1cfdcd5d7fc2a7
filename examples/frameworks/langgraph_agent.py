"""A LangGraph agent in a seat."""

from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import create_react_agent


def player(seat):
    model = ChatOpenAI(model=seat.model, base_url=seat.base_url, api_key=seat.key)  # the seat's model
    agent = create_react_agent(
        model, tools=[], prompt=f"You are {seat.name}. Play to win.", checkpointer=InMemorySaver()
    )
    config = {"configurable": {"thread_id": seat.id}}

    async def reply(text):
        state = await agent.ainvoke({"messages": [{"role": "user", "content": text}]}, config)
        return state["messages"][-1].content

    return reply
