"""How the server is set up: read once by the command line, passed down from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MIB = 1024 * 1024
EDITOR = Path(__file__).parent / "static"


class Settings(BaseModel):
    """``cors_origin`` turns the origin check off and tells browsers who may call; ``*`` is anyone.

    ``allowed_hosts`` are further names this server goes by, behind a proxy; ``preview_size`` is in pixels. With a
    ``token``, only who knows it is answered. ``multi_user`` keeps people's files apart, by the ``Comfy-User`` header.
    ``frontend`` is the folder of a front end to serve at ``/``; without one that is our ``editor``, as it was built.
    ``webhook_hosts`` are where webhooks may lead; None is anywhere. ``compress`` answers with gzip, where accepted.
    ``log`` is the form of log lines; as JSON they tell what jobs go through, too.
    Of jobs that ended, the newest ``keep_jobs`` are kept, and none for longer than ``keep_days``; None is all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8188, ge=0, le=65535)
    max_upload_mb: float = Field(default=100, gt=0, allow_inf_nan=False)
    cors_origin: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    preview_size: int = Field(default=512, ge=16, le=4096)
    token: str | None = Field(default=None, pattern=r"^[!-~]{8,}$")
    multi_user: bool = False
    frontend: Path | None = None
    editor: Path = EDITOR
    webhook_hosts: frozenset[str] | None = None
    max_pending_per_client: int = Field(default=1000, ge=1)
    keep_jobs: int | None = Field(default=None, ge=1)
    keep_days: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    compress: bool = False
    log: Literal["text", "json"] = "text"
    argv: tuple[str, ...] = ()

    @property
    def max_upload_bytes(self) -> int:
        """The largest request body."""
        return int(self.max_upload_mb * MIB)

    def features(self) -> dict[str, Any]:
        """What this server can do, as clients ask for it: ``GET /features`` and over the websocket."""
        return {
            "supports_preview_metadata": True,
            "max_upload_size": self.max_upload_bytes,
            "node_replacements": True,
            "assets": False,
        }
