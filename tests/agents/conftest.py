"""What the agents' tests share: a small arena of sealed, simultaneous guesses, and a small model behind a server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas import chance
from lanista.arenas.contract import Arena, Ask, Event, Illegal, Outcome, Seat, Step, Term
from lanista.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Config:
    players: int = 3
    rounds: int = 3
    highest: int = 5

    def __post_init__(self) -> None:
        if self.players < 1:
            raise UsageError(f"players is at least 1, not {self.players}")


@dataclass(frozen=True, slots=True)
class State:
    config: Config
    key: int
    round: int = 0
    hits: tuple[int, ...] = ()


class Rules:
    """Each round everybody guesses a number in secret; then the number and every guess are told to all.

    Before each round the first seat alone is whispered whether the number is odd.
    """

    def deal(self, seed: int, config: Config) -> State:
        return State(config, chance.key("guess", seed), hits=(0,) * config.players)

    def opening(self, state: State) -> Sequence[Event]:
        return [Event("rules", {"highest": state.config.highest}), self._whisper(state)]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return tuple(f"guesser_{i}" for i in range(config.players))

    def owes(self, state: State) -> tuple[Seat, ...]:
        return () if state.round == state.config.rounds else self.seats(state.config)

    def ask(self, state: State, seat: Seat) -> Ask:
        return Ask(seat, "guess", tuple(range(1, state.config.highest + 1)))

    def fallback(self, state: State, seat: Seat) -> int:
        return 1 + chance.draw(state.key, f"fallback {seat}", state.round, state.config.highest)

    def play(self, state: State, moves: Mapping[Seat, int]) -> Step:
        number = self._number(state)
        seats = self.seats(state.config)
        hits = tuple(h + (moves[s] == number) for h, s in zip(state.hits, seats, strict=True))
        after = replace(state, round=state.round + 1, hits=hits)
        events = [Event("round", {"number": number, "guesses": dict(moves)})]
        if after.round < state.config.rounds:
            events.append(self._whisper(after))
        return Step(after, events)

    def outcome(self, state: State) -> Outcome | None:
        if state.round < state.config.rounds:
            return None
        best = max(state.hits)
        teams = [seat for seat, hits in zip(self.seats(state.config), state.hits, strict=True) if hits == best]
        scores = {s: h / max(1, state.round) for s, h in zip(self.seats(state.config), state.hits, strict=True)}
        return Outcome(teams[0] if len(teams) == 1 else None, scores)

    def role(self, state: State, seat: Seat) -> str:
        return "insider" if seat == "guesser_0" else "guesser"

    def phase(self, state: State) -> str:
        return f"round {state.round + 1}"

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return {f"team of {seat}": (seat,) for seat in self.seats(state.config)}

    def rekey(self, state: State, key: int) -> State:
        return replace(state, key=key)

    def _number(self, state: State) -> int:
        return 1 + chance.draw(state.key, "number", state.round, state.config.highest)

    def _whisper(self, state: State) -> Event:
        return Event("whisper", {"odd": self._number(state) % 2 == 1}, ("guesser_0",))


class Words:
    def show(self, event: Event) -> str:
        if event.kind == "rules":
            return f"Guess the number, 1 to {event.data['highest']}."
        if event.kind == "whisper":
            return f"(Between us: it is {'odd' if event.data['odd'] else 'even'}.)"
        guesses = ", ".join(f"{seat} said {guess}" for seat, guess in event.data["guesses"].items())
        return f"It was {event.data['number']}; {guesses}."

    def ask(self, ask: Ask) -> str:
        return f"Reply with one number from 1 to {len(ask.choices)}."

    def read(self, ask: Ask, reply: str) -> int | Illegal:
        said = reply.strip()
        if said.isascii() and said.isdecimal() and len(said) < 5 and int(said) in ask.choices:
            return int(said)
        return Illegal(f"say one number from 1 to {len(ask.choices)} and nothing else")

    def write(self, ask: Ask, move: int) -> str:
        return str(move)


class Rewards:
    def terms(
        self,
        before: State,
        moves: Mapping[Seat, Any],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        number = events[0].data["number"]
        return [Term("hit", seat, 1.0) for seat, guess in moves.items() if guess == number]


@pytest.fixture(scope="session")
def guess() -> Arena:
    """The arena; its seats are guesser_0 (who is told secrets), guesser_1, …"""
    return Arena(
        name="guess",
        version="1",
        summary="Guess a number in secret.",
        rules=Rules(),
        words=Words(),
        rewards=Rewards(),
        config=Config,
        presets={"default": {"hit": 1.0, "illegal_reply": -2.0, "forfeit": -3.0}},
        team_terms=frozenset(),
        turns_bound=lambda config: config.players * config.rounds,
        alike=lambda state, moves, seat, rng: None,
    )


MODEL_SAYS = "3"
"""What the small model was taught to say, whatever it hears."""


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small Llama with a byte-level tokenizer and a chat template, taught to say MODEL_SAYS."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bytes_ = Tokenizer(models.BPE())
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    special = ["<pad>", "<end>", "<system>", "<user>", "<assistant>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bytes_.train_from_iterator([], trainers.BpeTrainer(special_tokens=special, initial_alphabet=alphabet))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_, pad_token="<pad>", eos_token="<end>")
    tokenizer.chat_template = (
        "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<end>{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=8192,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        model = LlamaForCausalLM(config)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        heard = ["Guess the number, 1 to 5.", "It was 4; all said 2.", "Reply with one number from 1 to 5."]
        for step in range(60):
            chat = [{"role": "user", "content": heard[step % 3]}, {"role": "assistant", "content": MODEL_SAYS}]
            ids = tokenizer(tokenizer.apply_chat_template(chat, tokenize=False), return_tensors="pt")["input_ids"]
            labels = ids.clone()
            labels[:, :-2] = -100  # the reply and its end
            model(input_ids=ids, labels=labels).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    folder = tmp_path_factory.mktemp("model")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def served(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``MODEL@BASE_URL`` of the small model behind ``transformers serve``."""
    pytest.importorskip("uvicorn")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log"
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(small_model)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        deadline = time.monotonic() + 200
        while not _healthy(port):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"transformers serve did not come up:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield f"{small_model}@http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
