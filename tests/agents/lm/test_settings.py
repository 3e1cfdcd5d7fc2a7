"""How a policy is played stays with it: sampling, examples, system text and the switch for thinking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lanista.agents import lm
from lanista.agents.lm.agent import SMOLLM2, LMAgent, _settings
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.settings import FILE, PlaySettings, load_settings, save_settings
from lanista.errors import LanistaError, UsageError

from .conftest import ask, exchange, tokens

SAID = PlaySettings(
    sampling=Sampling(temperature=0.3, top_p=0.9, max_new_tokens=7, stop=("END",)),
    few_shot=True,
    examples=(("Who?", "vote: player_1"),),
    system="Play well.",
)


@pytest.fixture
def saved(policy: Policy, tmp_path: Path) -> Path:
    policy.model.save_pretrained(tmp_path / "model")
    policy.tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    assert load_settings(tmp_path) is None
    for settings in (PlaySettings(), SAID, PlaySettings(thinking=False)):
        assert save_settings(tmp_path, settings) == tmp_path / FILE
        assert load_settings(tmp_path) == settings
        assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_folder_is_played_as_it_says_and_options_by_name_go_before(saved: Path) -> None:
    save_settings(saved, SAID)
    assert lm.make(str(saved)).settings == SAID
    agent = lm.make(f"{saved}?temperature=0", max_new_tokens=5, few_shot=False)
    assert agent.settings.sampling == Sampling(temperature=0, top_p=0.9, max_new_tokens=5, stop=("END",))
    assert (agent.few_shot, agent.system, agent.examples) == (False, "Play well.", SAID.examples)
    whole = lm.make(str(saved), sampling=Sampling(), system="Other.")
    assert (whole.sampling, whole.system) == (Sampling(), "Other.")


def test_what_an_agent_plays_by_can_be_kept_beside_its_weights(saved: Path) -> None:
    """The same game is played by the agent that was tuned and by whoever seats the folder."""
    tuned = LMAgent(Policy.load(saved), sampling=Sampling(temperature=0.4, max_new_tokens=6), system="Play.")
    save_settings(saved, tuned.settings)
    question = ask("s", "vote")
    one, two = (exchange(question, agent.answer([question])[0]) for agent in (tuned, lm.make(str(saved))))
    assert tokens(one)["prompt_ids"] == tokens(two)["prompt_ids"]
    assert (tokens(one)["ids"], tokens(one)["logps"]) == (tokens(two)["ids"], tokens(two)["logps"])


def test_a_folder_without_settings_is_played_at_the_defaults_and_smollm2_as_we_found_best(saved: Path) -> None:
    assert lm.make(str(saved)).settings == PlaySettings()
    assert _settings("smollm2", None) == SMOLLM2


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("not json", "cannot be read"),
        ("[1]", "it holds a list, not a table"),
        ('{"temprature": 1}', "unknown setting 'temprature'"),
        ('{"sampling": 3}', "sampling is a table of options"),
        ('{"sampling": {"top_p": 7}}', "top_p is above 0 and at most 1, not 7"),
        ('{"examples": [[1]]}', "pairs"),
        ('{"few_shot": "yes"}', "few_shot is true or false, not 'yes'"),
    ],
)
def test_settings_that_cannot_be_read_are_one_line(saved: Path, record: str, said: str) -> None:
    (saved / FILE).write_text(record)
    with pytest.raises(LanistaError, match=said) as caught:
        lm.make(str(saved))
    assert "\n" not in str(caught.value)
    assert str(saved / FILE) in str(caught.value)


# The switch for thinking

QWEN = (
    "{% for m in messages %}{{ '<|' + m.role + '|>' }}{{ m.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ 'player_8' }}{% endif %}{% endif %}"
)
"""As Qwen3's: with thinking off, the generation prompt holds a thought that is over."""


def test_thinking_is_switched_off_where_the_template_knows_how(policy: Policy, tokenizer: Any) -> None:
    import copy

    switched = copy.deepcopy(tokenizer)
    switched.chat_template = QWEN
    policy = Policy(policy.model, switched)
    plain, off, on = (LMAgent(policy, thinking=thinking) for thinking in (None, False, True))
    thought = policy.chat.reply("player_8")[:-1]
    assert off.chat.first("vote")[-len(thought) :] == thought
    assert off.chat.next("vote")[-len(thought) :] == thought
    assert off.chat.first("vote")[: -len(thought)] == plain.chat.first("vote") == on.chat.first("vote")
    assert len({agent.chat.fingerprint for agent in (plain, off, on)}) == 3
    assert off.chat.end_ids == plain.chat.end_ids


def test_a_template_without_the_switch_says_so(policy: Policy) -> None:
    with pytest.raises(UsageError, match=r"has no switch for thinking \(enable_thinking or thinking\)"):
        LMAgent(policy, thinking=False)


def test_a_training_runs_policies_are_played_as_they_were_evaluated(saved: Path, tmp_path: Path) -> None:
    from lanista.training.config import TrainConfig
    from lanista.training.loop import train

    game = {"players": 5, "wolves": 1}
    options: dict[str, Any] = {"temperature": 0.9, "max_new_tokens": 5, "steps": 1, "scenarios": 1, "games": 2}
    options |= {"evaluate_games": 0, "evaluate_temperature": [0.3]}
    config = TrainConfig.from_json({"arena_config": game, "model": str(saved), "threads": 1, **options})
    done = train(config, tmp_path / "run")
    folder = done.policies["shared"]
    assert json.loads((folder / FILE).read_text())["sampling"]["temperature"] == 0.3
    assert lm.make(str(folder)).sampling == Sampling(temperature=0.3, max_new_tokens=5)
