"""How gunicorn serves the portal: `gunicorn --config python:portal.serving.gunicorn_settings`.

Two processes of four threads: pages mostly wait for the database, and one process may be lost.
"""

import ctypes
import os
import sys
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

from portal.extensions import db
from portal.serving.following import follow_parent
from portal.serving.masking import MaskTokens, mask, mask_request

bind = f"{os.environ.get('PORTAL_BIND') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
worker_class = "portal.serving.web_worker.WebWorker"  # slow people hold no thread
workers = 2
threads = 4
worker_connections = 400  # of 320 KiB at most: what slow senders can make one process hold
sendfile = False  # an answer is written to what holds the rest of it for a slow reader
timeout = 60
graceful_timeout = 20
preload_app = True  # one copy of the code in memory for both processes
control_socket_disable = True  # nothing is steered through a socket in somebody's home folder
accesslog = os.environ.get("PORTAL_ACCESS_LOG") or "-"
access_log_format = '%(h)s %(t)s "%(r)s" %(s)s %(b)s %(M)s ms'
loglevel = "warning"


_M_MMAP_THRESHOLD = -3  # <malloc.h>


class PortalLogger(Logger):
    """gunicorn's logs without the text of any link."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(MaskTokens())

    def atoms(
        self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> dict[str, Any]:
        found = super().atoms(resp, req, environ, request_time)
        masked = {k: mask(v) if isinstance(v, str) else v for k, v in found.items()}
        return masked | {"r": mask_request(found["r"])}


logger_class = PortalLogger


def on_starting(server: Any) -> None:
    """Started by `flask serve`, stops with it."""
    follow_parent()
    _give_memory_back()


def _give_memory_back() -> None:
    """Has the 19 MiB of a password hash returned as soon as it is made.

    glibc raises this threshold at the first large block it frees: each thread of each process would
    then keep one for ever. Inherited by the processes to come.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # other C libraries have no such threshold
        mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)


def post_fork(server: Any, worker: Any) -> None:
    """A connection opened before the fork belongs to the parent: forgotten, and not closed."""
    with server.app.wsgi().app_context():
        db.engine.dispose(close=False)
