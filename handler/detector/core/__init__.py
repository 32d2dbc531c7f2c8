"""The nouns and errors that every part of the detector shares, its settings, and OpenCV imported quietly."""
