"""The command line from the first plan to the last deletion, as a user types it, on a cloud in memory."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy import bundle, config
from deploy.apply import lock
from deploy.cli import main
from deploy.evidence import Case
from tests.deploy.projects import write_project
from tests.deploy.promotion_requests import known_clip
from tests.deploy.reports import PROCESS, report, throughput, write_report
from tests.deploy.watched_cloud import GOOD_ANSWER, START, WatchedCloud

ROOT = Path(__file__).parents[3]


class Terminal:
    """Types `deploy` commands in a project's folder and keeps what they print."""

    def __init__(self, folder: Path, cloud: WatchedCloud, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.cloud, self._capsys = folder, cloud, capsys
        self.out = self.err = ""

    def type(self, words: str, *, expect: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main.main(shlex.split(words))
        captured = self._capsys.readouterr()
        self.out, self.err = captured.out, captured.err
        assert (ended.value.code or 0) == expect, self.err
        return self.out

    def json(self, words: str, *, expect: int = 0) -> Any:
        return json.loads(self.type(f"{words} --output json", expect=expect))

    def prepare(self, seed: int = 0) -> None:
        """A project, its bundle, and evidence that a rehearsal of it passed on this machine."""
        (self.folder / "clip.mp4").write_bytes(b"a clip")
        extra = '[rollout]\nsmoke_input = "clip.mp4"\n[env.prod.endpoint]\nname = "demo-prod"\n'
        write_project(self.folder, seed=seed, extra=extra)
        self.type("bundle")
        project = config.load(Path(config.FILE_NAME))
        built = bundle.read(Path("dist/model.tar.gz"))
        made = report(
            project, built, cases=(known_clip(self.folder),), runtime=PROCESS, created=self.cloud.clock().today()
        )
        write_report(Path("rehearsal-report/report.json"), made)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://cloud.invalid")
    cloud = WatchedCloud()
    monkeypatch.setattr("deploy.cli.session.session.Clients", lambda _: cloud.clients())
    monkeypatch.setattr("deploy.cli.session.session.REAL_TIME", cloud.clock())
    made = Terminal(tmp_path, cloud, capsys)
    made.prepare()
    return made


def test_a_whole_life_as_typed(terminal: Terminal) -> None:
    assert "17 to create" in terminal.type("--target local", expect=2)
    assert "Every gate is open." in terminal.type("gate --target local")
    assert "serves as demo" in terminal.type("--promote --target local --yes")
    assert "No changes" in terminal.type("--target local")
    assert "InService" in terminal.type("status --target local")
    assert "No drift" in terminal.type("drift --target local")
    assert "proven: what serves" in terminal.type("verify --target local dist/model.tar.gz")
    terminal.prepare(seed=1)
    assert "1 to change" in terminal.type("--target local", expect=2)
    terminal.type("--promote --target local --yes")
    assert terminal.type("releases --target local").count("promoted") == 2
    assert "again" in terminal.type("rollback --target local --yes")
    assert "clip.mp4: the answer of the rehearsal" in terminal.type("smoke --target local")
    terminal.type("destroy --target local --yes --purge")
    assert terminal.cloud.names() == set()


def test_every_result_can_be_had_as_json_with_a_schema(terminal: Terminal) -> None:
    schemas = [terminal.json("--target local", expect=2)["schema"]]
    schemas.append(terminal.json("gate --target local")["schema"])
    schemas.append(terminal.json("--promote --target local --yes")["schema"])
    looking = ("status", "smoke", "releases", "drift", "verify", "invoke clip.mp4", "expire --dry-run")
    schemas += [terminal.json(f"{words} --target local")["schema"] for words in looking]
    schemas.append(terminal.json("config")["schema"])
    schemas.append(terminal.json("cost -r 2 -s 60")["schema"])
    schemas.append(terminal.json("policy --account 123456789012")["schema"])
    terminal.prepare(seed=1)
    terminal.type("--promote --target local --yes")
    schemas.append(terminal.json("rollback --target local --yes")["schema"])
    schemas.append(terminal.json("destroy --target local --yes")["schema"])
    assert all(schema.startswith("rehearsal.") for schema in schemas)
    assert len(schemas) == 15


def test_the_plan_reads_as_a_plan(terminal: Terminal) -> None:
    text = terminal.type("--target local", expect=2)
    assert "  +   endpoint        demo\n" in text
    assert "1 x ml.g4dn.xlarge" in text
    assert "$0.7364 an hour" in text
    assert "$0 to $538 a month" in text
    assert "quota    none, a local cloud" in text
    assert text.strip().endswith("Nothing was changed; `deploy --promote --target local` does it.")


def test_errors_of_a_plan_end_with_1_since_2_means_changes(terminal: Terminal) -> None:
    Path("dist/model.tar.gz").unlink()
    terminal.type("--target local", expect=1)
    assert "deploy bundle" in terminal.err


def test_a_reviewed_plan_is_promoted_only_while_it_holds(terminal: Terminal) -> None:
    terminal.type("--target local --out plan.json", expect=2)
    terminal.type("--promote --target local --yes --plan plan.json")
    terminal.type("--promote --target local --yes --plan plan.json", expect=2)
    assert "the plan is stale" in terminal.err


@pytest.mark.parametrize(
    ("running", "said"),
    [
        (4, "4 instances at work now; the new fleet starts as large"),
        (1, "1 instance at work now; the new fleet starts with 1, [endpoint] initial_instance_count"),
        (0, "no instances at work now; the new fleet starts with 1, to load the new model"),
    ],
)
def test_a_plan_says_how_large_the_new_fleet_is_and_holds_when_instances_come_and_go(
    terminal: Terminal, running: int, said: str
) -> None:
    terminal.type("--promote --target local --yes")
    terminal.prepare(seed=1)
    terminal.type("--target local --out plan.json", expect=2)
    (fleet,) = terminal.cloud.endpoints["demo"]["ProductionVariants"]
    fleet["DesiredInstanceCount"] = running
    assert said in terminal.type("--target local", expect=2)
    terminal.type("--promote --plan plan.json --target local --yes")


def test_a_rollback_is_judged_by_the_rehearsal_of_the_release_it_goes_to(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    terminal.prepare(seed=1)
    terminal.type("--promote --target local --yes")
    terminal.cloud.answer = lambda _: GOOD_ANSWER.replace(b"[{}, {}]", b"[]")
    terminal.type("rollback --target local --yes", expect=1)
    assert "the answer has 1 detections, the rehearsal had 3" in terminal.err
    terminal.cloud.answer = lambda _: GOOD_ANSWER
    assert "answers as it did when it was rehearsed" in terminal.type("rollback --target local --yes")


def test_a_rollback_on_a_machine_that_never_saw_the_rehearsal_says_so(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    rehearsed = Path("rehearsal-report/report.json").read_text()
    terminal.prepare(seed=1)
    terminal.type("--promote --target local --yes")
    shutil.rmtree(".rehearsal")
    assert "no evidence of its rehearsal is here" in terminal.type("rollback --target local --yes")
    terminal.type("rollback --target local --yes")
    Path("kept.json").write_text(rehearsed)
    assert "as it did when it was rehearsed" in terminal.type("rollback --target local --yes --evidence kept.json")


def test_evidence_of_the_same_bundle_with_other_settings_judges_nothing(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    with Path(config.FILE_NAME).open("a") as file:
        file.write("[handler.environment]\nFRAME_INTERVAL = 9\n")
    terminal.type("--promote --target local --yes --override configuration --because test")
    assert "an answer, with no rehearsal here" in terminal.type("smoke --target local")


def test_a_damaged_report_keeps_nobody_from_going_back(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    terminal.prepare(seed=1)
    terminal.type("--promote --target local --yes")
    Path("rehearsal-report/report.json").write_text("{")
    terminal.type("rollback --target local --yes")


def test_releases_are_listed_with_what_cannot_be_read(terminal: Terminal) -> None:
    assert "nothing was promoted here yet" in terminal.type("releases --target local")
    terminal.type("--promote --target local --yes")
    (key,) = [key for key in terminal.cloud.objects if key[1].endswith("Z.json")]
    terminal.cloud.objects[key]["Data"] = b"{}"
    terminal.cloud.objects[key[0], "releases/demo/current.json"]["Data"] = b"{}"
    assert "unreadable: is not a release" in terminal.type("releases --target local")
    assert "which one is in service is not known" in terminal.err
    document = terminal.json("releases --target local")
    assert (document["releases"], document["in_service"], len(document["unreadable"])) == ([], None, 1)


@pytest.mark.parametrize("words", ["--env prod destroy --yes", "--target local status", "--promote gate"])
def test_an_option_before_the_command_is_refused_since_the_command_would_not_heed_it(
    terminal: Terminal, words: str
) -> None:
    terminal.type(words, expect=2)
    assert f"{words.split()[0]} comes before `" in terminal.err


def test_the_next_command_is_said_with_the_words_that_it_needs(terminal: Terminal) -> None:
    assert "`deploy --promote --env prod --target local` does it" in terminal.type(
        "--env prod --target local", expect=2
    )
    promoted = terminal.type("--promote --env prod --target local --yes")
    assert "go back with `deploy destroy --env prod --target local`" in promoted
    terminal.prepare(seed=1)
    promoted = terminal.type("--promote --env prod --target local --yes")
    assert "go back with `deploy rollback --env prod --target local`" in promoted


def test_missing_evidence_is_a_shut_gate_and_a_named_file_that_is_missing_is_usage(terminal: Terminal) -> None:
    shutil.rmtree("rehearsal-report")
    assert "evidence       there is none: run `harness validate`" in terminal.type("gate --target local", expect=1)
    terminal.type("gate --target local --evidence nowhere.json", expect=2)


@pytest.mark.parametrize("words", ["smoke", "invoke clip.mp4"])
def test_requests_to_an_endpoint_that_is_not_there_are_refused_before_the_upload(
    terminal: Terminal, words: str
) -> None:
    terminal.type(f"{words} --target local", expect=2)
    assert "there is no endpoint demo here" in terminal.err
    assert terminal.cloud.changes() == []


@pytest.mark.parametrize(("name", "said"), [("a.jpg", "image/jpeg"), ("a.npy", "application/x-npy"), ("a.q", "octet")])
def test_a_file_is_sent_as_what_its_name_says(terminal: Terminal, name: str, said: str) -> None:
    terminal.type("--promote --target local --yes")
    Path(name).write_bytes(b"x")
    terminal.type(f"invoke {name} --target local")
    assert said in terminal.err
    terminal.type(f"invoke {name} --target local --content-type video/mp4")
    assert "as video/mp4" in terminal.err


def test_destroy_tells_what_goes_from_what_stays(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    terminal.type("destroy --target local", expect=2)
    bucket = next(line for line in terminal.err.splitlines() if "  bucket" in line)
    assert "stays; --purge deletes it" in bucket
    assert not bucket.strip().startswith("-")
    terminal.type("destroy --purge --target local", expect=2)
    assert "stays" not in terminal.err


def test_status_tells_of_a_promotion_that_was_interrupted(terminal: Terminal) -> None:
    terminal.cloud.crash_after = "CreateEndpoint"
    terminal.type("--promote --target local --yes", expect=130)
    terminal.type("status --target local")
    assert "has not ended; if nobody is at it, `deploy resume --target local` goes on" in terminal.err
    terminal.type("resume --target local")
    terminal.type("status --target local")
    assert terminal.err == ""


def test_a_lost_lock_leaves_a_promotion_that_resume_finishes(terminal: Terminal) -> None:
    def robbed(_: str) -> bytes:
        (key,) = [key for key in terminal.cloud.objects if key[1].endswith("lock.json")]
        del terminal.cloud.objects[key]
        return GOOD_ANSWER

    terminal.cloud.answer = robbed
    terminal.type("--promote --target local --yes", expect=1)
    assert "is no longer ours: it was deleted" in terminal.err
    assert "`deploy resume --target local` goes on from here" in terminal.err
    terminal.cloud.answer = lambda _: GOOD_ANSWER
    assert "serves as demo" in terminal.type("resume --target local")


@pytest.mark.parametrize(
    ("file", "written"),
    [("keys/r.pem", "keys/r.pem"), ("{home}/k/r.pem", "~/k/r.pem"), ("{elsewhere}/r.pem", "{elsewhere}/r.pem")],
)
def test_a_key_is_printed_as_the_project_file_names_it(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, written: str
) -> None:
    places = {"home": tmp_path / "home", "elsewhere": tmp_path / "elsewhere"}
    monkeypatch.setenv("HOME", str(places["home"]))
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(config.FILE_NAME, project)
    monkeypatch.chdir(tmp_path if file == "keys/r.pem" else project)
    named = "project/keys/r.pem" if file == "keys/r.pem" else file.format(**places)
    printed = terminal.type(f"keygen {named} --config {project / config.FILE_NAME}")
    lines = tomllib.loads(printed[printed.index("[release]") :])["release"]
    assert lines["signing_key"] == written.format(**places)
    with (project / config.FILE_NAME).open("a") as toml:
        toml.write(printed[printed.index("[release]") :])
    found = config.load(project / config.FILE_NAME).release
    assert found.signing_key is not None
    assert found.signing_key.is_file()
    assert found.public_keys[0].is_file()


def test_nothing_is_promoted_without_a_yes(terminal: Terminal) -> None:
    terminal.type("--promote --target local", expect=2)
    assert "not promoted: nothing was changed" in terminal.err
    assert terminal.cloud.changes() == []


def test_a_shut_gate_is_exit_1_and_an_override_opens_it(terminal: Terminal) -> None:
    terminal.cloud.slept_seconds.append(8 * 24 * 3600)
    terminal.type("gate --target local", expect=1)
    terminal.type("--promote --target local --yes", expect=1)
    assert "freshness" in terminal.err
    terminal.type("--promote --target local --yes --override freshness", expect=2)
    assert "--because" in terminal.err
    done = terminal.json("--promote --target local --yes --override freshness --because 'a demo'")
    assert "overridden because: a demo" in next(each["reason"] for each in done["gates"] if each["gate"] == "freshness")


def test_a_bad_release_is_exit_1_and_the_old_one_serves(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    old = terminal.cloud.endpoints["demo"]["EndpointConfigName"]
    terminal.prepare(seed=1)
    terminal.cloud.answer = lambda config: GOOD_ANSWER if config == old else None
    terminal.type("--promote --target local --yes", expect=1)
    assert "rolled back" in terminal.err
    assert terminal.cloud.endpoints["demo"]["EndpointConfigName"] == old
    terminal.type("resume --target local", expect=2)
    assert "nothing to resume" in terminal.err


def test_an_interrupted_promotion_is_resumed(terminal: Terminal) -> None:
    terminal.cloud.crash_after = "CreateEndpoint"
    terminal.type("--promote --target local --yes", expect=130)
    assert "deploy resume" in terminal.err
    assert "serves as demo" in terminal.type("resume --target local")


@pytest.mark.parametrize("operation", ["RegisterScalableTarget", "UpdateEndpoint", "InvokeEndpointAsync"])
def test_an_interrupted_rollback_goes_on_when_it_is_said_again(terminal: Terminal, operation: str) -> None:
    terminal.type("--promote --target local --yes")
    first = terminal.cloud.endpoints["demo"]["EndpointConfigName"]
    terminal.prepare(seed=1)
    terminal.type("--promote --target local --yes")
    terminal.cloud.crash_after = operation
    terminal.type("rollback --target local --yes", expect=130)
    assert "--target local` again goes on from here" in terminal.err
    terminal.type("rollback --target local --yes")
    assert terminal.cloud.endpoints["demo"]["EndpointConfigName"] == first
    assert not any(terminal.cloud.targets["endpoint/demo/variant/AllTraffic"]["SuspendedState"].values())


def test_what_is_resumed_is_the_release_that_was_agreed_to(terminal: Terminal) -> None:
    terminal.cloud.crash_after = "CreateEndpoint"
    terminal.type("--promote --target local --yes", expect=130)
    terminal.prepare(seed=1)
    terminal.type("resume --target local", expect=2)
    assert "bundle and settings have changed since" in terminal.err
    terminal.prepare(seed=0)
    assert "serves as demo" in terminal.type("resume --target local")


def test_a_resume_that_is_refused_can_be_repeated(terminal: Terminal) -> None:
    terminal.cloud.crash_after = "CreateEndpoint"
    terminal.type("--promote --target local --yes", expect=130)
    report = Path("rehearsal-report/report.json")
    text = report.read_text()
    report.unlink()
    terminal.type("resume --target local", expect=1)
    assert "evidence: there is none: run `harness validate`" in terminal.err
    report.write_text(text)
    assert "serves as demo" in terminal.type("resume --target local")


@pytest.mark.parametrize("words", ["--promote --yes", "rollback --yes", "destroy --yes"])
def test_nothing_is_changed_while_another_process_deploys(terminal: Terminal, words: str) -> None:
    terminal.type("--promote --target local --yes")
    terminal.cloud.calls.clear()
    (busy,) = terminal.folder.rglob("busy")
    with lock.alone(busy):
        terminal.type(f"{words} --target local", expect=1)
    assert "another `deploy` on this machine" in terminal.err
    assert terminal.cloud.changes() == []


def test_purging_a_bucket_of_other_hands_takes_only_what_deploy_wrote_there(terminal: Terminal) -> None:
    with Path(config.FILE_NAME).open("a") as file:
        file.write("[storage]\nbucket = 'theirs'\ncreate_bucket = false\n")
    terminal.cloud.buckets["theirs"] = "us-east-1"
    terminal.type("--promote --target local --yes")
    gone = terminal.json("destroy --target local --yes --purge")
    assert gone["kept"] == [f"s3://theirs/async/{each}/" for each in ("input", "output", "failure")]
    left = {name for name in terminal.cloud.names() if not name.startswith("s3://theirs/async/")}
    assert left == {"theirs"}


def test_what_is_kept_is_said(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    said = terminal.type("destroy --target local --yes")
    assert "s3://rehearsal-demo-000000000000-us-east-1/models/" in said
    assert said.endswith("(--purge deletes it)\n")


def test_nothing_is_destroyed_while_another_machine_deploys(terminal: Terminal) -> None:
    terminal.cloud.crash_after = "CreateModel"
    terminal.type("--promote --target local --yes", expect=130)
    (owner,) = terminal.folder.rglob("owner")
    owner.write_text("another machine")
    terminal.type("destroy --target local --yes", expect=1)
    assert "has been deploying since" in terminal.err


def test_a_failed_request_is_exit_1_with_what_the_container_said(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    terminal.cloud.answer = lambda _: None
    terminal.type("invoke clip.mp4 --target local", expect=1)
    assert "model_error" in terminal.err
    terminal.type("smoke --target local", expect=1)


def test_a_smoke_test_compares_with_the_rehearsal_of_what_serves(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    assert "clip.mp4: the answer of the rehearsal" in terminal.type("smoke --target local")
    terminal.cloud.answer = lambda _: b'{"schema": "rehearsal.predictions/1", "frames": []}'
    assert "0 frames, the rehearsal had 2" in terminal.type("smoke --target local", expect=1)


def test_an_answer_goes_to_stdout_or_a_file(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    assert terminal.type("invoke clip.mp4 --target local").encode() == GOOD_ANSWER
    terminal.type("invoke clip.mp4 --target local --out answer.json")
    assert Path("answer.json").read_bytes() == GOOD_ANSWER


def test_logs_are_printed_line_by_line(terminal: Terminal) -> None:
    milliseconds = int(START.timestamp() * 1000)
    terminal.cloud.log_events = [{"timestamp": milliseconds, "logStreamName": "AllTraffic/i-1", "message": "hello"}]
    assert terminal.type("logs --target local").endswith("AllTraffic/i-1  hello\n")


def test_aws_is_not_reached_while_an_emulator_is_exported(terminal: Terminal) -> None:
    terminal.type("--promote --yes", expect=2)
    assert "AWS_ENDPOINT_URL" in terminal.err


def test_config_says_where_each_value_comes_from(terminal: Terminal) -> None:
    values = {each["key"]: each for each in terminal.json("config --env prod")["values"]}
    assert values["endpoint.name"]["origin"] == "rehearsal.toml [env.prod]"
    assert values["project.name"]["origin"] == "rehearsal.toml"
    assert values["endpoint.region"]["origin"] == "default"
    assert "# default" in terminal.type("config --origin")
    assert (values["storage.bucket"]["value"], values["notifications.error_topic"]["value"]) == (
        "rehearsal-demo-<account>-us-east-1", "demo-error",
    )  # fmt: skip
    assert values["container.image"]["value"].endswith("pytorch-inference:2.6.0-gpu-py312")
    assert values["endpoint.inference_ami_version"]["value"].startswith("al2")
    told = values["endpoint.inference_ami_version"]["origin"]
    assert re.fullmatch(r"table of \d{4}-\d\d-\d\d, by the image's CUDA", told)


def test_config_is_shown_where_the_tables_know_no_container(terminal: Terminal) -> None:
    with Path(config.FILE_NAME).open("a") as file:
        file.write("[endpoint]\nregion = 'xx-nowhere-1'\n")
    assert "container.image = (not set)" in terminal.type("config --origin")


def test_the_schema_of_the_project_file_is_published(terminal: Terminal) -> None:
    """It takes what `deploy` takes: a file without [handler], one with environments, and the project's own."""
    schema = json.loads(terminal.type("config --schema"))
    judge = jsonschema.Draft202012Validator(schema)
    for text in (Path(config.FILE_NAME).read_text(), (ROOT / config.FILE_NAME).read_text()):
        assert list(judge.iter_errors(tomllib.loads(text))) == []
    misspelt = {"project": {"name": "demo"}, "env": {"prod": {"endpoint": {"regoin": "eu-west-1"}}}}
    (wrong,) = judge.iter_errors(misspelt)
    assert "regoin" in wrong.message


def benched(terminal: Terminal, jobs_per_second: float, **more: float) -> None:
    """What `harness bench` leaves for the gates."""
    project, built = config.load(Path(config.FILE_NAME)), bundle.read(Path("dist/model.tar.gz"))
    now = terminal.cloud.clock().today()
    case = Case(name="benchmark", kind="benchmark", outcome="completed")
    check = throughput(jobs_per_second=jobs_per_second, **more)
    made = report(project, built, cases=(case,), checks=(check,), runtime=PROCESS, created=now)
    write_report(Path("rehearsal-bench/report.json"), made)


def test_a_plan_says_what_a_month_is_expected_to_cost(terminal: Terminal) -> None:
    assert "what to expect needs [cost] requests_per_hour" in terminal.type("--target local", expect=2)
    with Path(config.FILE_NAME).open("a") as file:
        file.write("[cost]\nrequests_per_hour = 2\n")
    assert "what to expect needs `harness bench`" in terminal.type("--target local", expect=2)
    benched(terminal, 0.02, frames_per_second=2.0)
    assert re.search(
        r"expected \$\d+ \(\$\d+ to \$\d+\) at 2 requests an hour", terminal.type("--target local", expect=2)
    )


def test_the_cost_of_frames_comes_from_the_benchmark(terminal: Terminal) -> None:
    terminal.type("cost -r 2", expect=2)
    assert "Measure it with `harness bench`" in terminal.err
    benched(terminal, 0.02, frames_per_second=2.0)
    terminal.type("cost", expect=2)
    assert "[cost] requests_per_hour" in terminal.err
    found = terminal.json("cost -r 2")
    assert found["busy_usd_per_1000_frames"] == pytest.approx(0.7364 / 3600 / 2 * 1000)
    assert found["usd_per_1000_frames"]["expected"] > found["busy_usd_per_1000_frames"]
    assert "per 1,000 frames on an instance that never waits: $0.102" in terminal.type("cost -r 2")


def test_scaling_follows_the_benchmark_when_there_is_one(terminal: Terminal) -> None:
    assert "backlog per instance 5, assumed" in terminal.type("--target local", expect=2)
    benched(terminal, 0.02)
    assert "backlog per instance 7 = 1 in process + 0.02/s measured" in terminal.type("--target local", expect=2)


def test_a_benchmark_of_an_older_bundle_neither_counts_nor_blocks(terminal: Terminal) -> None:
    benched(terminal, 0.02)
    terminal.prepare(seed=1)
    assert "backlog per instance 5, assumed" in terminal.type("--target local", expect=2)
    assert "Every gate is open." in terminal.type("gate --target local")
    named = "--evidence rehearsal-report/report.json --evidence rehearsal-bench/report.json"
    assert "bundle" in terminal.type(f"gate --target local {named}", expect=1)
