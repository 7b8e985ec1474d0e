"""``python -m localcloud``: without the garbage collector until the cloud is ready.

Half of the time in which moto is imported went to collections that found nothing: what a cloud
imports and makes at its start stays.
"""

import gc
import os
import sys

if __name__ == "__main__":
    gc.disable()
    from localcloud.program import main

    code = main()
    # Threads of moto may still wait for what no longer comes; everything of ours has ended.
    sys.stdout.flush()
    os._exit(code)
