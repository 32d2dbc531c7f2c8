"""The table of clips, by what is particular about them.

codecs      every codec that FFmpeg writes, in the containers that hold it
fields      interlaced
times       stamps that repeat, pause, begin anywhere, wrap around; edit lists
colours     matrices, ranges, depths, subsampling
shapes      turned, mirrored, non-square, odd, tiny, changing on the way
streams     sound, cover art, subtitles, a second video; no pictures at all
"""

from tests.media.clips.codecs import CODECS
from tests.media.clips.colours import COLOURS
from tests.media.clips.fields import FIELDS
from tests.media.clips.shapes import SHAPES
from tests.media.clips.streams import STREAMS
from tests.media.clips.times import TIMES

CLIPS = (*CODECS, *FIELDS, *TIMES, *COLOURS, *SHAPES, *STREAMS)

__all__ = ["CLIPS"]
