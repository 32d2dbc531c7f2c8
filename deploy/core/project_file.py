"""The project file's name, which both command lines show before anything heavier is imported."""

FILE_NAME = "rehearsal.toml"
