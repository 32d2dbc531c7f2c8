"""What TorchServe's log says of a model that does not load, read from lines it wrote."""

from __future__ import annotations

from harness.serving.stacks.torchserve.log import DIED, load_failure, without_metrics

SERVER_SAYS_DIED = (
    "2026-11-20T06:26:25,723 [WARN ] W-9000-model_1.0 org.pytorch.serve.wlm.BatchAggregator - "
    "Load model failed: model, error: Worker died.\n"
)
STARTED = ("Torch worker started.", "Python runtime: 3.11.7", "model_name: model, batchSize: 1")
CAUGHT = (
    "Failed to load model model, exception weights are gone",
    "Traceback (most recent call last):",
    '  File "/ml/model/code/inference.py", line 1, in model_fn',
    '    def model_fn(d): raise RuntimeError("weights are gone")',
    "RuntimeError: weights are gone",
    "Backend worker process died.",
    "Traceback (most recent call last):",
    '    raise RuntimeError("{} - {}".format(code, result))',
    "RuntimeError: 500 - Unknown exception",
)
UNCAUGHT = (
    "Backend worker process died.",
    "Traceback (most recent call last):",
    "    import no_such_module",
    "ModuleNotFoundError: No module named 'no_such_module'",
)


def worker_says(*lines: str, worker: int = 9000) -> str:
    prefix = f"2026-11-20T06:17:57,496 [INFO ] W-{worker}-model_1.0-stdout MODEL_LOG - "
    return "".join(f"{prefix}{line}\n" for line in lines)


def test_the_cause_is_the_exception_and_not_what_the_server_made_of_it() -> None:
    assert load_failure(worker_says(*STARTED, *CAUGHT)) == "RuntimeError: weights are gone"


def test_an_exception_that_torchserve_does_not_expect_is_a_cause_too() -> None:
    assert load_failure(worker_says(*STARTED, *UNCAUGHT)) == "ModuleNotFoundError: No module named 'no_such_module'"


def test_the_latest_of_several_attempts_counts() -> None:
    log = worker_says(*STARTED, *CAUGHT, *STARTED, *UNCAUGHT)
    assert load_failure(log) == "ModuleNotFoundError: No module named 'no_such_module'"


def test_a_failure_is_remembered_while_the_next_attempt_runs() -> None:
    assert load_failure(worker_says(*STARTED, *CAUGHT, *STARTED)) == "RuntimeError: weights are gone"


def test_of_an_exception_with_a_cause_the_last_counts() -> None:
    log = worker_says(
        *STARTED,
        "Traceback (most recent call last):",
        "    open('weights')",
        "FileNotFoundError: weights",
        "The above exception was the direct cause of the following exception:",
        "Traceback (most recent call last):",
        "    raise ModelError('no weights') from error",
        "detector.core.errors.ModelError: no weights",
    )
    assert load_failure(log) == "detector.core.errors.ModelError: no weights"


def test_a_traceback_still_being_written_is_no_cause_yet() -> None:
    assert load_failure(worker_says(*STARTED, *CAUGHT[:3])) is None


def test_a_worker_that_just_dies_is_a_failure() -> None:
    assert load_failure(worker_says(*STARTED) + SERVER_SAYS_DIED) == DIED


def test_one_worker_with_a_cause_tells_more_than_one_that_died() -> None:
    log = worker_says(*STARTED) + SERVER_SAYS_DIED + worker_says(*STARTED, *CAUGHT, worker=9001)
    assert load_failure(log) == "RuntimeError: weights are gone"


def test_a_worker_that_took_a_request_had_its_model() -> None:
    log = worker_says(*STARTED, *CAUGHT, *STARTED, "Backend received inference at: 1795155434", *UNCAUGHT)
    assert load_failure(log) is None


def test_a_log_without_failure_has_none() -> None:
    assert load_failure("") is None
    assert load_failure(worker_says(*STARTED)) is None


def test_metrics_are_left_out_of_the_last_lines() -> None:
    noise = "2026 [INFO ] x TS_METRICS - Requests2XX.Count:1.0|#Level:Host\n" * 50
    assert without_metrics(f"first\n{noise}second\n{noise}third\n{noise}", 2) == "second\nthird"
