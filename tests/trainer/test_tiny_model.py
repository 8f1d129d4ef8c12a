from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("trl")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen3ForCausalLM
from trl.chat_template_utils import add_response_schema, get_training_chat_template, parse_response

from sqldojo.client import SyncDojo, Task, TaskKind
from sqldojo.trainer import (
    Demonstration,
    environment_factory,
    record_demonstration,
    save_tiny_model,
    training_dataset,
)
from sqldojo.trainer.dataset import tool_schemas

pytestmark = pytest.mark.train

TOOLS = tool_schemas(TaskKind.EXPLORE)


@pytest.fixture(scope="module")
def demonstrations(dojo: SyncDojo, explore_tasks: list[Task]) -> list[Demonstration]:
    return [record_demonstration(dojo, task) for task in explore_tasks[:12]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, demonstrations: list[Demonstration]) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny_model(folder, demonstrations)
    return folder


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """As GRPOTrainer prepares it: TRL knows the template, or this raises."""
    return add_response_schema(AutoTokenizer.from_pretrained(folder))


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_the_same(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_instructions_are_short_for_the_model(
    tokenizer: PreTrainedTokenizerFast, demonstrations: list[Demonstration]
) -> None:
    messages = list(demonstrations[0].messages)
    text = tokenizer.apply_chat_template(messages, tools=TOOLS, tokenize=False)
    ids = tokenizer(text).input_ids
    assert tokenizer.decode(ids) == text
    assert all(json.dumps(tool) in text for tool in TOOLS)
    assert len(ids) < len(text) / 8


ARGUMENT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None, max_examples=50)
@given(argument=st.sampled_from(["SELECT \"a\" FROM b WHERE c = 'é'\n", '{"x": [1]}', "</s>"]) | ARGUMENT)
def test_a_call_is_rendered_and_parsed_back(tokenizer: PreTrainedTokenizerFast, argument: str) -> None:
    template = get_training_chat_template(tokenizer)
    call = {"name": "query", "arguments": json.dumps({"sql": argument}, ensure_ascii=False)}
    asked = [{"role": "user", "content": "How many?"}]
    answered = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": call}]}
    prefix, whole = (
        tokenizer.apply_chat_template(
            messages,
            tools=TOOLS,
            chat_template=template,
            add_generation_prompt=prompting,
            return_dict=False,
        )
        for messages, prompting in ((asked, True), ([*asked, answered], False))
    )
    assert whole[: len(prefix)] == prefix
    completion = whole[len(prefix) :]
    completion = completion[: completion.index(tokenizer.eos_token_id) + 1]
    parsed = parse_response(tokenizer, completion, prefix=prefix, tools=TOOLS)
    [found] = parsed["tool_calls"]
    assert found["function"] == {"name": "query", "arguments": {"sql": argument}}


def test_training_reads_the_same_prompt_as_the_demonstrations_have(
    dojo: SyncDojo,
    tokenizer: PreTrainedTokenizerFast,
    explore_tasks: list[Task],
    demonstrations: list[Demonstration],
) -> None:
    template = get_training_chat_template(tokenizer)
    with environment_factory(dojo.address) as factory:
        environment = factory()
        for row, demonstration in zip(training_dataset(explore_tasks[:12]), demonstrations, strict=True):
            system, user = row["prompt"]
            opened = [system, {**user, "content": user["content"] + environment.reset(**row)}]
            prompt = tokenizer.apply_chat_template(
                opened, tools=TOOLS, chat_template=template, add_generation_prompt=True, tokenize=False
            )
            copied = tokenizer.apply_chat_template(
                list(demonstration.messages), tools=TOOLS, chat_template=template, tokenize=False
            )
            assert copied.startswith(prompt)
        environment._close()


def test_only_the_models_own_words_are_learnt(
    tokenizer: PreTrainedTokenizerFast, demonstrations: list[Demonstration]
) -> None:
    rendered = tokenizer.apply_chat_template(
        list(demonstrations[0].messages),
        tools=TOOLS,
        chat_template=get_training_chat_template(tokenizer),
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    pairs = zip(rendered["input_ids"], rendered["assistant_masks"], strict=True)
    learnt = tokenizer.decode([token for token, own in pairs if own])
    assert learnt.count("<tool_call>") == sum(
        "tool_calls" in message for message in demonstrations[0].messages
    )
    assert "Done." in learnt
    assert "steps left" not in learnt


def test_the_model_is_tiny_and_made_by_its_seed(
    folder: Path, demonstrations: list[Demonstration], tmp_path: Path
) -> None:
    model = Qwen3ForCausalLM.from_pretrained(folder)
    assert model.num_parameters() < 700_000
    save_tiny_model(tmp_path, demonstrations)
    again = Qwen3ForCausalLM.from_pretrained(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    save_tiny_model(tmp_path, demonstrations, seed=1)
    other = Qwen3ForCausalLM.from_pretrained(tmp_path)
    assert not torch.equal(model.model.embed_tokens.weight, other.model.embed_tokens.weight)
