"""OpenEnv's own echo environment, as `openenv init echo_env` writes it, for uvicorn.

The template's app takes one session; MAX_CONCURRENT_ENVS says how many one worker takes here.
"""

from __future__ import annotations

import os

from echo_env.models import EchoAction, EchoObservation
from echo_env.server.echo_env_environment import EchoEnvironment
from openenv.core.env_server.http_server import create_app

app = create_app(
    EchoEnvironment,
    EchoAction,
    EchoObservation,
    env_name="echo_env",
    max_concurrent_envs=int(os.environ["MAX_CONCURRENT_ENVS"]),
)
