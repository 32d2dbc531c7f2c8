"""A Docker engine and Docker Compose as this machine has them: `engine` is the only module that imports the SDK."""
