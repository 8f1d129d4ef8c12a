"""A model small enough to train on a CPU: Qwen3's architecture, random weights, a tokenizer made here.

It learns the form of a conversation (calls that parse, in a sensible order) but not to read a question.
It shows that a training run is wired rightly, nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from .dataset import tool_schemas
from .demonstrations import Demonstration

VOCABULARY = 2000  # at most, without the marks; few texts give fewer
PAD, END = "<|endoftext|>", "<|im_end|>"
# As in Qwen3's tokenizer: the first three vanish when decoded, the marks are text that a parser reads.
SPECIAL_TOKENS = (PAD, "<|im_start|>", END)
MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")


def chat_template() -> str:
    """Gives TRL's chat template for Qwen3: the plain one, which TRL knows by its text and swaps by itself."""
    return files("trl").joinpath("chat_templates/qwen3.jinja").read_text()


def rendered(demonstrations: Iterable[Demonstration]) -> Iterator[str]:
    """Gives demonstrations as a model reads them, their tools included: what a tokenizer is trained on."""
    renderer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.BPE()), chat_template=chat_template()
    )
    for demonstration in demonstrations:
        tools = tool_schemas(demonstration.kind)
        yield renderer.apply_chat_template(list(demonstration.messages), tools=tools, tokenize=False)


def shared_lines(texts: Iterable[str]) -> list[str]:
    """Gives the long lines that all texts have: instructions and tool schemas, most of their length."""
    lines = set.intersection(*(set(text.splitlines()) for text in texts))
    return sorted(line for line in lines if len(line) >= 40)


def train_tokenizer(texts: Iterable[str], whole: Sequence[str] = ()) -> PreTrainedTokenizerFast:
    """Trains a byte-level BPE tokenizer, with TRL's chat template for Qwen3.

    Each text of `whole` becomes one token, which spares a model that knows no words from reading it. Any
    text can be encoded and comes back the same.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in (*MARKS, *whole)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, chat_template=chat_template()
    )


def random_model(tokenizer: PreTrainedTokenizerFast, *, seed: int = 0) -> Qwen3ForCausalLM:
    """Gives a Qwen3 of 2 layers with about half a million random weights in float32."""
    torch.manual_seed(seed)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def save_tiny_model(folder: Path, demonstrations: Iterable[Demonstration], *, seed: int = 0) -> None:
    """Writes a random model and a tokenizer trained on demonstrations to `folder`, for `from_pretrained`."""
    texts = list(rendered(demonstrations))
    tokenizer = train_tokenizer(texts, shared_lines(texts))
    tokenizer.save_pretrained(folder)
    random_model(tokenizer, seed=seed).save_pretrained(folder)
