"""What a client raises."""

from __future__ import annotations

from typing import Any

import httpx2

SHOWN_CHARACTERS = 500


class ClientError(Exception):
    """Anything that goes wrong between a client and its server."""


class CannotReach(ClientError):
    """Nobody answers at the server's address, or the line was cut and could not be taken up again."""


class ServerRefused(ClientError):
    """The server's complaint: its ``message``, the ``details``, and ``node_errors`` by the id of the node.

    ``kind`` is a short name of what is wrong, empty if the answer is not wireloom's.
    """

    def __init__(self, status: int, message: str, details: str = "", kind: str = "") -> None:
        super().__init__(f"{message}: {details}" if details else message)
        self.status, self.message, self.details, self.kind = status, message, details, kind
        self.extra_info: dict[str, Any] = {}
        self.node_errors: dict[str, Any] = {}


class StrangeAnswer(ClientError):
    """The answer is none that wireloom gives: another program listens there, or a much newer wireloom."""


def refused(answer: httpx2.Response) -> ServerRefused:
    """The complaint in an answer that was read; a proxy's may be of any form."""
    status = answer.status_code
    try:
        body: Any = answer.json()
    except ValueError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return ServerRefused(status, error)
    if not isinstance(error, dict) or "message" not in error:
        said = answer.text.strip()[:SHOWN_CHARACTERS]
        return ServerRefused(status, f"the server answered {status} {answer.reason_phrase}".strip(), said)
    complaint = ServerRefused(
        status, str(error["message"]), str(error.get("details") or ""), str(error.get("type") or "")
    )
    complaint.extra_info, complaint.node_errors = error.get("extra_info") or {}, body.get("node_errors") or {}
    return complaint
