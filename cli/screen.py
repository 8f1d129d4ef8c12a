"""How tasks, results and rewards look in a terminal. All of it fits into 80 columns.

What comes from a server is shown without its control codes and never read as markup.
"""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from ..client.types import (
    Action,
    ActionError,
    Answer,
    Describe,
    Observation,
    Outcome,
    Query,
    Result,
    Review,
    Reward,
    Sample,
    Step,
    Submit,
    TaskKind,
    Unparsed,
    Value,
    Verdict,
)
from ..evaluation.plain import one_line, plain

TIMES = "\u00d7"


def terminal(*, stderr: bool = False) -> Console:
    """Gives a console that writes plain text, without control codes, where it is no terminal."""
    return Console(stderr=stderr, highlight=False)


def brief(observation: Observation, *, most: int = 20) -> RenderableType:
    """Shows what an episode is about: the question or the ticket, the broken query, the tables."""
    repair = observation.kind is TaskKind.REPAIR
    parts: list[RenderableType] = [
        Panel(
            Text(plain(observation.prompt)),
            title=Text(one_line(observation.task_id), "bold"),
            title_align="left",
            subtitle=Text(f"{counted(observation.budget, 'step')} · profile {one_line(observation.profile)}"),
            subtitle_align="right",
            border_style="magenta" if repair else "blue",
        ),
        Text.assemble(("tables ", "bold cyan"), one_line(", ".join(observation.tables))),
    ]
    if observation.broken_sql:
        parts += [Text("the query to repair", "bold cyan"), indented(sql(observation.broken_sql))]
    if observation.broken_error:
        parts += [Text("it fails", "bold cyan"), indented(error(observation.broken_error))]
    if observation.broken_result:
        parts += [Text("it gives", "bold cyan"), indented(result(observation.broken_result, most=most))]
    return Group(*parts)


def action(played: Action, heading: str = "") -> RenderableType:
    """Shows what was done, after a heading, SQL on lines of its own."""
    match played:
        case Query(statement) | Submit(statement):
            verb = "query" if isinstance(played, Query) else "submit"
            return Group(Text.assemble((heading, "bold"), (verb, "bold cyan")), indented(sql(statement)))
        case Describe(text):
            verb = "describe"
        case Sample(text):
            verb = "sample"
        case Answer(text):
            verb = "answer"
        case Unparsed(text):
            verb = "no tool call"
    return Text.assemble((heading, "bold"), (f"{verb} ", "bold cyan"), plain(text))


def sql(statement: str) -> RenderableType:
    """Shows SQL in colours, wrapped at the screen's edge."""
    text = Syntax("", "sql", theme="ansi_dark", word_wrap=True).highlight(plain(statement))
    text.rstrip()
    return text


def result(rows: Result, *, most: int = 20) -> RenderableType:
    """Shows rows, at most `most` of them, each on one line; says how many there are."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in rows.columns:
        table.add_column(Text(one_line(column.name)), no_wrap=True, overflow="ellipsis")
    for row in rows.rows[:most]:
        table.add_row(*map(_cell, row))
    shown = min(len(rows.rows), most)
    if shown == rows.row_count:
        return table if shown else Group(table, Text("no rows", "dim"))
    least = "at least " if rows.row_count_is_lower_bound else ""
    return Group(table, Text(f"{shown} of {least}{counted(rows.row_count, 'row')}", "dim"))


def error(failure: ActionError) -> RenderableType:
    """Shows why an action failed, and the names that would have worked."""
    text = Text.assemble(("error ", "bold red"), plain(failure.message))
    if failure.available:
        text.append(f"\navailable: {one_line(', '.join(failure.available))}", "dim")
    return text


def review(found: Review) -> RenderableType:
    """Shows what the review gate said of a step's SQL."""
    style = {Verdict.APPROVED: "green", Verdict.FLAGGED: "yellow", Verdict.REJECTED: "red"}[found.verdict]
    text = Text.assemble("review: ", (found.verdict.name.lower(), f"bold {style}"))
    for finding in found.findings:
        where = f" at {finding.where}" if finding.where else ""
        text.append(f"\n  {finding.severity.name.lower()}{one_line(where)}: {one_line(finding.message)}")
    return text


def reward(earned: Reward) -> RenderableType:
    """Shows a reward term by term: value, weight and contribution of each, the clip, the sum."""
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=16)
    for _ in range(4):
        table.add_column(justify="right")
    for term in earned.terms:
        table.add_row(
            term.kind.name.lower().replace("_", " "),
            f"{term.value:.3g}",
            f"{TIMES} {term.weight:+.3g}",
            "=",
            Text(signed(term.contribution), _sign_style(term.contribution)),
        )
    if earned.total != earned.unclipped:
        low, high = (
            "" if bound is None else f"{bound:+.2f}" for bound in (earned.clip_low, earned.clip_high)
        )
        clip = Text(f"clipped to [{low}, {high}]", "dim")
        table.add_row(clip, "", "", "", Text(signed(earned.unclipped), "dim"))
    total = Text(signed(earned.total), f"bold {_sign_style(earned.total)}")
    table.add_row(Text("reward", "bold"), "", "", "", total)
    return indented(table)


def step(played: Step, *, most: int = 20) -> RenderableType:
    """Shows a whole step: what was done, what it brought (at most `most` rows of data), what it earned."""
    parts: list[RenderableType] = [action(played.action, f"Step {played.step_index}  ")]
    if played.review:
        parts.append(indented(review(played.review)))
    rows, failure = played.observation.result, played.observation.error
    if rows:
        described = isinstance(played.action, Describe)  # a table's columns are shown whole
        parts.append(indented(result(rows, most=len(rows.rows) if described else most)))
    if failure:
        parts.append(indented(error(failure)))
    return Group(*parts, reward(played.reward))


def ending(observation: Observation, total_reward: float) -> RenderableType:
    """Shows how an episode ended, or that it was left, and what it earned in all."""
    words, style = {
        Outcome.SOLVED: ("Solved", "bold green"),
        Outcome.FAILED: ("Not solved: the answer is wrong", "bold red"),
        Outcome.EXHAUSTED: ("Not solved: the steps are used up", "bold red"),
        Outcome.RUNNING: ("Left before its end", "bold yellow"),
    }[observation.outcome]
    steps = counted(observation.steps_used, "step")
    return Text.assemble((words, style), f" · {steps} · total reward ", (signed(total_reward), "bold"))


def counted(number: int, noun: str) -> str:
    """Gives a number with what it counts: 1 task, 2 tasks."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def signed(number: float) -> str:
    """Gives a number with its sign and four decimals, so that the terms can be added up by hand."""
    return f"{number:+.4f}"


def _sign_style(number: float) -> str:
    return "green" if number > 0 else "red" if number < 0 else "dim"


def _cell(value: Value) -> Text:
    if value is None:
        return Text("NULL", "dim")
    if isinstance(value, bytes):
        return Text(f"x'{value.hex().upper()}'")
    return Text(one_line(str(value)))


def indented(content: RenderableType) -> Padding:
    """Sets something in by two columns."""
    return Padding(content, (0, 0, 0, 2), expand=False)
