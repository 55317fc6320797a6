"""Writes the document: every route with what is said beside its handler."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, get_args

from aiohttp import web
from pydantic import BaseModel

from web.keys import settings_key
from web.openapi.routes import ONE_PART, Route, routes_of
from web.openapi.schemas import Mode, Schema, Schemas
from web.openapi.words import ABOUT, TAGS
from web.operations import Media, Operation, operation_of
from web.routes.system import version_of
from web.safety import access
from web.schemas import Refusal
from web.settings import Settings

VERSION = "3.1.0"
"""Its schemas are of JSON Schema 2020-12, as those of pydantic are."""
JSON = "application/json"
WORDS = frozenset({"text/plain", "text/html", "text/css", "text/javascript"})
"""Media types of answers that are one text."""
ANYTHING = frozenset({ONE_PART, ".+"})
"""Patterns of parameters that say no more than that something is there."""
TEXT = Media("text/plain")


def describe(app: web.Application) -> dict[str, Any]:
    """The OpenAPI document of an app, for the routes whose handlers have an ``@operation``."""
    said = [(route, found) for route in routes_of(app) if (found := operation_of(route.handler))]
    schemas = Schemas(kind for _, operation in said for kind in _kinds(operation))
    ways = _ways_to_show_a_token(app[settings_key])
    uses = Counter(route.handler for route, _ in said)
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in said:
        writer = _Writer(route, operation, schemas, guarded=bool(ways))
        name = _name(route, shared=uses[route.handler] > 1)
        paths.setdefault(route.path, {})[route.method.lower()] = {"operationId": name, **writer.written()}
    return {
        "openapi": VERSION,
        "info": {"title": "wireloom", "version": version_of("wireloom") or "0", "description": ABOUT},
        "tags": [{"name": name, "description": line} for name, line in TAGS.items()],
        "paths": paths,
        "components": {"schemas": schemas.components, **({"securitySchemes": ways} if ways else {})},
        **({"security": [{way: []} for way in ways]} if ways else {}),
    }


def _ways_to_show_a_token(settings: Settings) -> dict[str, Any]:
    if settings.token is None:
        return {}
    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "query": {"type": "apiKey", "in": "query", "name": access.QUERY},
        "cookie": {"type": "apiKey", "in": "cookie", "name": access.cookie_name(settings)},
    }


def _name(route: Route, *, shared: bool) -> str:
    """``queue_show``: the module and the handler; if it has several routes, the method and the path besides."""
    module = route.handler.__module__.removeprefix("web.").removeprefix("routes.")
    parts = [module, route.handler.__name__, *((route.method.lower(), route.path) if shared else ())]
    return re.sub(r"[^A-Za-z0-9]+", "_", " ".join(parts)).strip("_")


def _kinds(operation: Operation) -> Iterator[tuple[Any, Mode]]:
    """The types whose schemas an operation needs."""
    for kind in (operation.query, operation.headers, operation.body, operation.form):
        if kind is not None and not isinstance(kind, Media):
            yield kind, "validation"
    yield Refusal, "serialization"
    for answer in operation.answers.values():
        for kind in _each(answer):
            if kind is not None and not isinstance(kind, Media):
                yield kind, "serialization"


def _each(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


class _Writer:
    """Writes one operation."""

    def __init__(self, route: Route, operation: Operation, schemas: Schemas, *, guarded: bool) -> None:
        self._route, self._operation, self._schemas, self._guarded = route, operation, schemas, guarded

    def written(self) -> dict[str, Any]:
        handler, operation = self._route.handler, self._operation
        summary, _, more = (inspect.getdoc(handler) or "").partition("\n\n")
        parts: dict[str, Any] = {
            "tags": [operation.tag],
            "summary": " ".join(summary.replace("``", "").split()),
        }
        if more:
            parts["description"] = more
        if found := [
            *self._in_path(),
            *self._fields(operation.query, "query"),
            *self._fields(operation.headers, "header"),
        ]:
            parts["parameters"] = found
        if body := self._body():
            parts["requestBody"] = body
        return {**parts, "responses": self._responses()}

    def _in_path(self) -> Iterator[dict[str, Any]]:
        for name, pattern in self._route.parameters.items():
            schema: Schema = {"type": "string", "minLength": 1}
            if pattern not in ANYTHING:
                schema["pattern"] = f"^(?:{pattern})$"
            yield {"name": name, "in": "path", "required": True, "schema": schema}

    def _fields(self, model: type[BaseModel] | None, place: str) -> Iterator[dict[str, Any]]:
        if model is None:
            return
        whole = self._schemas.taken_apart(model)
        for name, schema in whole.get("properties", {}).items():
            given = _given(schema)
            parameter = {"name": name, "in": place, "required": name in whole.get("required", ()), "schema": given}
            if description := given.pop("description", None):
                parameter["description"] = description
            if given.get("type") == "array":
                parameter["explode"] = False  # with commas between the items
            yield parameter

    def _body(self) -> dict[str, Any] | None:
        operation = self._operation
        if operation.form is not None:
            schema = self._schemas.of(operation.form, "validation")
            return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
        if operation.body is None:
            return None
        may_be_missing = type(None) in get_args(operation.body)
        return {"required": not may_be_missing, "content": self._content([operation.body], "validation")}

    def _responses(self) -> dict[str, Any]:
        answers = {status: list(_each(answer)) for status, answer in self._operation.answers.items()}
        for status, kind in self._common():
            answers.setdefault(status, []).append(kind)
        responses: dict[str, Any] = {}
        for status, kinds in sorted(answers.items()):
            response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
            if content := self._content(kinds, "serialization"):
                response["content"] = content
            responses[str(status)] = response
        return responses

    def _common(self) -> Iterator[tuple[int, Any]]:
        """What the middlewares answer."""
        operation = self._operation
        takes_body = operation.body is not None or operation.form is not None
        if takes_body or operation.query or operation.headers or self._route.parameters:
            yield 400, Refusal
        if self._guarded:
            yield 401, Refusal
        yield 403, Refusal
        if not ANYTHING.issuperset(self._route.parameters.values()):
            yield 404, TEXT  # no route is that of another value
        if takes_body:
            yield 413, Refusal

    def _content(self, kinds: Iterable[Any], mode: Mode) -> dict[str, Any]:
        content: dict[str, Any] = {}
        schemas: list[Schema] = []
        for kind in kinds:
            if isinstance(kind, Media):
                content |= {name: {"schema": {"type": "string"}} if name in WORDS else {} for name in kind.types}
            elif kind is not None and (schema := self._schemas.of(kind, mode)) not in schemas:
                schemas.append(schema)
        if schemas:
            content[JSON] = {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
        return content


def _given(schema: Schema) -> Schema:
    """The schema of a field in a query: it is there or it isn't, but never null."""
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    if "default" in schema and schema["default"] is not None:
        kept["default"] = schema["default"]
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        return {**options[0], **kept}
    return {**kept, **({"anyOf": options} if options else {})}
