"""UpdateEndpoint of a variant that is a registered scalable target: what AWS accepts and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.emulator.world import Refused, World, call

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def scaling(world: World, operation: str, **more: Any) -> None:
    request = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/ep/variant/AllTraffic"}
    call(world.parts.operations, f"AnyScaleFrontendService.{operation}",
         {**request, "ScalableDimension": DIMENSION, **more})  # fmt: skip


def update_to(world: World, name: str, *, variant: str = "AllTraffic", instance_type: str = "ml.m5.large") -> None:
    world.call(
        "CreateEndpointConfig",
        EndpointConfigName=name,
        ProductionVariants=[
            {"VariantName": variant, "ModelName": "ep", "InitialInstanceCount": 1, "InstanceType": instance_type}
        ],
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://bucket/out"}},
    )
    world.call("UpdateEndpoint", EndpointName="ep", EndpointConfigName=name)


@pytest.fixture
def scaled(world: World) -> World:
    world.serve()
    scaling(world, "RegisterScalableTarget", MinCapacity=0, MaxCapacity=2)
    return world


@pytest.mark.parametrize("change", [{"instance_type": "ml.g5.xlarge"}, {"variant": "Other"}])
def test_another_instance_type_or_variant_is_refused(scaled: World, change: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        update_to(scaled, "next", **change)
    assert caught.value.code == "ValidationException"
    assert caught.value.message == (
        'The variant(s) "[AllTraffic]" must be deregistered as a scalable target with AWS Auto Scaling before they can'
        " be removed or have their instance type updated."
    )
    assert scaled.endpoint().status == "InService"


def test_the_same_instance_type_is_let_through(scaled: World) -> None:
    update_to(scaled, "next")
    scaled.step_until("ep", lambda endpoint: endpoint.status == "InService")
    assert scaled.endpoint().deployment.config_name == "next"


def test_after_deregistering_it_is_let_through(scaled: World) -> None:
    scaling(scaled, "DeregisterScalableTarget")
    update_to(scaled, "next", instance_type="ml.g5.xlarge")
    scaled.step_until("ep", lambda endpoint: endpoint.status == "InService")
    assert scaled.endpoint().deployment.variants[0].instance_type == "ml.g5.xlarge"
