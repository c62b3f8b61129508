"""`python -m tenantry.tether PARENT MODULE ...`: run a module that is asked to end as soon as its parent is gone.

The kernel sends the signal, so nothing has to be running for it, and no moment is too early: a parent that died before
the request was made is noticed by the parent's id. Only Linux has this; elsewhere the guard ends what is left.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""`man PR_SET_PDEATHSIG`: kept by execve. "Parent" is the thread that forked, so `Tree.start` is for main threads."""


def main() -> None:
    """Tie this process to its parent and become the module."""
    parent, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != int(parent):
            sys.exit(1)
    os.execv(sys.executable, [sys.executable, "-m", *arguments])  # noqa: S606  our own interpreter and modules


if __name__ == "__main__":
    main()
