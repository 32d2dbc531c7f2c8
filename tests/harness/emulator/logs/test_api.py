"""CloudWatch Logs of endpoints: the log files of containers and platform as log events."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.core.waiting import wait_until
from harness.emulator.instances.platform_log import LogStream
from harness.emulator.logs.events import MOST_BYTES
from harness.emulator.logs.pattern import matcher
from harness.emulator.logs.times import LONGEST_EVENT_BYTES
from tests.harness.emulator.running import RunningEmulator
from tests.harness.emulator.world import Refused, World, call

GROUP = "/aws/sagemaker/Endpoints/ep"
ONE, TWO = "AllTraffic/i-1", "AllTraffic/i-2"


def write(world: World, text: str, instance: str = "i-1", *, endpoint: str = "ep") -> Path:
    """Write to a container's log and let the emulator read it a second later."""
    path = world.parts.platform_log.container_log(LogStream(endpoint, "AllTraffic", instance))
    with path.open("a", newline="") as log:
        log.write(text)
    world.clock.pass_(1)
    world.parts.log_times.note()
    return path


def ask(world: World, operation: str, **request: Any) -> dict[str, Any]:
    return call(world.parts.operations, f"Logs_20140328.{operation}", request)


def filtered(world: World, **request: Any) -> dict[str, Any]:
    return ask(world, "FilterLogEvents", logGroupName=GROUP, **request)


def messages(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def millis(world: World) -> int:
    return round(world.clock() * 1000)


def all_pages(world: World, **request: Any) -> list[dict[str, Any]]:
    answer = filtered(world, **request)
    found: list[dict[str, Any]] = answer["events"]
    while "nextToken" in answer:
        answer = filtered(world, **request, nextToken=answer["nextToken"])
        found += answer["events"]
    return found


def test_lines_carry_the_time_at_which_they_were_read(world: World) -> None:
    write(world, "first\n")
    seen = millis(world)
    write(world, "second\r\n\nthird\n")
    events = filtered(world)["events"]
    assert [(event["message"], event["timestamp"] - seen) for event in events] == [
        ("first", 0), ("second", 1000), ("third", 1000),
    ]  # fmt: skip
    assert [event["logStreamName"] for event in events] == [ONE] * 3
    assert len({event["eventId"] for event in events}) == 3


def test_a_call_sees_what_was_just_written(world: World) -> None:
    path = write(world, "first\n")
    with path.open("a") as log:
        log.write("second\n")
    assert messages(filtered(world)) == ["first", "second"]


def test_streams_are_listed_in_the_order_of_time(world: World) -> None:
    for number in range(4):
        write(world, f"{number}\n", f"i-{number % 2 + 1}")
    events = filtered(world)["events"]
    assert [event["message"] for event in events] == ["0", "1", "2", "3"]
    assert [event["logStreamName"] for event in events] == [ONE, TWO, ONE, TWO]


def test_the_platforms_lines_are_a_stream_of_their_own(world: World) -> None:
    write(world, "ours\n")
    world.parts.platform_log.model_error(LogStream("ep", "AllTraffic", "i-1"), "id-7", 500, "boom")
    [event] = filtered(world, filterPattern='"Received" "error"')["events"]
    assert event["logStreamName"] == f"{ONE}/data-log"
    assert event["message"].endswith(
        '[sagemaker logs] [id-7] Received server error (500) from primary with message "boom"'
    )


def test_filter_log_events_includes_both_ends_of_the_time_range(world: World) -> None:
    timestamps = []
    for number in range(5):
        write(world, f"{number}\n")
        timestamps.append(millis(world))
    assert messages(filtered(world, startTime=timestamps[1], endTime=timestamps[3])) == ["1", "2", "3"]
    assert messages(filtered(world, startTime=timestamps[4] + 1)) == []


def test_get_log_events_excludes_the_end_time(world: World) -> None:
    write(world, "0\n")
    write(world, "1\n")
    answer = ask(world, "GetLogEvents", logGroupName=GROUP, logStreamName=ONE, endTime=millis(world))
    assert messages(answer) == ["0"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_are_the_whole_without_gaps_or_repeats(world: World, limit: int) -> None:
    for number in range(6):
        write(world, f"{number}a\n{number}b\n\n{number}c\n", f"i-{number % 3}")
    whole = filtered(world)["events"]
    assert len(whole) == 18
    assert all_pages(world, limit=limit) == whole


def test_what_is_added_between_two_pages_comes_at_the_end(world: World) -> None:
    write(world, "b\n", "i-2")
    first = filtered(world, limit=1)
    assert "nextToken" not in first
    write(world, "c\nd\n", "i-2")
    two = filtered(world, limit=2)
    write(world, "late\n", "i-1")
    rest = filtered(world, nextToken=two["nextToken"])
    assert messages(two) + messages(rest) == ["b", "c", "d", "late"]


def test_an_answer_is_no_longer_than_a_megabyte(world: World) -> None:
    write(world, ("x" * 999 + "\n") * 3000)
    answer = filtered(world)
    assert MOST_BYTES - 2000 < sum(len(text) + 27 for text in messages(answer)) <= MOST_BYTES
    assert len(all_pages(world)) == 3000


def test_a_very_long_line_becomes_several_events(world: World) -> None:
    write(world, "y" * (LONGEST_EVENT_BYTES + 5) + "\n")
    assert [len(text) for text in messages(filtered(world))] == [LONGEST_EVENT_BYTES, 5]


def test_an_unfinished_line_waits_for_its_end(world: World) -> None:
    path = write(world, "whole\nhal")
    os.utime(path, (world.clock(), world.clock()))
    assert messages(filtered(world)) == ["whole"]
    with path.open("a") as log:
        log.write("f\n")
    assert messages(filtered(world)) == ["whole", "half"]


def test_an_unfinished_line_is_taken_when_nothing_follows(world: World) -> None:
    path = write(world, "whole\nKilled")
    os.utime(path, (world.clock(), world.clock()))
    world.clock.pass_(6)
    assert messages(filtered(world)) == ["whole", "Killed"]


def test_a_line_that_never_ends_is_taken_in_pieces(world: World) -> None:
    write(world, "z" * LONGEST_EVENT_BYTES)
    write(world, "more")
    assert [len(text) for text in messages(filtered(world))] == [LONGEST_EVENT_BYTES]


def test_marks_of_removed_logs_are_removed_too(world: World) -> None:
    path = write(world, "first\n")
    path.unlink()
    world.parts.housekeeping.tidy()
    assert list(world.settings.log_times_dir.iterdir()) == []
    write(world, "anew\n")
    assert messages(filtered(world)) == ["anew"]


def test_a_restart_keeps_the_timestamps(world: World) -> None:
    write(world, "first\n")
    write(world, "second\n")
    before = filtered(world)["events"]
    world.restart()
    world.clock.pass_(60)
    assert filtered(world)["events"] == before


def test_lines_written_while_no_emulator_ran_carry_the_files_modification_time(world: World) -> None:
    path = write(world, "first\n")
    with path.open("a") as log:
        log.write("while it was down\n")
    written = world.clock() + 10
    os.utime(path, (written, written))
    world.clock.pass_(60)
    world.restart()
    assert filtered(world)["events"][1]["timestamp"] == round(written * 1000)


def test_a_note_cut_short_by_a_kill_is_cut_off(world: World) -> None:
    path = write(world, "first\n")
    [stream] = world.parts.log_times.streams()
    with world.parts.log_times.notes_of(stream).open("ab") as notes:
        notes.write(b"half")
    world.restart()
    with path.open("a") as log:
        log.write("second\n")
    assert messages(filtered(world)) == ["first", "second"]


def test_a_log_that_was_emptied_begins_anew(world: World) -> None:
    path = write(world, "a long line of the past\n")
    path.write_text("new\n")
    assert messages(filtered(world)) == ["new"]


def test_streams_can_be_chosen(world: World) -> None:
    write(world, "one\n", "i-1")
    write(world, "two\n", "i-2")
    assert messages(filtered(world, logStreamNames=[TWO])) == ["two"]
    assert messages(filtered(world, logStreamNamePrefix="AllTraffic/i-1")) == ["one"]


def test_a_group_is_also_known_by_its_arn(world: World) -> None:
    write(world, "one\n")
    [group] = ask(world, "DescribeLogGroups")["logGroups"]
    for identifier in (GROUP, group["logGroupArn"]):
        assert messages(ask(world, "FilterLogEvents", logGroupIdentifier=identifier)) == ["one"]


@pytest.mark.parametrize(
    ("operation", "request_", "code", "text"),
    [
        ("FilterLogEvents", {"logGroupName": f"{GROUP}-x"}, "ResourceNotFoundException", "log group does not exist"),
        ("FilterLogEvents", {"logGroupName": "/aws/../../etc"}, "ResourceNotFoundException", "log group does not"),
        ("FilterLogEvents", {}, "InvalidParameterException", "Exactly one of logGroupName"),
        ("FilterLogEvents", {"logGroupName": GROUP, "limit": 10001}, "InvalidParameterException", "less than or equal"),
        ("FilterLogEvents", {"logGroupName": "a b"}, "InvalidParameterException", "regular expression pattern"),
        ("FilterLogEvents", {"logGroupName": GROUP, "nextToken": "abc"}, "InvalidParameterException", "nextToken is"),
        ("FilterLogEvents", {"logGroupName": GROUP, "nextToken": "WzEsMiwzXQ=="}, "InvalidParameterException", "next"),
        ("FilterLogEvents", {"logGroupName": GROUP, "filterPattern": "{ $.a = 1 }"}, "InvalidParameterException",
         r"Invalid filter pattern\. \(JSON patterns are not emulated"),
        ("FilterLogEvents", {"logGroupName": GROUP, "filterPattern": '"open'}, "InvalidParameterException", "quotes"),
        ("FilterLogEvents", {"logGroupName": GROUP, "logStreamNames": ["x"], "logStreamNamePrefix": "x"},
         "InvalidParameterException", "mutually exclusive"),
        ("FilterLogEvents", {"logGroupName": GROUP, "startFromHead": False}, "InvalidParameterException", "not emul"),
        ("GetLogEvents", {"logGroupName": GROUP, "logStreamName": "x"}, "ResourceNotFoundException", "log stream does"),
        ("GetLogEvents", {"logGroupName": GROUP, "logStreamName": ONE, "nextToken": "f/12"},
         "InvalidParameterException", "nextToken is invalid"),
        ("DescribeLogStreams", {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "x"},
         "InvalidParameterException", "Cannot order by LastEventTime"),
        ("DescribeLogStreams", {"logGroupName": GROUP, "nextToken": "####"}, "InvalidParameterException", "nextToken"),
        ("PutLogEvents", {}, "UnknownOperationException", "PutLogEvents"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(
    world: World, operation: str, request_: dict[str, Any], code: str, text: str
) -> None:
    write(world, "one\n")
    with pytest.raises(Refused, match=text) as caught:
        ask(world, operation, **request_)
    assert caught.value.code == code


def test_an_endpoint_whose_containers_wrote_nothing_has_no_group(world: World) -> None:
    write(world, "")
    with pytest.raises(Refused, match="log group does not exist"):
        filtered(world)


def got(world: World, **request: Any) -> dict[str, Any]:
    return ask(world, "GetLogEvents", logGroupName=GROUP, logStreamName=ONE, **request)


@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_a_stream_is_read_forwards_from_its_head(world: World, limit: int) -> None:
    for number in range(5):
        write(world, f"{number}a\n{number}b\n")
    answer = got(world, startFromHead=True, limit=limit)
    found = messages(answer)
    while (more := got(world, startFromHead=True, limit=limit, nextToken=answer["nextForwardToken"]))["events"]:
        found += messages(more)
        answer = more
    assert found == [f"{number}{letter}" for number in range(5) for letter in "ab"]
    assert more["nextForwardToken"] == answer["nextForwardToken"], "the end is known by the same token"
    write(world, "new\n")
    assert messages(got(world, startFromHead=True, nextToken=more["nextForwardToken"])) == ["new"]


@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_a_stream_is_read_backwards_from_its_end(world: World, limit: int) -> None:
    for number in range(5):
        write(world, f"{number}a\n{number}b\n")
    answer = got(world, limit=limit)
    assert messages(answer) == messages(got(world))[-limit:]
    assert messages(got(world, nextToken=answer["nextForwardToken"])) == []
    found = messages(answer)
    while (more := got(world, limit=limit, nextToken=answer["nextBackwardToken"]))["events"]:
        found = messages(more) + found
        answer = more
    assert found == [f"{number}{letter}" for number in range(5) for letter in "ab"]
    assert more["nextBackwardToken"] == answer["nextBackwardToken"]


def test_the_end_of_a_long_stream_is_found_in_one_note(world: World) -> None:
    write(world, "".join(f"{number:0998d}\n" for number in range(4000)))
    answer = got(world)
    numbers = [int(text) for text in messages(answer)]
    assert numbers == list(range(4000 - len(numbers), 4000))
    assert 900 < len(numbers) < 1049
    before = [int(text) for text in messages(got(world, nextToken=answer["nextBackwardToken"]))]
    assert before[-1] == numbers[0] - 1


def test_streams_are_described_by_name_and_by_time(world: World) -> None:
    write(world, "x\n", "i-1")
    write(world, "x\n", "i-2")
    write(world, "x\n", "i-1")
    by_name = ask(world, "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert [stream["logStreamName"] for stream in by_name] == [ONE, TWO]
    assert by_name[0]["lastEventTimestamp"] - by_name[0]["firstEventTimestamp"] == 2000
    assert by_name[0]["arn"].endswith(f":log-group:{GROUP}:log-stream:{ONE}")
    request = {"logGroupName": GROUP, "orderBy": "LastEventTime", "limit": 1}
    first = ask(world, "DescribeLogStreams", **request)
    second = ask(world, "DescribeLogStreams", **request, nextToken=first["nextToken"])
    assert [one["logStreams"][0]["logStreamName"] for one in (first, second)] == [TWO, ONE]
    assert "nextToken" not in second


def test_groups_are_described(world: World) -> None:
    for name in ("ep", "ep-two", "other"):
        write(world, "x\n", endpoint=name)
    assert names(ask(world, "DescribeLogGroups")) == ["ep", "ep-two", "other"]
    assert names(ask(world, "DescribeLogGroups", logGroupNamePrefix=GROUP)) == ["ep", "ep-two"]
    assert names(ask(world, "DescribeLogGroups", logGroupNamePattern="two")) == ["ep-two"]
    assert ask(world, "DescribeLogGroups")["logGroups"][0]["retentionInDays"] == 7


def names(answer: dict[str, Any]) -> list[str]:
    return [group["logGroupName"].rpartition("/")[2] for group in answer["logGroups"]]


@pytest.mark.parametrize(
    ("pattern", "message", "is_match"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "error", False),
        ("ERROR Exception", "an Exception after an ERROR", True),
        ("ERROR Exception", "an ERROR", False),
        ('"two words"', "of two words", True),
        ('"two words"', "two other words", False),
        (r'"say \"it\""', 'they say "it"', True),
        ("?ERROR ?WARN", "a WARN", True),
        ("?ERROR ?WARN", "an INFO", False),
        ("ERROR -Exception", "an ERROR", True),
        ("ERROR -Exception", "an ERROR, an Exception", False),
        ('-"GET /ping"', "GET /ping 200", False),
        ("INFO ?WARN", "INFO", True),
    ],
)
def test_terms_match_as_the_guide_says(pattern: str, message: str, is_match: bool) -> None:
    assert matcher(pattern)(message) is is_match


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_quoted_text_finds_itself(text: str, dependencies: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert matcher(f'"{quoted}"')(dependencies + text + dependencies)


def test_a_running_emulator_looks_without_being_asked(running: RunningEmulator) -> None:
    parts = running.emulator.parts
    parts.platform_log.container_log(LogStream("ep", "AllTraffic", "i-1")).write_text("hello\n")
    [stream] = wait_until(
        lambda: parts.log_times.streams() or None, what="the line to be noted", timeout_seconds=10, every_seconds=0.05
    )
    assert stream.group == GROUP
