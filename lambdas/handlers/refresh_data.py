"""Refresh: update the inputs that name an EIA series; new content starts a release."""

from collections.abc import Mapping
from datetime import date

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from lambdas.archive import read_object
from lambdas.eia import REGISTER, fetch_series
from lambdas.entry import entry
from lambdas.errors import SeriesUnavailable, code_of
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.settings import read_data
from modelwharf.contracts.parameters import EiaSeries


class Schedule(BaseModel):
    """The scheduled event; none of its fields is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def refresh_data(runtime: Runtime) -> tuple[str, ...]:
    """Return the names of the inputs that got new content.

    Raises SeriesUnavailable, after every series was tried, and InvalidParameter.
    """
    data = read_data(runtime.clients.ssm, runtime.environment.project)
    inputs = {name: item for name, item in data.inputs.items() if item.eia is not None}
    if not inputs:
        logger.info("no input names an EIA series")
        return ()
    key = read_key(runtime)
    changed: list[str] = []
    findings: list[str] = []
    for name, item in inputs.items():
        try:
            if item.eia is not None and refresh(runtime, item.key, item.eia, key):
                changed.append(name)
        except SeriesUnavailable as error:
            findings.append(f"input {name!r}: {error}")
    logger.info("refreshed", changed=changed, unchanged=len(inputs) - len(changed))
    if findings:
        raise SeriesUnavailable("; ".join(findings))
    return tuple(changed)


def refresh(runtime: Runtime, object_key: str, series: EiaSeries, api_key: str) -> bool:
    """Write the object if its content is new, and return whether it was."""
    content = as_csv(fetch_series(runtime.environment.eia_url, api_key, series)).encode()
    bucket = runtime.environment.data_bucket
    if read_object(runtime.clients.s3, f"s3://{bucket}/{object_key}") == content:
        return False
    runtime.clients.s3.put_object(
        Bucket=bucket, Key=object_key, Body=content, ContentType="text/csv"
    )
    return True


def as_csv(series: Mapping[date, float]) -> str:
    lines = [f"{day.isoformat()},{value!r}" for day, value in series.items()]
    return "\n".join(["Date,Price", *lines, ""])


def read_key(runtime: Runtime) -> str:
    """Return the team's API key. Raises SeriesUnavailable, which says how to set it."""
    name = runtime.environment.eia_key_parameter
    try:
        parameter = runtime.clients.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        raise SeriesUnavailable(
            f"there is no EIA key in {name}; a key is free at {REGISTER}; put it there: "
            f"aws ssm put-parameter --type SecureString --name {name} --value <key>"
        ) from None
    return parameter["Value"].strip()


@entry(Schedule)
def handler(event: Schedule, runtime: Runtime) -> None:
    refresh_data(runtime)
