"""The document itself."""

from __future__ import annotations

import hashlib
from functools import cached_property

from aiohttp import web

from web.replies import dumps


class Document:
    """The document of an app, made when it is first asked for: the routes are all there by then."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    @cached_property
    def text(self) -> str:
        """As JSON."""
        from web.openapi.writing import describe  # few ask, and every start would wait for it

        return dumps(describe(self._app))

    @cached_property
    def tag(self) -> str:
        """Its ETag."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]


document_key = web.AppKey("document", Document)
