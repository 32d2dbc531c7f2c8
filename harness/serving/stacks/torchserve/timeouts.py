"""The order of precedence of TorchServe's response time-outs.

Source: `sagemaker_pytorch_serving_container/torchserve.py` and `ts_environment.py` of sagemaker-pytorch-inference
2.0.25: a block for the model, written as soon as one of five variables is set, goes before the server's own variable
(`enable_envvars_config`), and that before what the toolkit writes for SAGEMAKER_MODEL_SERVER_TIMEOUT.
"""

from __future__ import annotations

from collections.abc import Mapping

DEFAULT_SECONDS = 60.0
_PER_MODEL_TIMEOUT = "SAGEMAKER_TS_RESPONSE_TIMEOUT"
_PER_MODEL = {
    _PER_MODEL_TIMEOUT,
    "SAGEMAKER_TS_BATCH_SIZE",
    "SAGEMAKER_TS_MAX_BATCH_DELAY",
    "SAGEMAKER_TS_MIN_WORKERS",
    "SAGEMAKER_TS_MAX_WORKERS",
}
_OF_THE_SERVER = ("TS_DEFAULT_RESPONSE_TIMEOUT", "SAGEMAKER_MODEL_SERVER_TIMEOUT")


def response_timeout_seconds(environment: Mapping[str, str]) -> float:
    if _PER_MODEL & environment.keys():
        return float(environment.get(_PER_MODEL_TIMEOUT, DEFAULT_SECONDS))
    return next((float(environment[name]) for name in _OF_THE_SERVER if name in environment), DEFAULT_SECONDS)
