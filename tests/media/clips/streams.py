"""What else is in the file: sound, cover art, subtitles, attachments, a second video; or nothing else but that."""

from __future__ import annotations

from tests.media.clips.codecs import VP9, X264, X264_B
from tests.media.rows import Clip

_SINE = "-f lavfi -i sine=duration=0.6"
_NONE, _TWO = "no video stream", "2 video streams"
STREAMS = (
    Clip("sound.mp4", f"{_SINE} {X264_B} -c:a aac"),
    Clip("sound.mov", f"{_SINE} {X264} -c:a pcm_s16le"),
    Clip("sound.mkv", f"{_SINE} {X264_B} -c:a flac"),
    Clip("sound.webm", f"{_SINE} {VP9} -c:a libopus"),
    Clip("sound.avi", f"{_SINE} -c:v mpeg4 -q:v 2 -c:a mp3", opencv_refuses="12 of about 13"),
    Clip("sound.ts", f"{_SINE} {X264_B} -c:a aac"),
    Clip("sound.flv", f"{_SINE} {X264} -c:a aac"),
    Clip("sound.mpg", f"{_SINE} -c:v mpeg2video -q:v 2 -c:a mp2"),
    Clip("sound.mxf", f"{_SINE} -c:v mpeg2video -q:v 2 -c:a pcm_s16le -ar 48000"),
    Clip("sound-first.mp4", f"{_SINE} -map 1:a -map 0:v {X264_B} -c:a aac"),
    Clip("sound-first.mkv", f"{_SINE} -map 1:a -map 0:v {X264_B} -c:a aac"),
    Clip("two-videos.mp4", f"-f lavfi -i testsrc=s=64x48:d=0.4 -map 0:v -map 1:v {X264}", opencv_may_refuse=_TWO),
    Clip("two-videos.mkv", f"-f lavfi -i testsrc=s=64x48:d=0.4 -map 0:v -map 1:v {X264}", opencv_may_refuse=_TWO),
    Clip("two-videos.ts", f"-f lavfi -i testsrc=s=64x48:d=0.4 -map 0:v -map 1:v {X264}", opencv_may_refuse=_TWO),
    Clip("cover.mp4", f"-f lavfi -i testsrc=s=160x96:d=0.04 -map 0:v -map 1:v {X264} -c:v:1 mjpeg "
         "-disposition:v:1 attached_pic"),
    Clip("cover.mkv", f"{X264} -attach cover.jpg -metadata:s:t mimetype=image/jpeg"),
    Clip("subtitles.mp4", f"-i subtitles.srt {X264} -c:s mov_text"),
    Clip("subtitles.mkv", f"-i subtitles.srt {X264} -c:s srt"),
    Clip("attachment.mkv", f"{X264} -attach subtitles.srt -metadata:s:t mimetype=application/x-font"),
    Clip("chapters.mp4", f"-i chapters.txt -map_metadata 1 {X264}"),
    Clip("timecode.mov", f"{X264} -timecode 01:00:00:00"),
    Clip("sound-alone.m4a", f"{_SINE} -map 1:a -c:a aac", refused=_NONE),
    Clip("sound-alone.mkv", f"{_SINE} -map 1:a -c:a flac", refused=_NONE),
    Clip("sound-alone.ogg", f"{_SINE} -map 1:a -c:a libvorbis", refused=_NONE),
    Clip("sound-alone.wav", f"{_SINE} -map 1:a", refused=_NONE),
    Clip("sound-alone.mp3", f"{_SINE} -map 1:a", refused=_NONE),
    Clip("subtitles-alone.mkv", "-i subtitles.srt -map 1:s -c:s srt", refused=_NONE),
)  # fmt: skip
