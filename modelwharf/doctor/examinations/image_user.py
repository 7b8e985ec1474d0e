"""The image does not set the user that it starts as."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.images import ReadyImage

_WHY = (
    "/opt/ml belongs to root, and SageMaker expects containers that start as root (developer "
    'guide, "Custom Inference Code with Hosting Services")'
)
TRAINING = Check("train-user", ImageRole.TRAINING, _WHY)
INFERENCE = Check("serve-user", ImageRole.INFERENCE, _WHY)
ROOT = ("", "0", "root")


CHANGE = (
    "leave USER out of the Dockerfile, and let the program drop root once /opt/ml is its own (as "
    "gosu does)"
)


def other_than_root(image: ReadyImage) -> str:
    """Return the user that the image starts as; empty for root."""
    user = image.config.user
    return "" if user.partition(":")[0] in ROOT else user


def examine(check: Check, image: ReadyImage, unsupported: tuple[str, ...]) -> Finding:
    if "user" in unsupported:
        return check.skipped("this engine runs everything as you: it needs Docker or podman")
    user = other_than_root(image)
    if not user:
        return check.passed("starts as root")
    return check.warned(f"the image says USER {user}", change=CHANGE)
