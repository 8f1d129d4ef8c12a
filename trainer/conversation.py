"""The conversation that a model is trained and evaluated in: the one place where its form is decided.

    system     what there is to do                          SYSTEM_PROMPTS
    user       the first observation's text: its first line is the training set's, the rest is the opening
               that an environment's reset gives, which TRL appends without a separator
    assistant  a structured tool call
    tool       the observation's text
    …
    assistant  CLOSING, once the episode is over

A model that is evaluated in another form than it was trained in scores near zero, whatever it learnt.
So training set, environments, demonstrations and whoever evaluates a model take their messages from
here. `episode_messages` gives the whole conversation of any observation.
"""

from __future__ import annotations

import json
from dataclasses import astuple, fields, replace

from ..client import Observation, Outcome, Step, Task, TaskKind, Unparsed

Message = dict[str, object]

SYSTEM_PROMPTS = {
    TaskKind.EXPLORE: (
        "You find the answer to a question in a SQLite database. Look at its tables with describe and "
        "sample, run SQL with query, then give the answer with answer. You answer once: that ends the task."
    ),
    TaskKind.REPAIR: (
        "You repair a broken query on a SQLite database. Look at its tables with describe and sample, "
        "try statements with query, then hand in the repaired one with submit. A correct one ends the task."
    ),
}

CLOSING = "Done."


def prompt_messages(task: Task) -> list[Message]:
    """Gives a task's messages as a training set's `prompt` holds them: without the opening."""
    known = Observation(
        task_id=task.task_id,
        kind=task.kind,
        database_id=task.database_id,
        prompt=task.prompt,
        tables=(),
        broken_sql=task.broken_sql,
    )
    return [
        {"role": "system", "content": SYSTEM_PROMPTS[task.kind]},
        {"role": "user", "content": _heading(known)},
    ]


def opening(observation: Observation) -> str:
    """Gives what follows the question or ticket in the user message, beginning with a newline.

    It is the server's own word on the tables, the broken query and the steps.
    """
    return _first_text(observation).removeprefix(_heading(observation))


def episode_messages(observation: Observation) -> list[Message]:
    """Gives the conversation up to an observation, from its brief and its history."""
    messages: list[Message] = [
        {"role": "system", "content": SYSTEM_PROMPTS[observation.kind]},
        {"role": "user", "content": _first_text(observation)},
    ]
    for step in observation.history:
        messages += _step_messages(step)
    return messages


def _heading(observation: Observation) -> str:
    """Gives the beginning of an episode's first text, up to and with the question or ticket."""
    before, prompt, _ = _first_text(observation).partition(observation.prompt)
    return before + prompt


def _first_text(observation: Observation) -> str:
    """Gives the text of the observation with which the episode began."""
    first = replace(
        observation,
        result=None,
        error=None,
        steps_used=0,
        steps_left=observation.budget,
        done=False,
        outcome=Outcome.RUNNING,
    )
    return first.text()


def _step_messages(step: Step) -> list[Message]:
    """Gives an assistant message and the environment's reply to it.

    Every action but Unparsed is a tool call: its name is the tool's, its fields are the arguments. These
    are JSON text, not a dict: in a data set's table a dict would be filled with the other tools' arguments
    as nulls, and a model learns to write those.
    """
    action, text = step.action, step.observation.text()
    if isinstance(action, Unparsed):
        return [{"role": "assistant", "content": action.text}, {"role": "user", "content": text}]
    name = type(action).__name__.lower()
    names = [field.name for field in fields(action)]
    arguments = json.dumps(dict(zip(names, astuple(action), strict=True)), ensure_ascii=False)
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": name, "content": text},
    ]
