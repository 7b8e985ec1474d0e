"""Lambda: every function runs in processes of its own, with its role's credentials.

``pool``                the warm processes of all functions
``process``             one process: it has loaded a handler and answers call after call
``runtime``             the program that runs in it
``asynchronous_calls``  calls that nobody waits for, and their retries
"""

from localcloud.functions.pool import Functions, install

__all__ = ["Functions", "install"]
