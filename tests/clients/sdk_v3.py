"""What an engineer types into SageMaker's SDK v3; nothing in it knows of a laptop.

``python sdk_v3.py ROLE BUCKET TRAINING_IMAGE INFERENCE_IMAGE`` prints one JSON object: what each
step found. Its environment has version 3, which excludes version 2.
"""

import json
import sys

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig
from sagemaker.train import ModelTrainer

INSTANCE = "ml.m5.large"
POLL = 1  # seconds
NAME = "sdk-three"


def main(role: str, bucket: str, training_image: str, inference_image: str) -> dict[str, object]:
    found: dict[str, object] = {}
    session = Session(default_bucket=bucket)
    data = session.upload_string_as_file_body("value\n1\n2\n3\n", bucket, "sdk3/in/numbers.csv")

    trainer = ModelTrainer(
        training_image=training_image,
        role=role,
        base_job_name=NAME,
        compute=Compute(instance_type=INSTANCE, instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/sdk3/out"),
        sagemaker_session=session,
    )
    trainer.train([InputData(channel_name="training", data_source=data)], wait=False)
    job = trainer._latest_training_job
    job.wait(poll=POLL, logs=False)
    job.refresh()
    found["train"] = job.training_job_status

    model = Model.create(
        model_name=NAME,
        execution_role_arn=role,
        primary_container=ContainerDefinition(
            image=inference_image, model_data_url=job.model_artifacts.s3_model_artifacts
        ),
    )
    config = EndpointConfig.create(
        endpoint_config_name=NAME,
        production_variants=[
            ProductionVariant(
                variant_name="one",
                model_name=NAME,
                instance_type=INSTANCE,
                initial_instance_count=1,
            )
        ],
    )
    endpoint = Endpoint.create(endpoint_name=NAME, endpoint_config_name=NAME)
    endpoint.wait_for_status("InService", poll=POLL)
    answer = endpoint.invoke(body=json.dumps({"add": 1}), content_type="application/json")
    found["invoke"] = json.loads(answer.body.read())

    endpoint.delete()
    endpoint.wait_for_delete(poll=POLL)
    config.delete()
    model.delete()
    return found


if __name__ == "__main__":
    # The SDK draws panels there, too, and leaves the last one's line unended.
    print("\n" + json.dumps(main(*sys.argv[1:])))
