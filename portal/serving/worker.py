"""The process that carries out the tasks: started, watched and stopped."""

import logging
import os
import signal
import threading

from portal.documents import press
from portal.serving import health
from portal.signature import service as signatures
from portal.tasks import WORKERS, App, queue_of

IDLE = 0.2  # seconds between two looks at an empty queue
HEALTH_TICKS = 50  # looks at the threads every 50 × IDLE seconds
SHUTDOWN = 20  # seconds left to a task on its way when the worker is asked to stop

log = logging.getLogger(__name__)


def run(app: App, *, warm: bool = True) -> None:
    """Carries out tasks until SIGTERM or SIGINT, then ends what it has begun and returns.

    What the last worker left behind is taken up at once. `warm` starts the press beforehand, so
    that the first papers of the day are made as fast as the others.
    """
    queue = queue_of(app.config["PORTAL"].queue)
    queue.huey.flush()  # what it held stands in the rows, and the first sweep reads them
    consumer = queue.huey.create_consumer(
        workers=WORKERS,
        worker_type="thread",
        initial_delay=IDLE / 4,
        max_delay=IDLE,
        scheduler_interval=1,
        shutdown_timeout=SHUTDOWN,
        graceful_signal="TERM",
    )
    consumer.start()
    stop = queue.stopping
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("worker %s ready", os.getpid())
    if warm:
        threading.Thread(target=_warm_up, daemon=True).start()
    data = app.config["PORTAL"].data
    health.beat(data)
    ticks = 0
    while not stop.wait(IDLE):
        ticks += 1
        if ticks % HEALTH_TICKS == 0:
            consumer.check_worker_health()
            health.beat(data)
    consumer.stop(graceful=True)


def _warm_up() -> None:
    try:
        press.print_pdf("<html><body><p>.</p></body></html>")
        signatures.warm_up()
    except press.PressError as error:
        # also when the worker is asked to stop meanwhile: papers say on their rows what they lack
        log.warning("the press did not warm up: %s", error)
