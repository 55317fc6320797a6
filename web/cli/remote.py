"""``wireloom run --server``: the same run, on a server. Nothing here needs torch."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console

from engine.errors import InvalidWorkflow, UnsafePath
from engine.events import NodeFailure
from engine.exposed import Place
from engine.paths import safe_join
from engine.problems import NodeProblems, Problem
from web.cli.declared import registry_of
from web.cli.documents import Document, lowered_with
from web.cli.edits import edited
from web.cli.explaining import Explanation
from web.cli.progress import Show, progress
from web.cli.report import Report, Whereabouts, files_of
from web.cli.retelling import retold
from web.cli.terminal import FAILED, MISTAKE, Mistake, held_interrupt
from web.client import Client, ClientError, JobEvent, ServerRefused
from web.edits import with_inputs

LOCAL = (
    "data",
    "extra_model_paths",
    "packs",
    "cache_lru",
    "cache_classic",
    "cache_none",
    "early_cutoff",
    "write_infotext",
)
"""Flags that say how to run here."""
NODES = TypeAdapter(dict[str, NodeProblems])
KEYS = ("filename", "subfolder", "type")
LONGEST_NAME = 255
INVALID, NEEDS_TOKEN, NOT_FOUND = 400, 401, 404


def execute(document: Document, args: argparse.Namespace, report: Report) -> Whereabouts:
    """Run a document on the server; return where the files are that it fetched. Raises Mistake."""
    if senseless := [name for name in LOCAL if getattr(args, name)]:
        raise Mistake(f"--{senseless[0].replace('_', '-')} is about runs in this process, not on a server")
    started = time.monotonic()
    try:
        client = Client(args.server, args.token or os.environ.get("WIRELOOM_TOKEN"))
    except ValueError as error:
        raise Mistake(f"--server: {error}") from None
    try:
        with client:
            return _Remote(client, args, report).run(document)
    except ServerRefused as error:
        hint = "; give --token" if error.status == NEEDS_TOKEN else ""
        raise Mistake(f"{args.server}: {error}{hint}", MISTAKE if error.status < 500 else FAILED) from None
    except ClientError as error:
        raise Mistake(str(error), FAILED) from None
    finally:
        report.seconds = time.monotonic() - started


class _Remote:
    """One run; ``report`` hears of everything."""

    def __init__(self, client: Client, args: argparse.Namespace, report: Report) -> None:
        self._client, self._args, self._report = client, args, report
        self._last: str | None = None  # of the events that were shown

    def run(self, document: Document) -> Whereabouts:
        """The whole of it."""
        try:
            document = self._uploaded(edited(self._lowered(document), self._args))
        except InvalidWorkflow as invalid:
            self._report.reject(invalid.problem, invalid.node_problems)
            return _nowhere
        self._report.titles.update(document.titles())
        job_id: str | None = None
        try:
            with held_interrupt():  # the server has the job before it has answered
                job_id = self._submit(document)
            if job_id is None:
                return _nowhere
            self._follow(job_id)
        except KeyboardInterrupt:  # once cancels the job, twice leaves it to the server
            if job_id is None:
                raise
            self._client.cancel(job_id)
            self._follow(job_id)
        self._conclude(job_id)
        return self._fetched()

    def _lowered(self, document: Document) -> Document:
        if not document.is_ui:
            return document
        return lowered_with(document, registry_of(self._client.get("/object_info")))

    def _uploaded(self, document: Document) -> Document:
        """Send the files that were named, and let the workflow call them as the server does. Raises Mistake."""
        prompt = document.prompt
        for file in self._args.upload:
            names = {str(file), file.as_posix(), file.name}
            places = [place for place, value in _texts(prompt) if value in names]
            if not places:
                raise Mistake(f"--upload {file}: no input of the workflow names it; add --set NODE.INPUT={file}")
            if not file.is_file():
                raise Mistake(f"--upload {file}: there is no such file")
            prompt = with_inputs(prompt, dict.fromkeys(places, self._client.upload(file)))
        return Document(prompt, document.extra_pnginfo)

    def _submit(self, document: Document) -> str | None:
        """The job's id; None if the workflow cannot run."""
        try:
            job = self._client.submit(
                document.prompt, extra_pnginfo=dict(document.extra_pnginfo), embed=self._args.metadata
            )
        except ServerRefused as refused:
            if not refused.kind or refused.status != INVALID:
                raise
            problem = Problem(refused.kind, refused.message, refused.details, refused.extra_info)
            self._report.reject(problem, _hinted(NODES.validate_python(refused.node_errors), document.prompt))
            return None
        return job.id

    def _follow(self, job_id: str) -> None:
        """Show what happens until the job has ended."""
        with progress(Console(stderr=True), self._report.titles, lines=not self._args.json) as show:
            for event in self._client.events(job_id, self._last):
                self._last = event.id
                self._take(job_id, event, show)

    def _take(self, job_id: str, event: JobEvent, show: Show) -> None:
        if told := retold(job_id, event):
            self._report.take(told)
            show(told)
        if (job := event.job) and job.error:
            self._report.fail(NodeFailure(**job.error.model_dump()))

    def _conclude(self, job_id: str) -> None:
        """What the server's history says of the job; nothing if it never began."""
        entry = self._client.get(f"/history/{job_id}").get(job_id)
        if entry is None:
            return
        self._report.outputs = entry["outputs"]
        if self._args.explain:
            _, _, prompt, _, targets, *_ = entry["prompt"]
            self._report.explanation = Explanation(self._explained(job_id), prompt, targets)

    def _explained(self, job_id: str) -> dict[str, Any]:
        try:
            nodes: dict[str, Any] = self._client.get(f"/explain/{job_id}")["nodes"]
        except ServerRefused as refused:
            if refused.status != NOT_FOUND:
                raise
            return {}
        return nodes

    def _fetched(self) -> Whereabouts:
        """Write what the nodes show below ``--out``; return where each file is."""
        out = (self._args.out or Path()).expanduser().absolute()
        places: dict[tuple[str, str, str], Path] = {}
        for ui in self._report.outputs.values():
            for item in files_of(ui):
                content = self._client.request("GET", "/view", params=dict(zip(KEYS, _key(item), strict=True))).content
                places[_key(item)] = _kept(out, item, content)
        return lambda item: places[_key(item)]


def _key(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(item["filename"]), str(item.get("subfolder") or ""), str(item.get("type") or "output")


def _kept(out: Path, item: Mapping[str, Any], content: bytes) -> Path:
    """Write under the server's name, or a numbered one if another file has it. Raises Mistake."""
    name, subfolder, _ = _key(item)
    try:
        first = path = safe_join(out, subfolder, name)
    except UnsafePath:
        raise Mistake(f"the server calls a file {subfolder}/{name}, which leads out of {out}", FAILED) from None
    number = 1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while path.exists() and not (path.is_file() and path.read_bytes() == content):
            number += 1
            path = first.with_name(f"{first.stem} ({number}){first.suffix}")
        path.write_bytes(content)
    except OSError as error:
        raise Mistake(f"cannot write {path}: {error.strerror}", FAILED) from None
    return path


def _nowhere(item: Mapping[str, Any]) -> Path:
    raise LookupError(f"nothing was fetched, nor {item}")


def _texts(prompt: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """The constants that may name a file."""
    for node_id, node in prompt.items():
        for key, value in (node.get("inputs") or {}).items():
            if isinstance(value, str):
                yield Place(node_id, key), value


def _hinted(rejected: dict[str, NodeProblems], prompt: Mapping[str, Any]) -> dict[str, NodeProblems]:
    """Problems with an input that names a file which is here, and perhaps not there."""
    for place, value in _texts(prompt):
        node = rejected.get(place.node)
        if node and len(value) <= LONGEST_NAME and Path(value).is_file():
            errors = tuple(_about(each, value) if _blames(each, place) else each for each in node.errors)
            rejected[place.node] = replace(node, errors=errors)
    return rejected


def _blames(problem: Problem, place: Place) -> bool:
    return problem.extra_info.get("input_name") == place.input


def _about(problem: Problem, file: str) -> Problem:
    hint = f"{file} is a file here: --upload {file} sends it to the server"
    return replace(problem, extra_info={**problem.extra_info, "hint": hint})
