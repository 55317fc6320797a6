"""Jobs in the form of ``/api/jobs``. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from engine.jobs import Job, Record
from web.records import SENSITIVE, ending, history_entry
from web.shapes import Shape

STATUSES = ("pending", "in_progress", "completed", "failed", "cancelled")
OUTCOMES = {"succeeded": "completed", "failed": "failed", "cancelled": "cancelled"}
MODELS_3D = frozenset({".obj", ".fbx", ".gltf", ".glb", ".usdz"})
TEXTS = frozenset({".txt", ".md", ".json"})
PREVIEWABLE = frozenset({"images", "video", "audio", "3d", "text"})
TEXT_SHOWN = 1024
LARGEST = 2**63 - 1


def _statuses(text: Any) -> frozenset[str]:
    wanted = frozenset(part.strip() for part in str(text).split(",") if part.strip())
    if unknown := wanted - set(STATUSES):
        raise ValueError(f"Invalid status value(s): {', '.join(sorted(unknown))}")
    return wanted or frozenset(STATUSES)


class JobQuery(Shape):
    """Query of GET /api/jobs."""

    statuses: Annotated[
        frozenset[str], BeforeValidator(_statuses), WithJsonSchema({"type": "array", "items": {"enum": list(STATUSES)}})
    ] = Field(
        default_factory=lambda: frozenset(STATUSES),
        alias="status",
        description="States, with commas between them; without it, all.",
    )
    workflow_id: str | None = None
    sort_by: Literal["created_at", "execution_duration"] = "created_at"
    sort_order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Field(gt=0, le=LARGEST)] | None = None
    offset: Annotated[int, Field(ge=0), BeforeValidator(lambda text: max(0, int(text)))] = 0


def arranged(jobs: list[dict[str, Any]], query: JobQuery) -> list[dict[str, Any]]:
    """The jobs of the workflow asked for, sorted."""

    def rank(job: Mapping[str, Any]) -> float:
        if query.sort_by == "created_at":
            return float(job.get("create_time", 0))
        return float(job.get("execution_end_time", 0) - job.get("execution_start_time", 0))

    chosen = [job for job in jobs if query.workflow_id in (None, job.get("workflow_id"))]
    return sorted(chosen, key=rank, reverse=query.sort_order == "desc")


def unfinished(job: Job, status: str) -> dict[str, Any]:
    """A job that is pending or in progress."""
    return _shown({**_head(job, status), "outputs_count": 0, "previewable_outputs_count": 0}, job)


def finished(record: Record) -> dict[str, Any]:
    """A job that is in the history."""
    job, outcome = record.job, record.outcome
    items = list(_items(outcome.outputs))
    shown = [item for item in items if _previewable(item)]
    entry = {
        **_head(job, OUTCOMES[outcome.status]),
        "execution_start_time": outcome.started_ms,
        "execution_end_time": outcome.finished_ms,
        "execution_error": ending(record).data if outcome.status == "failed" else None,
        "outputs_count": len(items),
        "previewable_outputs_count": len(shown),
        "preview_output": _best(shown) or _text(outcome.outputs),
    }
    return _shown(entry, job)


def detail(record: Record) -> dict[str, Any]:
    """A finished job with its outputs and the workflow it came from."""
    job, entry = record.job, history_entry(record)
    outputs = {
        node_id: {key: [_as_dict(item) for item in items if item is not None] for key, items in shown.items()}
        for node_id, shown in record.outcome.outputs.items()
    }
    extra = {key: value for key, value in job.extra_data.items() if key not in SENSITIVE}
    workflow = {"prompt": job.prompt, "extra_data": extra}
    return {**finished(record), "outputs": outputs, "execution_status": entry["status"], "workflow": workflow}


def _head(job: Job, status: str) -> dict[str, Any]:
    created = job.extra_data.get("create_time", job.created_ms)
    return {"id": job.id, "status": status, "priority": job.number, "create_time": created}


def _shown(entry: dict[str, Any], job: Job) -> dict[str, Any]:
    """Keys without a value are left out."""
    info = job.extra_data.get("extra_pnginfo")
    workflow = info.get("workflow") if isinstance(info, Mapping) else None
    workflow_id = workflow.get("id") if isinstance(workflow, Mapping) else None
    known = workflow_id if isinstance(workflow_id, str) else None
    return {key: value for key, value in {**entry, "workflow_id": known}.items() if value is not None}


def _items(outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The files among the nodes' outputs, each with its node and its kind."""
    for node_id, shown in outputs.items():
        for key, items in shown.items():
            if key == "animated" or not isinstance(items, list):
                continue
            for item in items:
                if isinstance(found := _as_dict(item), Mapping):
                    yield {**found, "nodeId": node_id, "mediaType": found.get("mediaType", key)}


def _as_dict(item: Any) -> Any:
    """Some nodes name a 3D file by its bare name."""
    if isinstance(item, str) and PurePosixPath(item).suffix.lower() in MODELS_3D:
        return {"filename": item, "type": "output", "subfolder": "", "mediaType": "3d"}
    return item


def _suffix(item: Mapping[str, Any]) -> str:
    return PurePosixPath(str(item.get("filename", ""))).suffix.lower()


def _previewable(item: Mapping[str, Any]) -> bool:
    kind = str(item.get("format", ""))
    return (
        item["mediaType"] in PREVIEWABLE or kind.startswith(("video/", "audio/")) or _suffix(item) in MODELS_3D | TEXTS
    )


def _best(items: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Kept pictures before passing ones, text last."""

    def rank(item: Mapping[str, Any]) -> tuple[bool, bool]:
        is_text = item["mediaType"] == "text" or _suffix(item) in TEXTS
        return is_text, item.get("type") != "output"

    return min(items, key=rank, default=None)


def _text(outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    for node_id, shown in outputs.items():
        for text in shown.get("text", []):
            if isinstance(text, str):
                cut = {"truncated": True} if len(text) > TEXT_SHOWN else {}
                return {"content": text[:TEXT_SHOWN], **cut, "nodeId": node_id, "mediaType": "text"}
    return None
