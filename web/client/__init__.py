"""A client for wireloom servers: ``from web.client import Client``. It needs no torch, and no server code."""

from web.client.client import Client
from web.client.errors import CannotReach, ClientError, ServerRefused, StrangeAnswer
from web.client.streams import JobEvent
from web.v1.schemas import Webhook

__all__ = ["CannotReach", "Client", "ClientError", "JobEvent", "ServerRefused", "StrangeAnswer", "Webhook"]
