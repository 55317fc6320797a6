"""A process that must not outlive the one that started it."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import threading

PR_SET_PDEATHSIG = 1


def die_with_parent(link: socket.socket) -> None:
    """End this process as soon as the one at the other end of ``link`` has gone.

    A thread watches the socket. On Linux the system kills as well, for native code that lets no other thread run: when
    the thread ends that started this process.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    poller = select.poll()
    poller.register(link, 0)  # nothing but that the other end hung up, which needs no asking

    def wait() -> None:
        poller.poll()
        os._exit(1)

    threading.Thread(target=wait, name="watch the server", daemon=True).start()
