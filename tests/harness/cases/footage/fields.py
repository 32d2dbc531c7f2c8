"""H.264 whose two fields are pictures of their own, packet by packet, which no encoder at hand writes: bit by bit.

Each field is one macroblock of raw samples (I_PCM). Source: ISO/IEC 14496-10, 7.3 (syntax) and 9.1 (Exp-Golomb codes).
"""

from __future__ import annotations

START = b"\x00\x00\x00\x01"


def golomb(value: int) -> str:
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


def unit(header: int, bits: str, samples: bytes = b"") -> bytes:
    """A unit behind its start code; `samples` begin at a whole byte, and no value of theirs looks like a start code."""
    if samples:
        bits += "0" * (-len(bits) % 8)
    else:
        bits += "1" + "0" * (-(len(bits) + 1) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return START + bytes([header]) + body + samples + (b"\x80" if samples else b"")


def parameter_sets() -> bytes:
    """Main profile, 16 x 32 pixels, order of output is order of decoding, fields allowed, CAVLC."""
    sequence = f"{77:08b}{0:08b}{30:08b}" + golomb(0) + golomb(0) + golomb(2) + golomb(1) + "0" + golomb(0) + golomb(0)
    picture = golomb(0) + golomb(0) + "00" + golomb(0) * 3 + "000" + golomb(0) * 3 + "000"
    return unit(0x67, sequence + "0" + "0" + "1" + "0" + "0") + unit(0x68, picture)


def field(frame_number: int, *, is_bottom: bool) -> bytes:
    is_instant = frame_number == 0 and not is_bottom
    head = golomb(0) + golomb(7) + golomb(0) + f"{frame_number % 16:04b}" + "1" + str(int(is_bottom))
    marking = golomb(0) + "00" if is_instant else "0"
    samples = bytes([32 + frame_number]) * 384
    return unit(0x65 if is_instant else 0x61, head + marking + golomb(0) + golomb(25), samples)


def stream(frame_count: int) -> bytes:
    pairs = (field(number, is_bottom=False) + field(number, is_bottom=True) for number in range(frame_count))
    return parameter_sets() + b"".join(pairs)
