"""The program that does what the official image's `serve` does, without an image. It is run as a file, never imported.

The steps, and the code of each, are the toolkit's (`sagemaker_pytorch_serving_container.torchserve.start_torchserve`):
PYTHONPATH, requirements.txt, configuration, TorchServe. Two differences: the configuration is not written to /etc, and
the model server is not looked up among all processes of the machine, which fails as soon as two of them run.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import signal
import sys
import sysconfig
import venv
from pathlib import Path

_ORPHAN = Path(__file__).parents[3] / "processes" / "orphan.py"
HANDLER_MODULE = "sagemaker_pytorch_serving_container.handler_service"


def main() -> None:
    config, private = (Path(argument) for argument in sys.argv[1:])
    end_with_parent = runpy.run_path(str(_ORPHAN))["end_with_parent"]
    end_with_parent(lambda: os.killpg(os.getpgid(0), signal.SIGKILL))
    requirements = Path(os.environ["SAGEMAKER_BASE_DIR"], "model", "code", "requirements.txt")
    if requirements.exists() and "VIRTUAL_ENV" not in os.environ:
        _go_on_in_private_environment(private)
    serve(config, requirements)


def serve(config: Path, requirements: Path) -> None:
    """TorchServe runs in this process until it ends; this function does not return."""
    from sagemaker_inference import model_server
    from sagemaker_pytorch_serving_container import torchserve

    Path(torchserve.MODEL_STORE).mkdir(parents=True, exist_ok=True)
    torchserve._set_python_path()  # noqa: SLF001 - the toolkit's own steps, which it offers only as a whole
    if requirements.exists():
        _install(model_server)
    config.write_text(torchserve._generate_ts_config_properties(_handler_file()))  # noqa: SLF001 - as above
    model = f"{torchserve.DEFAULT_TS_MODEL_NAME}={torchserve.environment.model_dir}"
    sys.argv = ["torchserve", "--start", "--foreground", "--model-store", torchserve.MODEL_STORE]
    sys.argv += ["--ts-config", str(config), "--log-config", torchserve.DEFAULT_TS_LOG_FILE, "--models", model]
    sys.stdout.flush()
    importlib.import_module("ts.model_server").start()


def _handler_file() -> str:
    """The path that `serve` passes on. The module is found, not imported, because its import would load torch here."""
    spec = importlib.util.find_spec(HANDLER_MODULE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(HANDLER_MODULE)
    return spec.origin


def _install(model_server: object) -> None:
    """The toolkit's `pip install -r`, with the user's own pip settings."""
    home = os.environ["HOME"]
    os.environ["HOME"] = os.environ["REHEARSAL_INSTALLER_HOME"]
    try:
        model_server._install_requirements()  # type: ignore[attr-defined]  # noqa: SLF001 - as in serve
    finally:
        os.environ["HOME"] = home


def _go_on_in_private_environment(private: Path) -> None:
    """Start again in an environment of the instance's own, which sees all of ours and takes what is installed.

    So `pip`, ours too, finds there what the image has, as it does in the container, and installs what is missing or
    newer.
    """
    venv.create(private, symlinks=True)
    site = sysconfig.get_path("purelib", "venv", {"base": str(private)})
    Path(site, "image.pth").write_text(sysconfig.get_path("purelib") + "\n")
    os.environ["VIRTUAL_ENV"] = str(private)
    python = private / "bin" / "python"
    os.execv(python, [str(python), "-P", __file__, *sys.argv[1:]])  # noqa: S606 - the same command, another interpreter


if __name__ == "__main__":
    main()
