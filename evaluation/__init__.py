"""Evaluation: policies, `evaluate`, statistics, result files and the table that compares methods.

A policy is any object with `select_action(observation) -> action`, sync or async. All that is known of
a task comes over the wire, so gold needs a token with the oracle scope.
"""

from ..client.policy import Policy
from .harness import evaluate, evaluate_sync
from .outcome import EpisodeResult, EvaluationResult, Run, StepRecord, Summary
from .policies import OraclePolicy, RandomPolicy
from .results import read_results, write_results
from .statistics import Interval, wilson_interval
from .table import comparison_table
from .tasks import NoTasks, TaskFilter

__all__ = [
    "EpisodeResult",
    "EvaluationResult",
    "Interval",
    "NoTasks",
    "OraclePolicy",
    "Policy",
    "RandomPolicy",
    "Run",
    "StepRecord",
    "Summary",
    "TaskFilter",
    "comparison_table",
    "evaluate",
    "evaluate_sync",
    "read_results",
    "wilson_interval",
    "write_results",
]
