"""Names the project file. Both command lines show the name before they import anything heavier."""

FILE_NAME = "rehearsal.toml"
