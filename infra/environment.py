"""The environment of all functions, which ``lambdas/environment.py`` reads."""

from infra.execution_roles import ExecutionRoles
from infra.names import Names
from infra.settings import Settings
from infra.storage import Storage
from infra.topics import Topics


def environment(
    *,
    settings: Settings,
    names: Names,
    storage: Storage,
    topics: Topics,
    roles: ExecutionRoles,
    state_machine_arn: str,
) -> dict[str, str]:
    return {
        "WHARF_PROJECT": settings.project,
        "WHARF_LEDGER_TABLE": storage.dynamodb_table.table_name,
        "WHARF_DATA_BUCKET": storage.data_bucket.bucket_name,
        "WHARF_ARTIFACT_BUCKET": storage.artifact_bucket.bucket_name,
        "WHARF_STORAGE_KEY_ARN": storage.kms_key.key_arn,
        "WHARF_NOTIFICATIONS_TOPIC_ARN": topics.notifications.topic_arn,
        "WHARF_STATE_MACHINE_ARN": state_machine_arn,
        "WHARF_CODE_REPOSITORY": names.code_repository,
        "WHARF_BUILD_PROJECT": names.build_project,
        "WHARF_TRAINING_REPOSITORY": names.image_repository("training"),
        "WHARF_INFERENCE_REPOSITORY": names.image_repository("inference"),
        "WHARF_PREPARE_ROLE_ARN": roles.prepare.role_arn,
        "WHARF_TRAIN_ROLE_ARN": roles.train.role_arn,
        "WHARF_SERVE_ROLE_ARN": roles.serve.role_arn,
        "WHARF_MODEL_PACKAGE_GROUP": names.model_package_group,
        "WHARF_ENDPOINT": names.endpoint,
        "WHARF_SWEEP_AFTER_SECONDS": str(settings.sweep_after_seconds),
        "WHARF_LOST_PUSH_AFTER_SECONDS": str(settings.lost_push_after_seconds),
        "WHARF_EIA_KEY_PARAMETER": names.eia_key_parameter,
        "WHARF_EIA_URL": settings.eia_url,
        "POWERTOOLS_SERVICE_NAME": names.stack,
        "POWERTOOLS_LOG_LEVEL": settings.log_level,
    }
