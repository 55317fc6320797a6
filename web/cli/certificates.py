"""A start without the system's certificates: aiohttp reads them twice as it is imported, a tenth of the whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

WHERE = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where OpenSSL looks, if these are set."""


@contextmanager
def unread_certificates() -> Iterator[None]:
    """Meanwhile TLS contexts come without any, and so trust nobody; who calls others by TLS makes one afterwards."""
    before = {name: os.environ.get(name) for name in WHERE}
    os.environ.update(dict.fromkeys(WHERE, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
