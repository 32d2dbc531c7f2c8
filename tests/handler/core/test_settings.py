from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.core.redaction import SHOWN_SETTINGS
from detector.core.errors import BadParameter, SettingsError
from detector.core.settings import REQUEST_PARAMETERS, DamagedFrames, Layout, Masks, Settings, from_environment


def test_an_empty_environment_means_the_defaults() -> None:
    assert from_environment({}) == Settings()
    assert from_environment({"FRAME_INTERVAL": "", "BATCH_SIZE": "  "}) == Settings()


def test_every_setting_can_be_set_in_the_environment() -> None:
    settings = from_environment(
        {
            "FRAME_INTERVAL": "5",
            "BATCH_SIZE": "8",
            "FRAME_WIDTH": "640",
            "FRAME_HEIGHT": "480",
            "SCORE_THRESHOLD": "0.25",
            "MASKS": "rle",
            "LAYOUT": "plain",
            "DAMAGED_FRAMES": "kept",
            "SQUARE_PIXELS": "True",
        }
    )
    expected = Settings(5, 8, 640, 480, 0.25, Masks.RLE, Layout.PLAIN)
    assert settings == replace(expected, damaged_frames=DamagedFrames.KEPT, square_pixels=True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FRAME_INTERVAL", "0"),
        ("FRAME_INTERVAL", "-3"),
        ("FRAME_INTERVAL", "1.5"),
        ("FRAME_INTERVAL", "1_000"),
        ("BATCH_SIZE", "many"),
        ("BATCH_SIZE", "100000"),
        ("FRAME_WIDTH", "3"),
        ("FRAME_HEIGHT", "99999"),
        ("SCORE_THRESHOLD", "1.01"),
        ("SCORE_THRESHOLD", "nan"),
        ("MASKS", "png"),
        ("LAYOUT", "xml"),
        ("DAMAGED_FRAMES", "maybe"),
        ("SQUARE_PIXELS", "1"),
    ],
)
def test_a_bad_environment_value_is_named_with_what_is_expected(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be .* not '{text}'; change it in the model's Environment"):
        from_environment({name: text})


def test_no_setting_is_hidden_in_a_plan_or_a_record() -> None:
    assert {field.name.upper() for field in fields(Settings)} <= SHOWN_SETTINGS


def test_batching_by_the_server_is_refused_at_load() -> None:
    with pytest.raises(SettingsError, match="SAGEMAKER_TS_BATCH_SIZE must be 1"):
        from_environment({"SAGEMAKER_TS_BATCH_SIZE": "4"})
    assert from_environment({"SAGEMAKER_TS_BATCH_SIZE": "1"}) == Settings()


def test_settings_are_validated_at_birth() -> None:
    with pytest.raises(SettingsError, match="frame_interval must be a whole number"):
        Settings(frame_interval=0)


@given(
    interval=st.integers(1, 1_000_000),
    threshold=st.floats(0, 1),
    masks=st.sampled_from(Masks),
    layout=st.sampled_from(Layout),
    square_pixels=st.booleans(),
    order=st.permutations(REQUEST_PARAMETERS),
    blank=st.sampled_from(["", " ", "  "]),
)
def test_custom_attributes_say_what_was_written_in_them(
    interval: int, threshold: float, masks: Masks, layout: Layout, square_pixels: bool, order: list[str], blank: str
) -> None:
    values = {"frame_interval": interval, "score_threshold": repr(threshold), "masks": masks, "layout": layout}
    values["square_pixels"] = str(square_pixels).lower()
    header = ";".join(f"{blank}{name}{blank}={blank}{values[name]}{blank}" for name in order)
    expected = Settings(interval, score_threshold=threshold, masks=masks, layout=layout, square_pixels=square_pixels)
    assert Settings().overridden(header) == expected
    assert Settings().overridden(f"{header};") == expected


@given(st.text(max_size=60))
def test_any_header_is_either_understood_or_the_senders_fault(header: str) -> None:
    with suppress(BadParameter):
        assert isinstance(Settings().overridden(header), Settings)


@pytest.mark.parametrize("header", [None, "", ";", " ; "])
def test_no_attributes_change_nothing(header: str | None) -> None:
    settings = Settings(frame_interval=7)
    assert settings.overridden(header) == settings


def test_a_request_keeps_what_it_does_not_name() -> None:
    settings = Settings(frame_interval=7, batch_size=2, score_threshold=0.9).overridden("frame_interval=3")
    assert settings == Settings(frame_interval=3, batch_size=2, score_threshold=0.9)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("frame_intervall=5", "unknown parameter 'frame_intervall'; did you mean 'frame_interval'?"),
        ("Score-Threshold=0.5", "unknown parameter 'Score-Threshold'; did you mean 'score_threshold'?"),
        (
            "trace=abc",
            "unknown parameter 'trace'; known are frame_interval, score_threshold, masks, layout",
        ),
        ("batch_size=64", "unknown parameter 'batch_size'"),
        ("frame_interval", "'frame_interval' is not of the form name=value"),
        ("frame_interval=5;frame_interval=6", "frame_interval is given twice"),
        ("frame_interval=0", "frame_interval must be a whole number from 1 to 1000000, not '0'"),
        ("frame_interval=", "frame_interval must be a whole number from 1 to 1000000, not ''"),
        ("score_threshold=high", "score_threshold must be a number from 0 to 1, not 'high'"),
        ("masks=png", "masks must be none or rle, not 'png'"),
        ("layout=flat", "layout must be document or plain, not 'flat'"),
        ("square_pixels=yes", "square_pixels must be true or false, not 'yes'"),
    ],
)
def test_a_bad_attribute_is_the_senders_fault_and_says_what_was_meant(header: str, message: str) -> None:
    with pytest.raises(BadParameter) as caught:
        Settings().overridden(header)
    assert message in str(caught.value)
    assert (caught.value.status, caught.value.code) == (400, "bad_parameter")
