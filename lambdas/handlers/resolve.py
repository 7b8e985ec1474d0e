"""Resolve: turn the pinned versions into a plan, or report every reason against one."""

import re
from pathlib import PurePosixPath

from botocore.exceptions import ClientError

from lambdas.account_quotas import required_quotas
from lambdas.archive import MISSING_CODES
from lambdas.base_image import BaseImage
from lambdas.build import QUEUE_MINUTES
from lambdas.entry import entry
from lambdas.errors import MissingData, code_of
from lambdas.image_tags import tag_of
from lambdas.probe import probe_faults
from lambdas.repository import MissingPath, Repository
from lambdas.runtime import Runtime
from lambdas.settings import read_pinned
from modelwharf.contracts.image_reference import ImageReference
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.parameters import DEFAULT_VERSION, ImageSource, Parameters, Source
from modelwharf.contracts.release import ImagePlan, ImagePlans, Plan, ReleaseDocument, Timeouts
from modelwharf.contracts.section_text import InvalidParameter

# Seconds that a state waits beyond the service's own limit on its job: SageMaker counts a job's
# runtime only after its instances have started and its data is loaded.
BUILD_MARGIN = QUEUE_MINUTES * 60 + 300
JOB_MARGIN = 3600
UPDATE_MARGIN = 600

# Instance families of Graviton: a digit, then g (m6g, c7gn, g5g); g5 and g4dn are not.
ARM_INSTANCE = re.compile(r"^ml\.[a-z]+\d+g[a-z]*\.")


def resolve(runtime: Runtime, document: ReleaseDocument) -> ReleaseDocument:
    """Add the plan.

    Raises InvalidParameter, UnknownCommit, MissingData, QuotaTooSmall; Throttled and ServiceFault:
    try again.
    """
    parameters = read_pinned(
        runtime.clients.ssm,
        document.project,
        document.trigger.parameter_versions,
        document.trigger.configuration,
    )
    refuse_arm(document.project, parameters)
    images = plan_images(runtime, document, parameters)
    require_data(runtime, document, parameters)
    quotas, notices = required_quotas(runtime, document, parameters)
    plan = Plan(
        source=parameters.source,
        data=parameters.data,
        training=parameters.training,
        quality=parameters.quality,
        deployment=parameters.deployment,
        notifications=parameters.notifications,
        images=images,
        timeouts=timeouts(parameters),
        quotas=quotas,
        notices=notices,
    )
    return document.model_copy(update={"plan": plan})


def refuse_arm(project: str, parameters: Parameters) -> None:
    """Refuse ARM instances: an x86 image fails on them with "exec format error" after minutes."""
    platform = parameters.source.platform
    used = {
        "data": parameters.data.instance_type,
        "training": parameters.training.instance_type,
        "deployment": parameters.deployment.instance_type,
    }
    findings = [
        f"{parameter_path(project, section)}: instance_type is {instance!r}, an Arm machine, but "
        f"source.platform is {platform!r}; allowed are instances of that platform, "
        "such as 'ml.m5.large'"
        for section, instance in used.items()
        if ARM_INSTANCE.match(instance)
    ]
    if findings:
        raise InvalidParameter("; ".join(findings))


def plan_images(runtime: Runtime, document: ReleaseDocument, parameters: Parameters) -> ImagePlans:
    """Plan the images from the commit and the parameters; check the probe's file as well.

    Raises InvalidParameter with all findings; UnknownCommit, Throttled, ServiceFault.
    """
    repository = Repository(runtime.clients.codecommit, runtime.environment.code_repository)
    findings = probe_faults(runtime, document, parameters.deployment.probe)
    source, names = parameters.source, runtime.environment
    try:
        source = with_base_pinned(runtime, document, source)
    except InvalidParameter as finding:
        findings.append(str(finding))
    wanted = {
        "training": (source.training_image, names.training_repository),
        "inference": (source.inference_image, names.inference_repository),
    }
    plans: dict[str, ImagePlan] = {}
    for kind, (image, registry) in wanted.items():
        try:
            tag = tag_of(repository, document.trigger.commit, source, image)
        except MissingPath as missing:
            findings.append(_missing_path(document, kind, image, str(missing)))
            continue
        plans[kind] = ImagePlan(
            repository=registry,
            dockerfile=image.dockerfile,
            tag=tag,
            base_image=source.base_image,
            platform=source.platform,
        )
    if findings:
        raise InvalidParameter("; ".join(findings))
    return ImagePlans(**plans)


def with_base_pinned(runtime: Runtime, document: ReleaseDocument, source: Source) -> Source:
    """Return the section with the base image by its digest, which the images' tags then cover.

    Raises InvalidParameter, Throttled, ServiceFault.
    """
    if not source.base_image:
        return source
    base = BaseImage(
        reference=ImageReference.parse(source.base_image),
        path=parameter_path(document.project, "source"),
        registry=runtime.environment.base_registry,
    )
    return source.model_copy(update={"base_image": base.pinned()})


def _missing_path(document: ReleaseDocument, kind: str, image: ImageSource, path: str) -> str:
    context = () if image.context == "." else (image.context,)
    return (
        f"{parameter_path(document.project, 'source')}: {kind}_image is made of "
        f"{', '.join((image.dockerfile, *image.inputs, *context))}, but commit "
        f"{document.trigger.commit[:7]} has no {path!r}; name what the repository has (git "
        "ls-tree -r --name-only HEAD), or commit it and push"
    )


def require_data(runtime: Runtime, document: ReleaseDocument, parameters: Parameters) -> None:
    """Raise MissingData, which names every input that is not in the data bucket."""
    bucket = runtime.environment.data_bucket
    missing = [
        f"input {name!r} is not there: s3://{bucket}/{source.key}; put it: "
        f"wharf data put {name} FILE{PurePosixPath(source.key).suffix}"
        for name, source in parameters.data.inputs.items()
        if not _pinned_exists(runtime, source.key, document.trigger.data_versions.get(name))
    ]
    if missing:
        if document.trigger.parameter_versions.get("data") == DEFAULT_VERSION:
            path = parameter_path(document.project, "data")
            missing.append(
                f"{path} is not set, so the inputs are the default ones; name your own: "
                "in modelwharf.toml, then wharf config apply; or wharf config put data FILE"
            )
        raise MissingData("; ".join(missing))


def _pinned_exists(runtime: Runtime, key: str, version: str | None) -> bool:
    if version is None:
        return False
    try:
        runtime.clients.s3.head_object(
            Bucket=runtime.environment.data_bucket, Key=key, VersionId=version
        )
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        return False
    return True


def timeouts(parameters: Parameters) -> Timeouts:
    """Return the states' timeouts, each longer than the service's own limit.

    So the service's limit ends the job first, and people read the service's reason.
    """
    return Timeouts(
        build=parameters.source.build_timeout_seconds + BUILD_MARGIN,
        prepare=parameters.data.max_runtime_seconds + JOB_MARGIN,
        train=parameters.training.max_runtime_seconds + JOB_MARGIN,
        approve=parameters.deployment.approval_timeout_seconds,
        deploy=parameters.deployment.update_timeout_seconds + UPDATE_MARGIN,
    )


@entry(ReleaseDocument)
def handler(document: ReleaseDocument, runtime: Runtime) -> ReleaseDocument:
    return resolve(runtime, document)
