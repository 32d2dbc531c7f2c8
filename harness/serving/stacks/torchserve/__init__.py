"""TorchServe 0.12 and the SageMaker inference toolkit: environment, start, health, log, and the Java they need."""
