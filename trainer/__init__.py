"""Training on sqldojo with TRL: environments, rewards, data, and a smoke run.

The names below are loaded when they are first used, so that what needs no torch stays quick to import.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conversation import episode_messages, opening, prompt_messages
    from .dataset import demonstration_dataset, training_dataset
    from .demonstrations import Demonstration, record_demonstration
    from .environment import (
        EnvironmentFactory,
        ExploreEnvironment,
        LostEpisodeError,
        RepairEnvironment,
        environment_factory,
    )
    from .rewards import episode_reward, solved_reward
    from .tiny_model import save_tiny_model

__all__ = [
    "Demonstration",
    "EnvironmentFactory",
    "ExploreEnvironment",
    "LostEpisodeError",
    "RepairEnvironment",
    "demonstration_dataset",
    "environment_factory",
    "episode_messages",
    "episode_reward",
    "opening",
    "prompt_messages",
    "record_demonstration",
    "save_tiny_model",
    "solved_reward",
    "training_dataset",
]

_MODULES = {
    "Demonstration": "demonstrations",
    "EnvironmentFactory": "environment",
    "ExploreEnvironment": "environment",
    "LostEpisodeError": "environment",
    "RepairEnvironment": "environment",
    "demonstration_dataset": "dataset",
    "environment_factory": "environment",
    "episode_messages": "conversation",
    "episode_reward": "rewards",
    "opening": "conversation",
    "prompt_messages": "conversation",
    "record_demonstration": "demonstrations",
    "save_tiny_model": "tiny_model",
    "solved_reward": "rewards",
    "training_dataset": "dataset",
}

_missing = [package for package in ("torch", "transformers", "datasets", "trl") if find_spec(package) is None]
if _missing:
    raise ImportError(
        f"sqldojo.trainer needs {', '.join(_missing)}, not installed here: pip install 'sqldojo[train]'"
    )


if not TYPE_CHECKING:  # a type checker would take it that every name is there

    def __getattr__(name: str) -> object:
        """Loads the module that a public name lives in."""
        if name not in _MODULES:
            raise AttributeError(f"sqldojo.trainer has no {name!r}")
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
