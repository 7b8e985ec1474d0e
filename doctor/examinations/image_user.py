"""The image leaves it to SageMaker as whom it starts."""

from contracts.examination import Finding, ImageRole
from doctor.check import Check
from doctor.images import ReadyImage

_WHY = (
    "/opt/ml belongs to root, and SageMaker expects containers that start as root (developer "
    'guide, "Custom Inference Code with Hosting Services")'
)
TRAINING = Check("train-user", ImageRole.TRAINING, _WHY)
INFERENCE = Check("serve-user", ImageRole.INFERENCE, _WHY)
ROOT = ("", "0", "root")


def look(check: Check, image: ReadyImage, lacks: tuple[str, ...]) -> Finding:
    if "user" in lacks:
        return check.skipped("this engine runs everything as you: it needs Docker or podman")
    user = image.config.user
    if user.partition(":")[0] in ROOT:
        return check.passed("starts as root")
    return check.warned(
        f"the image says USER {user}",
        change="leave USER out of the Dockerfile, and let the program drop root once /opt/ml is "
        "its own (as gosu does)",
    )
