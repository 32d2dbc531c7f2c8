"""Removes secrets from command lines and environments: only settings that are known by name keep their values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

REDACTED = "(redacted)"
_DIGESTED = f"{REDACTED} sha256:"
# So many digits of a digest show a change and still fit into a line.
_DIGITS = 16

SHOWN_SETTINGS = frozenset(
    {
        "BATCH_SIZE",
        "COMPILED",
        "DAMAGED_FRAMES",
        "FAILED_PACKETS_PERCENT",
        "FORWARD",
        "FRAME_HEIGHT",
        "FRAME_INTERVAL",
        "FRAME_WIDTH",
        "GPU_MEMORY_BYTES",
        "KERNELS",
        "LAYOUT",
        "MASKS",
        "MKL_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OMP_WAIT_POLICY",
        "PRECISION",
        "PREPARED",
        "PYTORCH_CUDA_ALLOC_CONF",
        "SAGEMAKER_CONTAINER_LOG_LEVEL",
        "SAGEMAKER_MODEL_SERVER_TIMEOUT",
        "SAGEMAKER_MODEL_SERVER_WORKERS",
        "SAGEMAKER_PROGRAM",
        "SAGEMAKER_REGION",
        "SAGEMAKER_SUBMIT_DIRECTORY",
        "SAGEMAKER_TS_BATCH_SIZE",
        "SAGEMAKER_TS_MAX_BATCH_DELAY",
        "SAGEMAKER_TS_MAX_WORKERS",
        "SAGEMAKER_TS_MIN_WORKERS",
        "SAGEMAKER_TS_RESPONSE_TIMEOUT",
        "SCORE_THRESHOLD",
        "SQUARE_PIXELS",
        "TORCH_NUM_THREADS",
        "TS_DEFAULT_RESPONSE_TIMEOUT",
        "TS_DEFAULT_STARTUP_TIMEOUT",
        "TS_DEFAULT_WORKERS_PER_MODEL",
        "TS_MAX_REQUEST_SIZE",
        "TS_MAX_RESPONSE_SIZE",
    }
)

_SECRET_NAME = re.compile(
    r"secret|token(?!i[sz])|passw|passphrase|credential|(api|access|private|signing|encryption)[-_]?key", re.IGNORECASE
)
# Settings of language models, such as MAX_NEW_TOKENS and TOKEN_LIMIT, count tokens and are no secrets.
_COUNTS_TOKENS = re.compile(
    r"(?<![a-z])(max|min|num|per)([-_](new|input|output|prompt|total|batched))*[-_]tokens?(?![a-z])"
    r"|(?<![a-z])tokens?[-_](per|limit|count)(?![a-z])",
    re.IGNORECASE,
)
_ACCESS_KEY_ID = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")
_URL_PASSWORD = re.compile(r"://[^/@\s:]*:[^/@\s]+@")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def names_a_secret(name: str) -> bool:
    """Whether a setting of this name is likely to hold a credential; TOKENIZER_PATH and MAX_NEW_TOKENS are not."""
    return bool(_SECRET_NAME.search(_COUNTS_TOKENS.sub("", name)))


def digested(environment: Mapping[str, str]) -> dict[str, str]:
    """Replace each secret value by a digest: the value of a setting whose name suggests one, or a URL with a password.

    Equal values have equal digests, so a change still shows. A value that is digested already is not changed.
    """
    return {name: _digested(name, value) for name, value in environment.items()}


def is_digested(value: str) -> bool:
    return value.startswith(_DIGESTED)


def _digested(name: str, value: str) -> str:
    if is_digested(value) or not (names_a_secret(name) or _URL_PASSWORD.search(value)):
        return value
    return f"{_DIGESTED}{hashlib.sha256(f'{name}={value}'.encode()).hexdigest()[:_DIGITS]}"


def safe_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value if name in SHOWN_SETTINGS else REDACTED for name, value in sorted(environment.items())}


def without_url_credentials(text: str) -> str:
    return _URL_CREDENTIALS.sub("", text)


def safe_arguments(arguments: Iterable[str]) -> tuple[str, ...]:
    """Remove from a command line the values of options and `NAME=value` pairs whose name suggests a secret."""
    safe: list[str] = []
    value_is_secret = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        secret_name = names_a_secret(name) and (bool(equals) or name.startswith("-"))
        if value_is_secret and not argument.startswith("-"):
            safe.append(REDACTED)
        elif secret_name and equals:
            safe.append(f"{name}={REDACTED}")
        else:
            safe.append(_ACCESS_KEY_ID.sub(REDACTED, without_url_credentials(argument)))
        value_is_secret = secret_name and not equals
    return tuple(safe)
