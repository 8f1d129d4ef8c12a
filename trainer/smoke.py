"""A training run in miniature on real episodes: `python -m sqldojo.trainer.smoke`.

A tiny model learns the form of a conversation from demonstrations (SFT), then GRPOTrainer plays two steps
of episodes on the server. It fails when what was logged is not what a working run logs. On one core of the
CPU.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import torch
import transformers
from rich.console import Console
from rich.table import Table
from transformers import PrinterCallback
from trl import GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

from ..client import Difficulty, DojoError, Split, SyncDojo, Task, TaskKind, connect_sync
from .dataset import demonstration_dataset, training_dataset
from .demonstrations import Demonstration, record_demonstration
from .environment import environment_factory
from .rewards import episode_reward, solved_reward
from .tiny_model import save_tiny_model

SFT_STEPS = 120
GRPO_STEPS = 2
EPISODES_PER_TASK = 8
EPISODES_PER_STEP = 16
LONGEST = 1024  # tokens of a demonstration, and of what a model writes and reads in an episode

# What both trainers need to run on a CPU, say nothing to anybody and keep no checkpoints.
QUIET: dict[str, Any] = {
    "use_cpu": True,
    "bf16": False,
    "activation_checkpointing": False,
    "gradient_checkpointing": None,  # its old name, which TRL turns on
    "dataloader_pin_memory": False,
    "report_to": "none",
    "save_strategy": "no",
    "disable_tqdm": True,
    "seed": 0,
}

Log = Sequence[Mapping[str, float]]


def easy_tasks(dojo: SyncDojo) -> list[Task]:
    """Gives the easy explore tasks of one training database, with their gold: the database with most of them.

    One database, because the model learns its tables by heart: of another it would know none.
    """
    tasks = dojo.tasks(kind=TaskKind.EXPLORE, split=Split.TRAIN, difficulty=Difficulty.EASY, gold=True)
    if not tasks:
        return []
    [(database, _)] = Counter(task.database_id for task in tasks).most_common(1)
    return [task for task in tasks if task.database_id == database]


def learn_form(folder: Path, demonstrations: Sequence[Demonstration]) -> Log:
    """Makes a tiny model, trains it to copy the demonstrations and writes it to `folder`. Gives the log."""
    save_tiny_model(folder, demonstrations)
    config = SFTConfig(
        output_dir=str(folder / "sft"),
        max_steps=SFT_STEPS,
        per_device_train_batch_size=5,
        learning_rate=8e-3,
        lr_scheduler_type="cosine",
        warmup_steps=5,
        max_length=LONGEST,
        assistant_only_loss=True,
        logging_steps=SFT_STEPS // 4,
        **QUIET,
    )
    trainer = SFTTrainer(str(folder), args=config, train_dataset=demonstration_dataset(demonstrations))
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    trainer.save_model(str(folder))
    return [entry for entry in trainer.state.log_history if "loss" in entry]


def play(folder: Path, tasks: Sequence[Task], address: str) -> Log:
    """Trains the model of `folder` on episodes of the server at `address`. Gives the log of each step."""
    config = GRPOConfig(
        output_dir=str(folder / "grpo"),
        max_steps=GRPO_STEPS,
        per_device_train_batch_size=EPISODES_PER_STEP,
        num_generations=EPISODES_PER_TASK,
        max_completion_length=LONGEST,
        max_tool_calling_iterations=8,
        learning_rate=1e-4,
        reward_weights=[1.0, 0.0],
        logging_steps=1,
        **QUIET,
    )
    with environment_factory(address) as factory:
        trainer = GRPOTrainer(
            str(folder),
            reward_funcs=[episode_reward, solved_reward],
            args=config,
            train_dataset=training_dataset(tasks),
            environment_factory=factory,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return [entry for entry in trainer.state.log_history if "reward" in entry]


def faults(log: Log) -> list[str]:
    """Says what in a GRPO log shows that the training is not wired rightly; empty for a sound one."""
    found = []
    if len(log) != GRPO_STEPS:
        found.append(f"{len(log)} steps were logged, not {GRPO_STEPS}")
    if not any(entry["reward_std"] > 0 and entry["frac_reward_zero_std"] < 1 for entry in log):
        found.append("the rewards are all equal (reward_std, frac_reward_zero_std): nothing to learn from")
    if not any(entry["grad_norm"] > 0 for entry in log):
        found.append("grad_norm is 0 at every step: the model does not change")
    for number, entry in enumerate(log, 1):
        if not entry["tools/call_frequency"] > 0:
            found.append(f"step {number}: tools/call_frequency is 0: the model's replies hold no tool call")
        if not (math.isfinite(entry["loss"]) and math.isfinite(entry["grad_norm"])):
            found.append(
                f"step {number}: loss {entry['loss']} or grad_norm {entry['grad_norm']} is not finite"
            )
        terms = math.fsum(value for name, value in entry.items() if name.startswith("terms/"))
        if not math.isclose(terms, entry["reward"], abs_tol=1e-3):
            found.append(f"step {number}: the reward {entry['reward']} is not the sum of its terms, {terms}")
    return found


SHOWN = (
    "loss",
    "grad_norm",
    "reward",
    "reward_std",
    "frac_reward_zero_std",
    "rewards/solved_reward/mean",
    "tools/call_frequency",
    "tools/failure_frequency",
    "completions/mean_length",
)


def show(log: Log, console: Console) -> None:
    """Prints what each step logged, with the reward's terms that are not 0."""
    table = Table(title="GRPO on real episodes")
    table.add_column("metric")
    for number in range(1, len(log) + 1):
        table.add_column(f"step {number}", justify="right")
    terms = [name for name in log[0] if name.startswith("terms/") and any(entry[name] for entry in log)]
    for name in (*SHOWN, *terms):
        table.add_row(name, *(f"{entry[name]:.4f}" for entry in log))
    console.print(table)


def run(folder: Path, address: str | None, token: str | None, console: Console) -> list[str]:
    """Does the whole run and gives its faults."""
    started = time.monotonic()
    with connect_sync(address, token=token, oracle=True) as dojo:
        tasks = easy_tasks(dojo)
        if not tasks:
            return ["the server has no easy explore task in its training split"]
        demonstrations = [record_demonstration(dojo, task) for task in tasks]
        console.print(f"{len(demonstrations)} demonstrations from {dojo.address}")
        losses = " → ".join(f"{entry['loss']:.2f}" for entry in learn_form(folder, demonstrations))
        console.print(f"{SFT_STEPS} steps of SFT: loss {losses} ({time.monotonic() - started:.0f} s)")
        log = play(folder, tasks, dojo.address)
    show(log, console)
    console.print(f"{time.monotonic() - started:.0f} s in all")
    return faults(log)


def be_quiet() -> None:
    """Keeps the libraries from drawing progress bars and from warning of what is known."""
    transformers.utils.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
    warnings.filterwarnings("ignore", message=".*gradient_checkpointing.*", category=FutureWarning)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; gives the exit status, 0 for a sound run."""
    parser = argparse.ArgumentParser(prog="python -m sqldojo.trainer.smoke", description=__doc__)
    parser.add_argument("--address", help="a server that runs already; without it one is started")
    parser.add_argument("--token", help="that server's oracle token; needed to record demonstrations")
    parser.add_argument("--output", type=Path, help="a folder to keep the model in")
    options = parser.parse_args(arguments)
    if bool(options.address) != bool(options.token):
        parser.error("--address and --token go together")
    be_quiet()
    torch.set_num_threads(1)  # two wait for each other longer than they work, at this size
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            found = run(options.output or Path(scratch), options.address, options.token, console)
        except DojoError as error:
            found = [str(error)]
    for fault in found:
        console.print(f"failed: {fault}", style="red", markup=False)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
