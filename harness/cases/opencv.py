"""OpenCV, silenced before it is imported: it reads its log levels from the environment then.

What cannot be decoded is a fact that the harness states itself; FFmpeg's and OpenCV's own words on stderr would come
between. The container has settings of its own.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

__all__ = ["cv2"]
