"""Errors become answers: a user's mistake is told as ComfyUI tells it, anything else is logged and kept inside."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from engine.errors import (
    DiskFull,
    DuplicateJob,
    FolderNotFound,
    InvalidWorkflow,
    JobNotFound,
    NotAWorkflow,
    QueueFull,
    TicketReused,
    UnsafePath,
    WorkerDied,
    WorkflowNotFound,
)
from engine.problems import NodeProblems, Problem
from web.idempotency import BadKey, KeyBusy
from web.replies import reply
from web.sharing.bundle import BadBundle
from web.sharing.shares import ShareNotFound, TooManyShares
from web.users.versions import TooManyVersions, VersionNotFound

logger = logging.getLogger(__name__)

GIVEN_CHARACTERS = 80
RETRY_AFTER_S = 10


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer for what a handler raised."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge as error:
        return complaint("too_large", "The request is too large", error.text or "", status=error.status)
    except web.HTTPException:
        raise
    except ConnectionResetError:
        raise  # the client is gone: nobody to answer
    except Exception as error:
        if answer := told(error):
            return answer
        logger.exception("%s %s failed", request.method, request.path)
        return complaint("server_error", "The server failed to answer", "see its log", status=500)


def told(error: Exception) -> web.Response | None:
    """The answer to a user's mistake; None if the error is ours."""
    match error:
        case InvalidWorkflow():
            return reply({"error": asdict(error.problem), "node_errors": problems(error.node_problems)}, 400)
        case NotAWorkflow():
            kind = "invalid_json" if str(error).startswith("not valid JSON") else "invalid_prompt"
            return complaint(kind, str(error))
        case ValidationError():
            return complaint("invalid_request", *_fields(error))
        case DuplicateJob():
            return complaint("duplicate_prompt_id", "prompt_id is in use already", str(error))
        case BadKey():
            return complaint("invalid_idempotency_key", "The Idempotency-Key is malformed", str(error))
        case TicketReused():
            return complaint("idempotency_key_reused", "The Idempotency-Key has been used", str(error), status=422)
        case UnsafePath():
            return complaint("unsafe_path", "That path leads outside its folder", str(error))
        case JobNotFound() | FolderNotFound() | WorkflowNotFound():
            return complaint("not_found", "There is no such thing", str(error), status=404)
    return _about_sharing(error) or _not_now(error)


def _about_sharing(error: Exception) -> web.Response | None:
    match error:
        case BadBundle():
            return complaint("invalid_bundle", "That is no bundle, or more than may be in one", str(error))
        case TooManyShares():
            return complaint("too_many_shares", "There are too many shares", str(error), status=409)
        case TooManyVersions():
            return complaint("too_many_versions", "There are too many named versions", str(error), status=409)
        case ShareNotFound() | VersionNotFound():
            return complaint("not_found", "There is no such thing", str(error), status=404)
    return None


def _not_now(error: Exception) -> web.Response | None:
    """The answer to what may be asked again later."""
    match error:
        case QueueFull():
            answer = complaint("queue_full", "Too many jobs are waiting", str(error), status=429)
        case WorkerDied():
            answer = complaint("worker_died", "The process that computes is not there", str(error), status=503)
        case DiskFull() | OSError(errno=errno.ENOSPC | errno.EDQUOT):
            answer = complaint("disk_full", "The server's disk takes nothing more", str(error), status=507)
        case KeyBusy():
            answer = complaint("idempotency_key_busy", "The first request is being taken in", str(error), status=409)
        case _:
            return None
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def complaint(kind: str, message: str, details: str = "", status: int = 400) -> web.Response:
    """An error in the shape that ComfyUI's clients show."""
    return reply({"error": asdict(Problem(kind, message, details)), "node_errors": {}}, status)


def problems(rejected: Mapping[str, NodeProblems]) -> dict[str, Any]:
    """``node_errors``: what is wrong, node by node."""
    return {node_id: asdict(found) for node_id, found in rejected.items()}


def _fields(error: ValidationError) -> tuple[str, str]:
    """A message that names the first field, and one line per field: what was expected, what was given."""
    lines = []
    for item in error.errors(include_url=False, include_context=False):
        field = ".".join(str(part) for part in item["loc"]) or "body"
        given = repr(item["input"])
        given = given if len(given) <= GIVEN_CHARACTERS else given[:GIVEN_CHARACTERS] + "..."
        lines.append(f"{field}: {item['msg']}, got {given}")
    return lines[0], "\n".join(lines)
