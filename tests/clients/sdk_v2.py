"""What an engineer types into SageMaker's SDK v2; nothing in it knows of a laptop.

``python sdk_v2.py ROLE BUCKET TRAINING_IMAGE INFERENCE_IMAGE`` prints one JSON object: what each
step found. The tests run it with the variables of `wharf env`, in a process of its own.
"""

import json
import os
import sys
from typing import Any

os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"

import boto3
from sagemaker import Session
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.model import Model
from sagemaker.predictor import Predictor
from sagemaker.serializers import JSONSerializer

INSTANCE = "ml.m5.large"
POLL = 1  # seconds; where it waits itself, the SDK looks every 5, 10 or 30


def job(estimator: Estimator) -> Any:
    """The estimator's last training job; the SDK's own annotations say None."""
    return estimator.latest_training_job


def main(role: str, bucket: str, training_image: str, inference_image: str) -> dict[str, object]:
    found: dict[str, object] = {}
    session = Session(default_bucket=bucket)
    data = session.upload_string_as_file_body("value\n1\n2\n3\n", bucket, "sdk/in/numbers.csv")

    estimator = Estimator(
        image_uri=training_image,
        role=role,
        instance_count=1,
        instance_type=INSTANCE,
        output_path=f"s3://{bucket}/sdk/out",
        base_job_name="sdk",
        sagemaker_session=session,
        metric_definitions=[{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
    )
    estimator.fit({"training": data}, wait=False)
    session.wait_for_job(job(estimator).name, poll=POLL)
    session.logs_for_job(job(estimator).name)
    found["fit"] = job(estimator).describe()["TrainingJobStatus"]
    found["metrics"] = job(estimator).describe()["FinalMetricDataList"][0]["Value"]

    predictor = estimator.deploy(
        1,
        INSTANCE,
        image_uri=inference_image,
        endpoint_name="sdk-estimator",
        model_name="sdk-estimator",
        serializer=JSONSerializer(),
        deserializer=JSONDeserializer(),
        wait=False,
    )
    session.wait_for_endpoint("sdk-estimator", poll=POLL)
    found["predict"] = predictor.predict({"add": 1})
    predictor.delete_model()
    predictor.delete_endpoint()

    model = Model(
        image_uri=inference_image,
        model_data=estimator.model_data,
        role=role,
        name="sdk-model",
        predictor_cls=Predictor,
        sagemaker_session=session,
    )
    package = model.register(
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=[INSTANCE],
        transform_instances=[INSTANCE],
        model_package_group_name="sdk",
        approval_status="Approved",
    )
    found["package"] = package.model_package_arn

    requests = [{"id": "a", "add": 1}, {"id": "b", "add": 2}]
    lines = "".join(json.dumps(one) + "\n" for one in requests)
    source = session.upload_string_as_file_body(lines, bucket, "sdk/batch/in/rows.jsonl")
    transformer = model.transformer(
        1,
        INSTANCE,
        strategy="SingleRecord",
        assemble_with="Line",
        accept="application/json",
        output_path=f"s3://{bucket}/sdk/batch/out",
    )
    transformer.transform(
        source,
        content_type="application/json",
        split_type="Line",
        join_source="Input",
        output_filter="$['id','SageMakerOutput']",
        job_name="sdk-transform",
        wait=False,
        logs=False,
    )
    session.wait_for_transform_job("sdk-transform", poll=POLL)
    session.logs_for_transform_job("sdk-transform")
    answer = session.read_s3_file(bucket, "sdk/batch/out/rows.jsonl.out")
    found["transform"] = [json.loads(line) for line in answer.splitlines()]

    bad = session.upload_string_as_file_body('{"sub": 1}\n', bucket, "sdk/bad/in/rows.jsonl")
    try:
        transformer.transform(
            bad, content_type="application/json", job_name="sdk-bad", wait=False, logs=False
        )
        session.wait_for_transform_job("sdk-bad", poll=POLL)
    except UnexpectedStatusException as error:
        found["bad"] = str(error)

    forbidden = Estimator(
        image_uri=training_image,
        role=role,
        instance_count=1,
        instance_type=INSTANCE,
        output_path=f"s3://{bucket}/forbidden",
        base_job_name="forbidden",
        sagemaker_session=session,
    )
    try:
        forbidden.fit({"training": data}, wait=False)
        session.wait_for_job(job(forbidden).name, poll=POLL)
    except UnexpectedStatusException as error:
        found["forbidden"] = str(error)

    attached = Estimator.attach(job(estimator).name, sagemaker_session=session)
    found["attached"] = attached.model_data == estimator.model_data
    boto3.client("sagemaker").delete_model(ModelName="sdk-model")
    return found


if __name__ == "__main__":
    # The SDK logs to standard output, too: the result is its last line.
    print(json.dumps(main(*sys.argv[1:])))
