"""How gunicorn serves the portal: `gunicorn --config python:portal.serving.gunicorn_settings`.

Two processes of four threads: pages mostly wait for the database, and one process may be lost.
"""

import os
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

from portal.extensions import db
from portal.serving.following import follow_parent
from portal.serving.masking import MaskTokens, mask

bind = f"{os.environ.get('PORTAL_BIND') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
worker_class = "portal.serving.arrivals.ArrivalWorker"  # slow senders hold no thread
workers = 2
threads = 4
worker_connections = 400  # of 320 KiB at most: what slow senders can make one process hold
timeout = 60
graceful_timeout = 20
preload_app = True  # one copy of the code in memory for both processes
control_socket_disable = True  # nothing is steered through a socket in somebody's home folder
accesslog = os.environ.get("PORTAL_ACCESS_LOG") or "-"
access_log_format = '%(h)s %(t)s "%(r)s" %(s)s %(b)s %(M)s ms'
loglevel = "warning"


class PortalLogger(Logger):
    """gunicorn's logs without the text of any link."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(MaskTokens())

    def atoms(
        self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> dict[str, Any]:
        found = super().atoms(resp, req, environ, request_time)
        return {k: mask(v) if isinstance(v, str) else v for k, v in found.items()}


logger_class = PortalLogger


def on_starting(server: Any) -> None:
    """Started by `flask serve`, stops with it."""
    follow_parent()


def post_fork(server: Any, worker: Any) -> None:
    """A connection opened before the fork belongs to the parent: forgotten, and not closed."""
    with server.app.wsgi().app_context():
        db.engine.dispose(close=False)
