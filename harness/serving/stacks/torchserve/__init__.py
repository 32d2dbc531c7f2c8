"""TorchServe 0.12 and the SageMaker inference toolkit: `stack` puts the parts together.

container_environment, container_main   how it is started
java                                    the program it needs
health, log, timeouts                   what it says of itself
"""

from harness.serving.stacks.torchserve.stack import TORCHSERVE, TorchServe

__all__ = ["TORCHSERVE", "TorchServe"]
