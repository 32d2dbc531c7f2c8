# mypy: ignore-errors
"""A program of somebody who has SageMaker's Python SDK 2: it knows nothing of a local AWS."""

import json
import sys

import sagemaker
from sagemaker.async_inference import AsyncInferenceConfig, WaiterConfig
from sagemaker.deserializers import JSONDeserializer
from sagemaker.pytorch import PyTorchModel
from sagemaker.serializers import JSONSerializer

archive, source = sys.argv[1:]
session = sagemaker.Session()
role = "arn:aws:iam::000000000000:role/any"
model = PyTorchModel(
    model_data=session.upload_data(archive, key_prefix="models"),
    role=role,
    entry_point="inference.py",
    source_dir=source,
    framework_version="2.6.0",
    py_version="py312",
    sagemaker_session=session,
)
predictor = model.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    async_inference_config=AsyncInferenceConfig(),
    serializer=JSONSerializer(),
    deserializer=JSONDeserializer(),
)
# The SDK waits for a failure in a thread of its own, and ends only when that has given up.
waiting = WaiterConfig(max_attempts=30, delay=1)
now = predictor.predict({"rows": [[1, 2]]}, waiter_config=waiting)
later = predictor.predict_async({"rows": [[3, 4]]}).get_result(waiting)
predictor.update_endpoint(initial_instance_count=2, instance_type="ml.m5.large")
predictor.delete_model()
predictor.delete_endpoint()
print()  # the SDK's dashes end without one
print(json.dumps({"account": session.account_id(), "bucket": session.default_bucket(), "now": now, "later": later}))
