"""The plain ``openai`` client in a seat.

lanista play werewolf --agents 'program:examples/frameworks/plain_openai.py:player?model=lm:tiny'
"""

from openai import AsyncOpenAI


def player(seat):
    client = AsyncOpenAI(base_url=seat.base_url, api_key=seat.key)  # the seat's model
    messages = []

    async def reply(text):
        messages.append({"role": "user", "content": text})
        completion = await client.chat.completions.create(model=seat.model, messages=messages)
        messages.append({"role": "assistant", "content": completion.choices[0].message.content})
        return completion.choices[0].message.content

    return reply
