"""Matrices and ranges, stated or not; depths and subsampling."""

from __future__ import annotations

from tests.media.clips.codecs import AV1, VP9, X264
from tests.media.clips.codecs import UNTOLD as _UNTOLD
from tests.media.rows import Clip

_X264, _X265 = "-c:v libx264 -preset ultrafast -crf 2 -pix_fmt", "-c:v libx265 -preset ultrafast -crf 2 -pix_fmt"
_FFV1, _VP9 = "-c:v ffv1 -pix_fmt", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 400k -pix_fmt"
_QUIET = "-x265-params log-level=none"


def _matrix(name: str, output: str = "") -> str:
    """ffmpeg's words for a stream of that matrix which says so."""
    return f"-vf scale=out_color_matrix={name}{output} -colorspace {'bt2020nc' if name == 'bt2020' else name}"


_FULL = ":out_range=full"
_WIDE = "wide gamut, HDR, or an unusual matrix"
_PQ = f"{_matrix('bt2020')} {_X265} yuv420p10le {_QUIET}:colormatrix=bt2020nc:transfer=smpte2084:colorprim=bt2020"
_HLG = f"{_matrix('bt2020')} {_X265} yuv420p10le {_QUIET}:colormatrix=bt2020nc:transfer=arib-std-b67:colorprim=bt2020"
_P3 = "-color_primaries smpte432 -color_trc bt709"

COLOURS = (
    Clip("bt709.mp4", f"{_matrix('bt709')} {X264}"),
    Clip("bt709.mkv", f"{_matrix('bt709')} {X264}"),
    Clip("bt709-full.mp4", f"{_matrix('bt709', _FULL)} -color_range pc {X264}"),
    Clip("bt709-full.ts", f"{_matrix('bt709', _FULL)} -color_range pc {X264}"),
    Clip("bt709-hevc.mp4", f"{_matrix('bt709')} {_X265} yuv420p {_QUIET}:colormatrix=bt709"),
    Clip("bt709-vp9.webm", f"{_matrix('bt709')} {VP9}"),
    Clip("bt709-av1.mp4", f"{_matrix('bt709')} {AV1}", older_refuses="can be decoded"),
    Clip("bt709-mpeg2.ts", f"{_matrix('bt709')} -c:v mpeg2video -q:v 2"),
    Clip("bt709-prores.mov", f"{_matrix('bt709')} -c:v prores_ks"),
    Clip("bt601.mp4", f"{_matrix('smpte170m')} {X264}"),
    Clip("bt601-pal.mp4", f"{_matrix('bt470bg')} {X264}"),
    Clip("bt601-full.mp4", f"{_matrix('smpte170m', _FULL)} -color_range pc {X264}"),
    Clip("unstated-full.mp4", f"{_X264} yuvj420p"),
    Clip("smpte240m.mp4", f"{_matrix('smpte240m')} {X264}"),
    Clip("fcc.mkv", f"{_matrix('fcc')} {X264}"),
    Clip("bt2020.mp4", f"{_matrix('bt2020')} {_X265} yuv420p10le {_QUIET}:colormatrix=bt2020nc", opencv_levels=4),
    Clip("bt2020-8-bits.mp4", f"{_matrix('bt2020')} {X264}"),
    Clip("bt2020-full.mkv", f"{_matrix('bt2020', _FULL)} -color_range pc {_X265} yuv420p10le "
         f"{_QUIET}:colormatrix=bt2020nc:range=full"),
    Clip("422.mp4", f"{_X264} yuv422p"),
    Clip("444.mp4", f"{_X264} yuv444p"),
    Clip("gray.mp4", f"{_X264} gray"),
    Clip("gray.mkv", f"{_FFV1} gray", opencv_refuses=_UNTOLD),
    Clip("420-10-bits.mp4", f"{_X264} yuv420p10le"),
    Clip("422-10-bits.mkv", f"{_X264} yuv422p10le"),
    Clip("444-10-bits.mov", f"{_X264} yuv444p10le"),
    Clip("gray-10-bits.mp4", f"{_X264} gray10le"),
    Clip("420-10-bits-709.mp4", f"{_matrix('bt709')} {_X264} yuv420p10le", opencv_levels=4),
    Clip("hevc-422-10-bits.mkv", f"{_X265} yuv422p10le {_QUIET}"),
    Clip("hevc-444-12-bits.mkv", f"{_X265} yuv444p12le {_QUIET}"),
    Clip("hevc-gray.mkv", f"{_X265} gray {_QUIET}"),
    Clip("vp9-444.webm", f"{_VP9} yuv444p"),
    Clip("vp9-422-10-bits.webm", f"{_VP9} yuv422p10le"),
    Clip("vp9-gbr.webm", f"{_VP9} gbrp"),
    Clip("vp8-alpha.webm", "-c:v libvpx -deadline realtime -b:v 400k -auto-alt-ref 0 -pix_fmt yuva420p"),
    Clip("av1-10-bits.mkv", f"{AV1} -pix_fmt yuv420p10le", older_refuses="can be decoded"),
    Clip("av1-444.mp4", f"{AV1} -pix_fmt yuv444p", older_refuses="can be decoded"),
    Clip("rgb-h264.mp4", "-c:v libx264rgb -preset ultrafast -pix_fmt rgb24"),
    Clip("mjpeg-444.avi", "-c:v mjpeg -q:v 2 -pix_fmt yuvj444p"),
    Clip("mjpeg-422.mov", "-c:v mjpeg -q:v 2 -pix_fmt yuvj422p"),
    Clip("mjpeg-limited.mkv", "-c:v mjpeg -q:v 2 -strict unofficial -pix_fmt yuv420p -color_range tv"),
    Clip("prores-alpha.mov", "-c:v prores_ks -profile:v 4444 -alpha_bits 16 -pix_fmt yuva444p10le"),
    Clip("ffv1-410.mkv", f"{_FFV1} yuv410p", opencv_refuses=_UNTOLD),
    Clip("ffv1-411.avi", f"{_FFV1} yuv411p", opencv_refuses=_UNTOLD),
    Clip("ffv1-440.mkv", f"{_FFV1} yuv440p", opencv_refuses=_UNTOLD),
    Clip("ffv1-alpha.mkv", f"{_FFV1} yuva420p", opencv_refuses=_UNTOLD),
    Clip("ffv1-gray-16-bits.mkv", f"{_FFV1} gray16le", opencv_refuses=_UNTOLD),
    Clip("ffv1-rgb.mkv", f"{_FFV1} bgr0", opencv_refuses=_UNTOLD),
    Clip("ffv1-rgb-16-bits.mkv", f"{_FFV1} rgb48le", opencv_refuses=_UNTOLD),
    Clip("huffyuv-rgb.avi", "-c:v huffyuv -pix_fmt bgra", opencv_refuses=_UNTOLD),
    Clip("raw-rgb.avi", "-c:v rawvideo -pix_fmt bgr24", opencv_refuses=_UNTOLD),
    Clip("raw-555.avi", "-c:v rawvideo -pix_fmt rgb555le", opencv_refuses=_UNTOLD),
    Clip("qtrle-alpha.mov", "-c:v qtrle -pix_fmt argb", opencv_refuses=_UNTOLD),
    Clip("v210.mov", "-c:v v210 -pix_fmt yuv422p10le", opencv_refuses=_UNTOLD),
    Clip("pq.mp4", f"{_PQ} -tag:v hvc1", opencv_refuses=_WIDE),
    Clip("pq.mkv", _PQ, opencv_refuses=_WIDE),
    Clip("pq.ts", _PQ, opencv_refuses=_WIDE),
    Clip("pq.hevc", _PQ, opencv_refuses=_WIDE),
    Clip("hlg.mov", f"{_HLG} -tag:v hvc1", opencv_refuses=_WIDE),
    Clip("hlg-b-frames.ts", f"{_HLG}:bframes=4:ref=4:scaling-list=default -preset medium", opencv_refuses=_WIDE),
    Clip("hlg-h264.ts", f"{X264} -color_trc arib-std-b67", opencv_refuses=_WIDE),
    Clip("p3.mov", f"{X264} {_P3}", opencv_refuses=_WIDE),
    Clip("p3.flv", f"{X264} {_P3}", opencv_refuses=_WIDE),
    Clip("p3.avi", f"{X264} {_P3}", opencv_refuses=_WIDE),
    Clip("p3-fields.h264", f"-vf setfield=tff -flags +ildct+ilme {X264} {_P3}", opencv_refuses="interlaced"),
    Clip("p3-prores.mov", f"-c:v prores_ks {_P3}"),
    Clip("p3-vp9.mp4", f"{VP9} {_P3}", opencv_refuses=_WIDE),
    Clip("p3-vp9.webm", f"{VP9} {_P3}", opencv_refuses=_WIDE),
    Clip("p3-mpeg2.ts", f"-c:v mpeg2video -q:v 2 {_P3}", opencv_refuses=_WIDE),
    Clip("p3-mjpeg.mov", f"-c:v mjpeg -q:v 2 -pix_fmt yuvj420p {_P3}"),
    Clip("linear.mp4", f"{X264} -color_trc linear"),
    Clip("film.mp4", f"{X264} -color_primaries bt470m -color_trc gamma22"),
    Clip("ycgco.mp4", f"-vf scale=out_color_matrix=ycgco {X264} -colorspace ycgco",
         refused=f"cannot be converted|{_WIDE}"),
)  # fmt: skip
