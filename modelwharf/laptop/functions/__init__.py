"""Lambda: every function runs in its own processes, with its role's credentials.

``pool``                the warm processes of all functions
``process``             one process, which has loaded a handler and answers calls in sequence
``runtime``             the program that runs in the process
``asynchronous_calls``  asynchronous calls and their retries
"""

from modelwharf.laptop.functions.pool import Functions, install

__all__ = ["Functions", "install"]
