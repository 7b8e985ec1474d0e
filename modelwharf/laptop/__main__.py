"""``python -m modelwharf.laptop``: run the cloud. Garbage collection is off during the start.

Half of moto's import time went to collections that found nothing. The objects that a cloud imports
and creates at its start stay in use.
"""

import gc
import os
import sys

if __name__ == "__main__":
    gc.disable()
    from modelwharf.laptop.program import main

    code = main()
    # Threads of moto may still wait for events that will not come. Our own threads have ended.
    sys.stdout.flush()
    os._exit(code)
