"""One server, as its users call it."""

from __future__ import annotations

import ipaddress
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from web.client.errors import CannotReach, StrangeAnswer, refused
from web.client.streams import JobEvent, follow
from web.v1.schemas import (
    File,
    JobPage,
    JobRequest,
    JobSummary,
    JobView,
    State,
    Webhook,
    WorkflowEntry,
    WorkflowList,
    WorkflowSignature,
)

M = TypeVar("M", bound=BaseModel)

CONNECT_S, ANSWER_S = 10.0, 300.0
"""A server that has just started loads its node types before it answers."""


class Options(TypedDict, total=False):
    """How a job is queued: what ``web.v1.schemas.JobRequest`` says of these."""

    outputs: list[str]
    webhook: Webhook
    metadata: dict[str, Any]
    extra_pnginfo: dict[str, Any]
    front: bool
    priority: float
    embed: Literal["none", "recipe", "full"]


class Client:
    """A wireloom server. Every method may raise ServerRefused and CannotReach.

    >>> with Client("http://127.0.0.1:8188") as client:
    ...     job = client.run("text_to_image", {"KSampler.seed": 7})
    ...     for output in job.outputs.values():
    ...         for file in output.files:
    ...             written = Path(file.filename).write_bytes(client.download(file))
    """

    def __init__(self, url: str = "http://127.0.0.1:8188", token: str | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"a server's address begins with http:// or https://, got {url!r}")
        try:
            address = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise ValueError(f"{url!r} is no address: {error}") from None
        # Reading the system's certificates takes 0.1 s, and a context without any trusts nobody.
        trust = True if address.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        headers = {"User-Agent": "wireloom-client"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.url = url.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.url,
            headers=headers,
            timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S),
            verify=trust,
            trust_env=not _is_loopback(address.host),  # no proxy leads back to this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(
        self,
        workflow: Mapping[str, Any] | str | Path,
        inputs: Mapping[str, Any] | None = None,
        *,
        wait: float | None = None,
        on_event: Callable[[JobEvent], object] | None = None,
        **options: Unpack[Options],
    ) -> JobView:
        """Submit a job and return it when it has ended; ``options`` are as for ``submit``.

        After ``wait`` seconds it is returned as it is then. ``on_event`` hears of what happens meanwhile. A job that
        failed is returned too, not raised: see its ``state`` and ``error``.
        """
        job = self.submit(workflow, inputs, **options)
        for event in self.events(job.id, within=wait):
            if on_event:
                on_event(event)
            if ended := event.job:
                return ended
        return self.job(job.id)

    def submit(
        self,
        workflow: Mapping[str, Any] | str | Path,
        inputs: Mapping[str, Any] | None = None,
        **options: Unpack[Options],
    ) -> JobView:
        """Queue a workflow in either format, the one in a file (a ``Path``), or one that the server knows by name.

        ``inputs`` sets constants, by the names that the workflow exposes or as ``NODE.INPUT``.
        """
        asked = JobRequest(workflow=_workflow(workflow), inputs=dict(inputs or {}), **options)
        return self._model(JobView, "POST", "/v1/jobs", json=asked.model_dump(mode="json", exclude_defaults=True))

    def job(self, job_id: str) -> JobView:
        """A job as it is now."""
        return self._model(JobView, "GET", _job(job_id))

    def jobs(self, *states: State) -> Iterator[JobSummary]:
        """Jobs in one of these states, or all, newest first. They are asked for page by page."""
        params = {"state": ",".join(states)} if states else {}
        while True:
            page = self._model(JobPage, "GET", "/v1/jobs", params=params)
            yield from page.jobs
            if page.next is None:
                return
            params["cursor"] = page.next

    def cancel(self, job_id: str) -> JobView:
        """Take a job out of the queue, or stop it if it runs; return it as it is then."""
        return self._model(JobView, "DELETE", _job(job_id))

    def events(self, job_id: str, after: str | None = None, *, within: float | None = None) -> Iterator[JobEvent]:
        """What happens in a job, from its beginning or after the event of that id, until it ends.

        A line that is cut is taken up again where it was: no event is lost, none comes twice. It stops after ``within``
        seconds even if the job has not ended.
        """
        return follow(self._http, f"{_job(job_id)}/events", after, within)

    def workflows(self) -> list[WorkflowEntry]:
        """The workflows that can be run by name."""
        return self._model(WorkflowList, "GET", "/v1/workflows").workflows

    def signature(self, name: str) -> WorkflowSignature:
        """What a workflow takes and gives."""
        return self._model(WorkflowSignature, "GET", f"/v1/workflows/{quote(name, safe='')}")

    def upload(self, source: Path | bytes, name: str | None = None, *, subfolder: str = "") -> str:
        """Send a file to the server's input folder; return what a ``LoadImage`` calls it.

        ``bytes`` need a ``name``. If another file has it already, a number is added.
        """
        content = source.read_bytes() if isinstance(source, Path) else source
        name = name or (source.name if isinstance(source, Path) else "")
        if not name:
            raise ValueError("bytes are uploaded under a name: upload(data, 'cat.png')")
        answer = self.request("POST", "/upload/image", files={"image": (name, content)}, data={"subfolder": subfolder})
        kept = answer.json()
        return f"{kept['subfolder']}/{kept['name']}" if kept["subfolder"] else str(kept["name"])

    def download(self, file: File) -> bytes:
        """The content of a file that a job wrote."""
        return self.request("GET", file.url).content

    def get(self, path: str) -> Any:
        """The JSON behind any other path, such as ``get("/system_stats")``."""
        try:
            return self.request("GET", path).json()
        except ValueError as error:
            raise StrangeAnswer(f"{self.url}{path} gives no JSON: {error}") from None

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Any other call; ``options`` are httpx's."""
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError(f"{path!r} is no path on the server; the token goes nowhere else")
        try:
            answer = self._http.request(method, path, **options)
        except httpx2.TransportError as error:
            raise CannotReach(f"no answer from {self.url}: {error}") from error
        if not answer.is_success:
            raise refused(answer)
        return answer

    def _model(self, model: type[M], method: str, path: str, **options: Any) -> M:
        content = self.request(method, path, **options).content
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            raise StrangeAnswer(f"{self.url}{path} does not answer as wireloom does: {error}") from None


def _workflow(workflow: Mapping[str, Any] | str | Path) -> dict[str, Any] | str:
    if isinstance(workflow, Path):
        found = json.loads(workflow.read_bytes())
        if not isinstance(found, dict):
            raise ValueError(f"{workflow} holds no workflow")
        return found
    return workflow if isinstance(workflow, str) else dict(workflow)


def _job(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
