"""The base of what describes requests and answers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """The shape of a body, a query, headers or an answer. Its validator is made when it is first used.

    Of nearly a hundred, a server that has just started needs none to answer ``GET /queue``.
    """

    model_config = ConfigDict(defer_build=True)
