"""A process that must not outlive the one that started it."""

import ctypes
import os
import signal
import sys

SUPERVISED = "PORTAL_SUPERVISED"
_PR_SET_PDEATHSIG = 1


def follow_parent() -> None:
    """Asks the kernel for a SIGTERM when the supervisor dies, even by kill -9.

    Does nothing when no supervisor started this process. Linux only: elsewhere a supervisor killed
    by force leaves its children, to be stopped by hand.
    """
    supervisor = os.environ.get(SUPERVISED)
    if not supervisor or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(supervisor):  # it died in between
        os.kill(os.getpid(), signal.SIGTERM)
