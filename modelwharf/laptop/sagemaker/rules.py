"""The requests that SageMaker's API refuses before anything starts, with its own error texts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.exceptions import JsonRESTError

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
HYPERPARAMETERS = 100  # entries (CreateTrainingJob)
HYPERPARAMETER_KEY = 256  # characters
HYPERPARAMETER_VALUE = 2500  # characters
VARIABLES = 100  # entries of Environment
TRAINING_VARIABLE = 512  # characters of a key or a value (CreateTrainingJob)
PROCESSING_VARIABLE = 256  # characters (CreateProcessingJob)
METADATA = 50  # entries (CreateModelPackage)
METADATA_KEY = re.compile(r"[\w .:/=+@-]{1,128}")
METADATA_VALUE = re.compile(r"[\w .:/=+@-]{1,256}")


def invalid(message: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", message)


def in_use(message: str) -> JsonRESTError:
    return JsonRESTError("ResourceInUse", message)


def require_name(field: str, value: Any) -> str:
    """Check a SageMaker name: 1 to 63 letters, digits and inner hyphens."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise invalid(
            f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy "
            f"constraint: Member must satisfy regular expression pattern: {NAME.pattern}"
        )
    return value


def require_fields(request: Mapping[str, Any], names: Sequence[str]) -> None:
    missing = [name for name in names if not request.get(name)]
    if missing:
        raise invalid(
            f"1 validation error detected: Value null at '{missing[0]}' failed to satisfy "
            "constraint: Member must not be null"
        )


def require_hyperparameters(found: Mapping[str, Any]) -> None:
    """Check that all values are strings, as SageMaker passes them to the program."""
    if len(found) > HYPERPARAMETERS:
        raise invalid(f"HyperParameters has {len(found)} entries; at most {HYPERPARAMETERS}")
    for key, value in found.items():
        if not isinstance(value, str):
            raise JsonRESTError(
                "SerializationException",
                f"HyperParameters: {key} is {value!r}; every hyperparameter must be a string",
            )
        if len(key) > HYPERPARAMETER_KEY or len(value) > HYPERPARAMETER_VALUE:
            raise invalid(
                f"HyperParameters: {key[:40]} is too long; a key has at most "
                f"{HYPERPARAMETER_KEY} characters, a value {HYPERPARAMETER_VALUE}"
            )


def require_environment(found: Mapping[str, Any], limit: int) -> None:
    if len(found) > VARIABLES:
        raise invalid(f"Environment has {len(found)} entries; at most {VARIABLES}")
    for key, value in found.items():
        if len(key) > limit or len(value) > limit:
            raise invalid(
                f"1 validation error detected: Value at 'environment' failed to satisfy "
                f"constraint: {key[:40]} has more than {limit} characters"
            )
        if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", key):
            raise invalid(f"Environment: {key!r} is not the name of a variable")


def require_metadata(found: Mapping[str, str]) -> None:
    """Check CustomerMetadataProperties: letters, digits, spaces and a few punctuation marks."""
    if len(found) > METADATA:
        raise invalid(f"CustomerMetadataProperties has {len(found)} entries; at most {METADATA}")
    for key, value in found.items():
        for text, pattern in ((key, METADATA_KEY), (value, METADATA_VALUE)):
            if not pattern.fullmatch(text):
                raise invalid(
                    f"1 validation error detected: Value '{text}' at 'customerMetadataProperties' "
                    "failed to satisfy constraint: Member must satisfy regular expression "
                    f"pattern: {pattern.pattern}"
                )


def require_runtime(condition: Mapping[str, Any], most: int) -> None:
    seconds = condition.get("MaxRuntimeInSeconds", 1)
    if not 1 <= seconds <= most:
        raise invalid(f"MaxRuntimeInSeconds is {seconds}; it must be between 1 and {most} seconds")


def require_one_instance(place: str, count: int) -> None:
    """Check a limit of the laptop's, not of AWS's."""
    if count != 1:
        raise invalid(f"{place}.InstanceCount is {count}; the laptop's cloud has one instance")


def refuse_keys(place: str, found: Mapping[str, Any], unsupported: Sequence[str]) -> None:
    """Refuse settings that the laptop would otherwise silently ignore."""
    for key in unsupported:
        if found.get(key):
            raise invalid(f"{place}{key} is not supported by the laptop's cloud; leave it out")
