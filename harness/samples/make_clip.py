"""Writes the known answer's clip and its truth: `python -m harness.samples.make_clip [--into FOLDER]`.

Owns the clip's seed, size, length and encoding. The truth depends on the scene alone; the clip's bytes also depend on
the versions of numpy, OpenCV and the encoder inside PyAV, which is why the truth states the clip's digest.

Every choice catches a mistake: 320x240 catches one scale for both axes, 12.5 frames a second a rate that is rounded, 63
frames a division that is rounded down, B-frames a time stamp in the order of decoding, the empty last frames an
invented object.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from pycocotools import mask as coco_mask

from deploy.core.digests import digest_of_file
from harness.cases.known_answer import KNOWN_ANSWER, KnownAnswerFiles
from harness.cases.predictions import Rle
from harness.cases.truth import SCHEMA, TrueFrame, TrueObject, Truth
from harness.samples.drawing import Mask, Picture, Seen, draw, look
from harness.samples.scene import LABELS, Scene, place

FRAMES_PER_SECOND = Fraction(25, 2)
# Macroblock trees are off: the assembly of x264 for them reads uninitialised memory, and bytes would differ by the run.
ENCODER_OPTIONS = {"crf": "20", "preset": "slow", "threads": "1", "x264-params": "mbtree=0"}


def known_scene() -> Scene:
    return place(213, width=320, height=240, frame_count=63, per_class=2)


def write_clip(path: Path, pictures: Iterable[Picture], frames_per_second: Fraction) -> None:
    """Write H.264, yuv420p, tagged BT.601; the same pictures and library versions give the same bytes."""
    with av.open(str(path), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        stream = None
        for index, picture in enumerate(pictures):
            if stream is None:
                height, width = picture.shape[:2]
                stream = container.add_stream("libx264", rate=frames_per_second, options=ENCODER_OPTIONS)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.time_base = 1 / frames_per_second
                _tag_colours(stream.codec_context)
            rgb = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = rgb.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG)
            frame.pts, frame.time_base = index, 1 / frames_per_second
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))


def _tag_colours(encoder: av.VideoCodecContext) -> None:
    """Tag the colours of standard-definition video: BT.601, SMPTE 170M (6 in H.264's tables), limited range."""
    encoder.colorspace, encoder.color_primaries, encoder.color_trc = Colorspace.ITU601, 6, 6
    encoder.color_range = ColorRange.MPEG


def truth_of(scene: Scene, *, clip: str, clip_sha256: str, frames_per_second: Fraction) -> Truth:
    """The truth of every frame of `scene`, without drawing it."""
    return Truth(
        schema=SCHEMA,
        clip=clip,
        clip_sha256=clip_sha256,
        width=scene.width,
        height=scene.height,
        fps=float(frames_per_second),
        frame_count=scene.frame_count,
        labels=LABELS,
        frames=tuple(
            TrueFrame(index, float(index / frames_per_second), tuple(_true_object(seen) for seen in look(scene, index)))
            for index in range(scene.frame_count)
        ),
    )


def _true_object(seen: Seen) -> TrueObject:
    label_id = seen.thing.label_id
    return TrueObject(seen.thing.track, label_id, LABELS[label_id], seen.box, _rle(seen.mask))


def _rle(mask: Mask) -> Rle:
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return Rle((mask.shape[0], mask.shape[1]), encoded["counts"].decode("ascii"))


def make(files: KnownAnswerFiles) -> Truth:
    """Write clip and truth into `files`."""
    scene = known_scene()
    files.folder.mkdir(parents=True, exist_ok=True)
    write_clip(files.clip, (draw(scene, index).picture for index in range(scene.frame_count)), FRAMES_PER_SECOND)
    digest = digest_of_file(files.clip)
    truth = truth_of(scene, clip=files.clip.name, clip_sha256=digest, frames_per_second=FRAMES_PER_SECOND)
    files.truth.write_text(truth.to_json(), encoding="utf-8")
    return truth


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the known answer's clip.mp4 and truth.json.")
    parser.add_argument("--into", type=Path, default=KNOWN_ANSWER.folder, help="folder to write to")
    files = KnownAnswerFiles(parser.parse_args().into)
    truth = make(files)
    print(f"{files.clip}: {truth.frame_count} frames, {files.clip.stat().st_size:,} bytes, sha256 {truth.clip_sha256}")


if __name__ == "__main__":
    main()
