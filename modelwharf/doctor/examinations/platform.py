"""The image is built for the instances that it will run on."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.images import ReadyImage

_WHY = (
    "an ml.* instance with Intel or AMD processors runs linux/amd64 alone; another platform ends "
    "as `exec format error` after the instance has been paid for; and SageMaker takes one "
    "image, no list of images (CreateModel: Unsupported manifest media type)"
)
TRAINING = Check("train-platform", ImageRole.TRAINING, _WHY)
INFERENCE = Check("serve-platform", ImageRole.INFERENCE, _WHY)


def examine(
    check: Check, image: ReadyImage, platform: str, unsupported: tuple[str, ...]
) -> Finding:
    if "platform" in unsupported:
        return check.skipped("this engine builds for no platform: it needs Docker or podman")
    if image.list_type:
        return check.failed(
            f"{image.name} is a list of images ({image.list_type})",
            change=f"push one image: docker buildx build --platform {platform} --provenance=false "
            "--output type=docker …, or podman push of the image itself",
        )
    if image.config.platform == platform:
        return check.passed(platform)
    return check.failed(
        f"the image is {image.config.platform}, not {platform}",
        change=f"build it with: docker build --platform {platform} …, or begin the Dockerfile with "
        f"FROM --platform={platform} …",
    )
