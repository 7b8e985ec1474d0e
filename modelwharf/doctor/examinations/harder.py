"""Why the three harder conditions matter, and what to change, for both kinds of image."""

from modelwharf.contracts.parameters import WRITABLE_ROOT

READ_ONLY_WHY = (
    "what a container writes beside /opt/ml and /tmp is lost with it and shares the disk of the "
    "host; a server on the laptop's cloud has a read-only root"
)
USER_WHY = (
    "SageMaker starts containers as root, so this costs nothing there; who drops root, there or "
    "elsewhere, is safer"
)
CHANGES = {
    "read_only": "write below /opt/ml or /tmp alone; a server that cannot, such as nginx with its "
    f"defaults, gets {WRITABLE_ROOT}=1 in deployment.environment",
    "user": "in the Dockerfile, make what the program reads readable to all (COPY --chmod=755 …), "
    "and do not bind ports below 1024 or write to root's folders",
    "isolated": "put what the program downloads into the image, or into a channel; let it carry "
    "on when metrics or logs cannot be sent",
}
