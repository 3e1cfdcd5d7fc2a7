"""AgentScope agents in seats: real AgentScope objects over local models, kept from turn to turn or made anew."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lanista.agents import agentscope as seat_module
from lanista.agents.agentscope import AgentScopeAgent, make
from lanista.agents.contract import Answer, Exchange, Question
from lanista.arenas.core.contract import Arena, Forfeit
from lanista.arenas.core.episode import Episode
from lanista.errors import Unavailable, UsageError
from lanista.play.runner import GameSpec, play, play_game

pytest.importorskip("agentscope")

SEATS = ("guesser_0", "guesser_1", "guesser_2")
EXAMPLE = Path(__file__).parents[2] / "examples" / "agentscope_seat.py"

Message = dict[str, Any]
Think = Callable[[list[Message]], Any]
"""From the messages as a server would get them to the reply: text, or AgentScope blocks."""


def factory(think: Think, heard: list[list[Message]] | None = None, **agent_options: Any) -> Callable[..., Any]:
    """A factory of AgentScope agents whose model is ``think``; prompts are added to ``heard``."""
    from agentscope.agent import Agent
    from agentscope.credential import OpenAICredential
    from agentscope.formatter import OpenAIChatFormatter
    from agentscope.message import TextBlock
    from agentscope.model import ChatModelBase, ChatResponse, ChatUsage

    class Local(ChatModelBase):
        def __init__(self) -> None:
            parameters = ChatModelBase.Parameters()
            super().__init__(OpenAICredential(api_key="none"), "local", parameters, stream=False, max_retries=0)
            self.formatter = OpenAIChatFormatter()

        async def _call_api(self, model_name: str, messages: Any, tools: Any = None, *_: Any, **__: Any) -> Any:
            prompt = await self.formatter.format(messages)
            if heard is not None:
                heard.append(prompt)
            said = think(prompt)
            if asyncio.iscoroutine(said):
                said = await said
            blocks = [TextBlock(text=said)] if isinstance(said, str) else said
            return ChatResponse(content=blocks, is_last=True, usage=ChatUsage(len(str(prompt)), 1, 0.0))

    def made(*, seat: str, role: str, seed: int) -> Any:
        return Agent(name=seat, system_prompt=f"You are {seat}, the {role}.", model=Local(), **agent_options)

    return made


@pytest.fixture(scope="module")
def listener(small_model: Path) -> Think:
    """A small Llama with random weights that says a digit: the likeliest after all it has heard."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(small_model)
    config = AutoConfig.from_pretrained(small_model)
    config.initializer_range = 0.5
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = LlamaForCausalLM(config).eval()
    digits = [tokenizer.convert_tokens_to_ids(digit) for digit in "12345"]

    def think(messages: list[Message]) -> str:
        chat = [{"role": m["role"], "content": text_of(m)} for m in messages]
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        with torch.no_grad():
            logits = model(**tokenizer(text, return_tensors="pt")).logits[0, -1]
        return "12345"[int(logits[digits].argmax())]

    return think


def text_of(message: Message) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def spoken(prompt: list[Message]) -> list[tuple[str, str]]:
    return [(m["role"], text_of(m)) for m in prompt]


def question(text: str, history: Sequence[Exchange] = (), game: str = "g") -> Question:
    return Question(
        game=game,
        seat="s",
        seed=1,
        arena="x",
        role="seer",
        phase="p",
        kind="k",
        text=text,
        legal=(),
        legal_complete=False,
        history=tuple(history),
    )


def asked(agent: AgentScopeAgent, put: Question) -> Answer | Forfeit | Unavailable:
    (answer,) = agent.answer([put])
    return answer


class Forgetful(AgentScopeAgent):
    """Keeps nothing: every turn is played by an agent made anew."""

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit | Unavailable]:
        answers = super().answer(questions)
        for put in questions:
            self.forget(put.game)
        return answers


def played(arena: Arena, agent: AgentScopeAgent, games: int = 2) -> list[Episode]:
    seating = dict.fromkeys(SEATS, agent)
    episodes: list[Episode] = []
    specs = [GameSpec(id=str(i), arena=arena, seed=i, seating=seating) for i in range(games)]
    play(specs, on_game=lambda _, game: episodes.append(game.episode()))
    agent.close()
    return sorted(episodes, key=lambda episode: episode.seed)  # which of them is over first depends on timing


# Playing


def test_agents_kept_and_agents_made_anew_play_the_same_games(guess: Arena, listener: Think) -> None:
    kept_heard: list[list[Message]] = []
    new_heard: list[list[Message]] = []
    kept = played(guess, AgentScopeAgent(factory(listener, kept_heard)))
    anew = played(guess, Forgetful(factory(listener, new_heard)))
    assert [e.canonical() for e in kept] == [e.canonical() for e in anew]
    assert sorted(map(spoken, kept_heard)) == sorted(map(spoken, new_heard))
    turns = [turn for episode in kept for step in episode.steps for turn in step.turns]
    assert {turn.by for turn in turns} == {"seat"}
    assert len({turn.reply for turn in turns}) > 1  # or the comparison above would be of little worth
    assert all(turn.meta["usage"]["completion_tokens"] == 1 for turn in turns)


def test_prompts_are_the_system_prompt_and_a_conversation_that_only_grows(guess: Arena, listener: Think) -> None:
    heard: list[list[Message]] = []
    (episode,) = played(guess, AgentScopeAgent(factory(listener, heard)), games=1)
    mine = [spoken(prompt) for prompt in heard if "You are guesser_0, the insider." in spoken(prompt)[0][1]]
    turns = [turn for step in episode.steps for turn in step.turns if turn.seat == "guesser_0"]
    expected = [("system", "You are guesser_0, the insider.")]
    assert len(mine) == len(turns) == 3
    for prompt, turn in zip(mine, turns, strict=True):
        expected.append(("user", turn.prompt))
        assert prompt == expected  # and nothing else: no clock, no reminders
        expected.append(("assistant", turn.reply))


@pytest.mark.slow
def test_the_example_seats_a_served_model(guess: Arena, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _, url = served.partition("@")
    monkeypatch.setenv("SEAT_MODEL", model)
    monkeypatch.setenv("SEAT_BASE_URL", url)
    agent = make(f"{EXAMPLE}:player")
    episode = play_game(guess, dict.fromkeys(SEATS, agent), 0)
    agent.close()
    turns = [turn for step in episode.steps for turn in step.turns]
    assert [(turn.by, turn.reply) for turn in turns] == [("seat", "3")] * 9
    assert episode.players["guesser_0"] == f"agentscope:{EXAMPLE}:player"


def test_a_fork_goes_its_own_way() -> None:
    heard: list[list[Message]] = []
    agent = AgentScopeAgent(factory(lambda prompt: f"reply {len(prompt)}", heard))
    first = asked(agent, question("one"))
    assert isinstance(first, Answer)
    past = [Exchange("one", first.text, first.meta)]
    here = asked(agent, question("two", past))
    there = asked(agent, question("another two", past, game="fork"))
    other = asked(agent, question("two", [Exchange("one", "what it never said")]))
    assert [spoken(prompt)[1:] for prompt in heard[1:]] == [
        [("user", "one"), ("assistant", first.text), ("user", "two")],
        [("user", "one"), ("assistant", first.text), ("user", "another two")],
        [("user", "one"), ("assistant", "what it never said"), ("user", "two")],
    ]
    assert all(isinstance(answer, Answer) for answer in (here, there, other))
    agent.close()


# Tools


def test_tool_calls_are_reported_and_put_back() -> None:
    from agentscope.message import TextBlock, ToolCallBlock
    from agentscope.permission import PermissionBehavior, PermissionDecision
    from agentscope.tool import FunctionTool, Toolkit

    async def oracle(number: int) -> str:
        """Ask the oracle.

        Args:
            number (int): Which oracle.
        """
        return f"oracle {number} says yes"

    def think(prompt: list[Message]) -> Any:
        if prompt[-1]["role"] == "tool":
            return [TextBlock(text="yes")]
        return [ToolCallBlock(id=f"call{len(prompt)}", name="oracle", input='{"number": 4}')]

    def made(heard: list[list[Message]]) -> Callable[..., Any]:
        allowed = PermissionDecision(behavior=PermissionBehavior.ALLOW, message="ask away")
        tool = FunctionTool(oracle, permission=allowed)
        return factory(think, heard, toolkit=Toolkit(tools=[tool]))

    kept_heard: list[list[Message]] = []
    new_heard: list[list[Message]] = []
    kept, anew = AgentScopeAgent(made(kept_heard)), Forgetful(made(new_heard))
    for agent in (kept, anew):
        history: list[Exchange] = []
        for text in ("one", "two", "three"):
            answer = asked(agent, question(text, history))
            assert isinstance(answer, Answer), answer
            assert answer.text == "yes"
            history.append(Exchange(text, answer.text, answer.meta))
        agent.close()
    assert "oracle 4 says yes" in str(kept_heard[1])
    assert len(kept_heard) == 6
    assert kept_heard == new_heard


# Faults


def test_a_model_that_fails_forfeits_and_leaves_no_half_conversation() -> None:
    heard: list[list[Message]] = []

    def think(prompt: list[Message]) -> str:
        if text_of(prompt[-1]) == "one":
            raise ConnectionError("no route")
        return "here"

    agent = AgentScopeAgent(factory(think, heard))
    answer = asked(agent, question("one"))
    assert answer == Forfeit("raised ConnectionError: no route")
    assert isinstance(answer, Forfeit)
    asked(agent, question("two", [Exchange("one", "", {"forfeit": answer.reason})]))
    assert spoken(heard[-1])[1:] == [("user", "one\ntwo")]
    agent.close()


def test_an_agent_that_takes_too_long_forfeits_alone() -> None:
    async def forever() -> str:
        await asyncio.sleep(3600)
        return "late"

    agent = AgentScopeAgent(
        factory(lambda prompt: forever() if text_of(prompt[-1]) == "slow" else "quick"), time_limit_s=1.0
    )
    answers = agent.answer([question("slow", game="a"), question("x", game="b")])
    assert answers[0] == Forfeit("no reply within 1 s")
    assert isinstance(answers[1], Answer)
    again = asked(agent, question("x", [Exchange("slow", "", {"forfeit": "late"})], game="a"))
    assert isinstance(again, Answer)
    assert again.text == "quick"
    agent.close()


def test_an_agent_that_blocks_the_loop_does_not_block_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat_module, "_GRACE_S", 0.1)
    release = threading.Event()

    def think(prompt: list[Message]) -> str:
        if text_of(prompt[-1]) == "block":
            release.wait(60)
        return "free"

    agent = AgentScopeAgent(factory(think), time_limit_s=1.0)
    assert asked(agent, question("block")) == Forfeit("blocked the event loop: an AgentScope agent must await")
    monkeypatch.setattr(seat_module, "_GRACE_S", 60.0)
    after = asked(agent, question("x", game="h"))
    release.set()
    assert isinstance(after, Answer)
    assert after.text == "free"
    agent.close()


def test_waiting_for_permission_is_a_forfeit() -> None:
    from agentscope.message import ToolCallBlock
    from agentscope.permission import PermissionBehavior, PermissionDecision
    from agentscope.tool import FunctionTool, Toolkit

    async def launch() -> str:
        """Launch."""
        return "launched"

    tool = FunctionTool(launch, permission=PermissionDecision(behavior=PermissionBehavior.ASK, message="sure?"))
    call = lambda prompt: [ToolCallBlock(id="c", name="launch", input="{}")]
    agent = AgentScopeAgent(factory(call, toolkit=Toolkit(tools=[tool])))
    assert asked(agent, question("x")) == Forfeit("AgentScope's agent ended with an open tool call")
    agent.close()


def test_a_silent_model_is_left_to_the_table(guess: Arena) -> None:
    agent = AgentScopeAgent(factory(lambda prompt: " "))
    episode = play_game(guess, dict.fromkeys(SEATS, agent), 0)
    assert {turn.why for step in episode.steps for turn in step.turns} == {"empty reply"}
    agent.close()


# Naming a factory


def test_factories_are_found_in_modules_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seats_of_mine.py").write_text("def player(*, seat, role, seed):\n    raise OSError(seat)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for target in ("seats_of_mine:player", f"{tmp_path}/seats_of_mine.py:player"):
        agent = make(target)
        assert agent.name == f"agentscope:{target}"
        assert asked(agent, question("x")) == Forfeit("raised OSError: s")


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("nothing", "'nothing' names no factory"),
        (":player", "names no factory"),
        ("no_such_module_here:player", "cannot import 'no_such_module_here'"),
        ("no/such/file.py:player", "there is no file 'no/such/file.py'"),
        ("json:player", "'json' has no function 'player'"),
        ("json:dumps", r"is called as dumps\(seat=…, role=…, seed=…\), and does not take that"),
    ],
)
def test_what_names_no_factory_is_a_usage_error(target: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        make(target)
