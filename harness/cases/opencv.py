"""OpenCV without its log: it reads its log levels from the environment when it is imported.

The harness itself reports what cannot be decoded; lines of FFmpeg and OpenCV on stderr would break up its output. The
container has settings of its own.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

__all__ = ["cv2"]
