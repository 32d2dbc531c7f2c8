"""Models, configs, tags and lists, and the rules that no service model states."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.emulator.world import Refused, World

ARN = "arn:aws:sagemaker:eu-west-1:000000000000"


def refused(world: World, operation: str, **request: Any) -> str:
    with pytest.raises(Refused) as caught:
        world.call(operation, **request)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_a_model_is_described_as_it_was_sent(world: World) -> None:
    container = {"Image": "image:1", "Environment": {"A": "1"}}
    arn = world.call("CreateModel", ModelName="Mine", PrimaryContainer=container)["ModelArn"]
    assert arn == f"{ARN}:model/mine", "the name is lower-cased in the ARN"
    found = world.call("DescribeModel", ModelName="Mine")
    assert found["PrimaryContainer"] == container
    assert found["ModelName"] == "Mine"
    assert found["CreationTime"] == world.clock.at


def test_deleting_twice_says_what_is_missing(world: World) -> None:
    world.call("CreateModel", ModelName="m", PrimaryContainer={"Image": "i"})
    assert world.call("DeleteModel", ModelName="m") == {}
    assert refused(world, "DeleteModel", ModelName="m") == f'Could not find model "{ARN}:model/m".'
    text = refused(world, "DeleteEndpointConfig", EndpointConfigName="c")
    assert text == f'Could not find endpoint configuration "{ARN}:endpoint-config/c".'


def test_model_data_must_exist(world: World) -> None:
    container = {"Image": "i", "ModelDataUrl": "s3://bucket/model.tar.gz"}
    text = refused(world, "CreateModel", ModelName="m", PrimaryContainer=container)
    assert text == "Could not find model data at s3://bucket/model.tar.gz."
    world.objects.put("s3://bucket/model.tar.gz", b"")
    world.call("CreateModel", ModelName="m", PrimaryContainer=container)


def test_a_cloud_that_is_away_is_asked_again_at_the_start(world: World) -> None:
    world.objects.is_reachable = False
    container = {"Image": "i", "ModelDataUrl": "s3://bucket/model.tar.gz"}
    world.call("CreateModel", ModelName="m", PrimaryContainer=container)


@pytest.mark.parametrize("containers", [{}, {"Containers": [{"Image": "a"}, {"Image": "b"}]}, {"PrimaryContainer": {}}])
def test_a_model_has_one_container_with_an_image(world: World, containers: dict[str, Any]) -> None:
    assert refused(world, "CreateModel", ModelName="m", **containers)


@pytest.mark.parametrize(
    "variant",
    [
        {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}},
        {"ManagedInstanceScaling": {"Status": "ENABLED"}},
        {"InstanceType": None},
        {"InitialInstanceCount": None},
        {"ModelName": None},
        {"ModelName": "other"},
    ],
)
def test_variants_that_cannot_be_had(world: World, variant: dict[str, Any]) -> None:
    world.call("CreateModel", ModelName="m", PrimaryContainer={"Image": "i"})
    whole = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large", **variant}
    assert refused(world, "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[whole])


def test_a_config_and_a_model_may_go_while_their_endpoint_lives(world: World) -> None:
    world.serve()
    world.call("DeleteEndpointConfig", EndpointConfigName="ep")
    world.call("DeleteModel", ModelName="ep")
    world.restart()
    world.step_until("ep", lambda it: world.parts.registry.instance_counts(it.id) == {"AllTraffic": 1})


def test_tags_are_kept_replaced_and_removed(world: World) -> None:
    world.call("CreateModel", ModelName="m", PrimaryContainer={"Image": "i"}, Tags=[{"Key": "a", "Value": "1"}])
    arn = f"{ARN}:model/m"
    world.call("AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    found = world.call("ListTags", ResourceArn=arn)["Tags"]
    assert found == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    world.call("DeleteTags", ResourceArn=arn, TagKeys=["a"])
    assert world.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "3"}]
    assert refused(world, "ListTags", ResourceArn=f"{ARN}:model/none")


def test_there_are_at_most_fifty_tags(world: World) -> None:
    world.call("CreateModel", ModelName="m", PrimaryContainer={"Image": "i"})
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    world.call("AddTags", ResourceArn=f"{ARN}:model/m", Tags=tags)
    assert refused(world, "AddTags", ResourceArn=f"{ARN}:model/m", Tags=[{"Key": "one more", "Value": ""}])


def test_lists_come_in_pages_newest_first(world: World) -> None:
    for number in range(25):
        world.call("CreateModel", ModelName=f"m{number:02}", PrimaryContainer={"Image": "i"})
        world.clock.pass_(1)
    first = world.call("ListModels")
    assert [model["ModelName"] for model in first["Models"]] == [f"m{number:02}" for number in range(24, 14, -1)]
    second = world.call("ListModels", NextToken=first["NextToken"], MaxResults=100)
    assert len(second["Models"]) == 15
    assert "NextToken" not in second
    after = world.call("ListModels", CreationTimeAfter=world.clock.at - 3)["Models"]
    assert [model["ModelName"] for model in after] == ["m24", "m23", "m22"]


@pytest.mark.parametrize("token", ["nonsense", "b2Zmc2V0Oi0x", "eHg6MQ=="])
def test_a_made_up_token_is_refused(world: World, token: str) -> None:
    assert refused(world, "ListModels", NextToken=token) == "Invalid NextToken."


def test_more_instances_than_the_quota_are_refused(world: World) -> None:
    world.create_config("many", count=21)
    with pytest.raises(Refused) as caught:
        world.call("CreateEndpoint", EndpointName="many", EndpointConfigName="many")
    assert caught.value.code == "ResourceLimitExceeded"
    assert caught.value.message.startswith(
        "The account-level service limit 'ml.m5.large for endpoint usage' is 20 Instances, with current utilization of"
        " 0 Instances and a request delta of 21 Instances."
    )


def test_only_asynchronous_endpoints_go_to_zero(world: World) -> None:
    world.serve("rt", is_async=False)
    change = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}]
    assert refused(world, "UpdateEndpointWeightsAndCapacities", EndpointName="rt", DesiredWeightsAndCapacities=change)


def test_an_unknown_variant_is_named(world: World) -> None:
    world.serve()
    change = [{"VariantName": "x", "DesiredInstanceCount": 1}]
    text = refused(world, "UpdateEndpointWeightsAndCapacities", EndpointName="ep", DesiredWeightsAndCapacities=change)
    assert text == 'The variant name(s) "x" is/are not present within endpoint configuration "ep".'
