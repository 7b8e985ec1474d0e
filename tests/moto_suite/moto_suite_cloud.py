"""A cloud of ours without a stack, or stock moto: ``moto_suite_cloud.py DIRECTORY``.

Writes its address and key as one line of JSON, and serves until its standard input ends.
WHARF_MOTO_STOCK asks for moto as it is shipped.
"""

import json
import os
import sys
from pathlib import Path

REGION = "us-east-1"  # of most of moto's tests


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[2]))
    for name in [name for name in os.environ if name.startswith(("AWS_", "TEST_SERVER_MODE"))]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    if os.environ.get("WHARF_MOTO_STOCK"):
        from moto.server import ThreadedMotoServer

        stock = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        stock.start()
        host, port = stock.get_host_and_port()
        said = (f"http://{host}:{port}", "stock", "stock")
    else:
        from modelwharf.laptop.server import Server

        server = Server(Path(sys.argv[1]) / "cloud", region=REGION)
        key = server.cloud.root_key
        said = (server.cloud.url, key.access_key_id, key.secret_access_key)
    print(json.dumps(said), flush=True)
    sys.stdin.read()
    sys.stdout.flush()
    if not os.environ.get("WHARF_MOTO_STOCK"):
        server.stop()
    os._exit(0)


main()
