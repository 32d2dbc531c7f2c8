"""Converts planes to RGB with the arithmetic of FFmpeg's libswscale, so that a device sees what the host would.

Owns: the coefficients, and the steps in whole numbers of libswscale's direct conversion of 4:2:0 to RGB: products are
rounded down one by one, and each value of Cb and Cr serves its 2 x 2 pixels.

Sources: `ff_yuv2rgb_coeffs` and `ff_yuv2rgb_c_init_tables` in libswscale/yuv2rgb.c, libswscale/x86/yuv_2_rgb.asm. Other
processors' code may round otherwise; `io.video.colour_match` tries before it relies on this.
"""

from __future__ import annotations

import torch

from detector.core.planes import Colours, Matrix, PlaneFormat
from detector.speed.graphs import constant

# (Cr to red, Cb to blue, Cb to green, Cr to green) for limited range, in 65536ths; the greens are subtracted.
_INVERSE = {
    Matrix.BT601: (104597, 132201, 25675, 53279),
    Matrix.BT709: (117489, 138438, 13975, 34925),
    Matrix.BT2020: (110013, 140363, 12277, 42626),
    Matrix.SMPTE240M: (117579, 136230, 16907, 35559),
    Matrix.FCC: (104448, 132798, 24759, 53109),
}
_ONE = 1 << 16


def rgb(planes: torch.Tensor, planes_format: PlaneFormat) -> torch.Tensor:
    """`planes` is (n, bytes) uint8; the result (n, 3, height, width) uint8, as stored, not turned."""
    count, height, width = len(planes), planes_format.height, planes_format.width
    luma_factor, luma_offset, colour_factors, colour_offsets = _constants(planes_format.colours, planes.device)
    luma = planes[:, : planes_format.luma_bytes].view(count, 1, height // 2, 2, width // 2, 2)
    colour = planes[:, planes_format.luma_bytes :].view(count, 2, 1, height // 2, width // 2)
    grey = torch.addcmul(luma_offset, luma, luma_factor).bitwise_right_shift_(16).to(torch.int16)
    products = torch.addcmul(colour_offsets, colour, colour_factors).bitwise_right_shift_(16).to(torch.int16)
    (cb_green, cb_blue), (cr_green, cr_red) = (each.unbind(1) for each in products.unbind(1))
    differences = torch.stack([cr_red, cb_green + cr_green, cb_blue], 1)
    mixed = grey + differences[:, :, :, None, :, None]
    return mixed.clamp_(0, 255).to(torch.uint8).view(count, 3, height, width)


@constant(64)
def _constants(colours: Colours, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Factors and offsets in 65536ths of a level, so that a value's product is (offset + value * factor) >> 16."""
    luma, black, cr_red, cb_blue, cb_green, cr_green = _coefficients(colours)
    factors = torch.tensor([[cb_green, cb_blue], [cr_green, cr_red]], dtype=torch.int32).mul_(8)
    tables = (
        torch.tensor([8 * luma], dtype=torch.int32),
        torch.tensor([-8 * black * luma], dtype=torch.int32),
        factors[:, :, None, None],
        factors.mul(-128)[:, :, None, None],
    )
    first, second, third, fourth = (each.to(device) for each in tables)
    return first, second, third, fourth


def _coefficients(colours: Colours) -> tuple[int, int, int, int, int, int]:
    """(luma, black level, Cr to red, Cb to blue, Cb to green, Cr to green), the factors in 8192ths."""
    inverse, luma, black = _INVERSE[colours.matrix], _ONE * 255 // 219, 16
    if colours.is_full_range:
        inverse, luma, black = tuple(each * 224 // 255 for each in inverse), _ONE, 0  # type: ignore[assignment]
    cr_red, cb_blue, cb_green, cr_green = inverse
    return (_rounded(luma), black, *(_rounded(each) for each in (cr_red, cb_blue, -cb_green, -cr_green)))  # type: ignore[return-value]


def _rounded(factor: int) -> int:
    return (factor * 8192 + _ONE // 2) >> 16
