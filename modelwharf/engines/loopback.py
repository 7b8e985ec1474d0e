"""Loopback addresses for the hosts of a job that runs in this machine's network.

Linux has all of 127.0.0.0/8 on ``lo``; macOS has only 127.0.0.1, until root adds more.
"""

import socket

NETWORK = "127.1"  # not 127.0: other programs listen there
JOBS = 256  # jobs with different addresses


def address(job: int, number: int) -> str:
    """Return the address of the host of that number, from 0; concurrent jobs do not share it."""
    return f"{NETWORK}.{job % JOBS}.{number + 1}"


def is_here(address: str) -> bool:
    """Whether a program of this machine can listen on the address."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
