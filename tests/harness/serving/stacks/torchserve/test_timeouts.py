"""Which of TorchServe's response time-outs wins."""

from __future__ import annotations

import pytest

from harness.serving.stacks.torchserve.timeouts import response_timeout_seconds


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, 60),
        ({"SAGEMAKER_MODEL_SERVER_TIMEOUT": "90"}, 90),
        ({"SAGEMAKER_MODEL_SERVER_TIMEOUT": "90", "TS_DEFAULT_RESPONSE_TIMEOUT": "120"}, 120),
        ({"TS_DEFAULT_RESPONSE_TIMEOUT": "120", "SAGEMAKER_TS_RESPONSE_TIMEOUT": "30"}, 30),
        ({"TS_DEFAULT_RESPONSE_TIMEOUT": "120", "SAGEMAKER_TS_BATCH_SIZE": "4"}, 60),
    ],
)
def test_the_block_of_the_model_goes_before_the_server_and_that_before_the_toolkit(
    environment: dict[str, str], seconds: float
) -> None:
    assert response_timeout_seconds(environment) == seconds
