"""Finds what an instance costs an hour: in AWS's Price List where that is possible, else in the dated table.

May not: guess. A region or instance that is in neither has no price.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.aws import Clients, aws_errors
from deploy.core.errors import AwsRefused
from deploy.core.tables import table

# Suffixes of the usage types that an asynchronous endpoint may be billed under, best first.
_USAGES = ("AsyncInf", "Host")


@dataclass(frozen=True)
class Price:
    usd_per_hour: float
    source: str
    """The origin and date of the price, for people."""


def price(region: str, instance_type: str, clients: Clients | None = None) -> Price | None:
    """The price from the Price List when `clients` may call it, else from the table; None when neither has one."""
    if clients is not None and not clients.target.is_local:
        try:
            listed = _listed(region, instance_type, clients)
        except AwsRefused:
            listed = None  # without permission or network the table answers
        if listed is not None:
            return listed
    return _tabled(region, instance_type)


def _tabled(region: str, instance_type: str) -> Price | None:
    prices = table("prices")
    usd = prices["usd_per_hour"].get(region, {}).get(instance_type)
    return None if usd is None else Price(float(usd), f"table of {prices['as_of']}, {region}")


def _listed(region: str, instance_type: str, clients: Clients) -> Price | None:
    """Select by usage type, because the attribute `component` is spelled differently from region to region."""
    filters = [
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": region},
        {"Type": "TERM_MATCH", "Field": "instanceName", "Value": instance_type},
    ]
    with aws_errors(f"asking for the price of {instance_type}"):
        pages = clients.pricing.get_paginator("get_products").paginate(ServiceCode="AmazonSageMaker", Filters=filters)
        products = [json.loads(item) for page in pages for item in page["PriceList"]]
    for usage in _USAGES:
        found = set(_prices(products, f"{usage}:{instance_type}"))
        if len(found) == 1:
            return Price(found.pop(), f"AWS Price List, {usage}, {region}")
    return None


def _prices(products: Iterable[Mapping[str, Any]], usage: str) -> Iterable[float]:
    for product in products:
        kind = str(product["product"]["attributes"].get("usagetype", ""))
        if kind == usage or kind.endswith(f"-{usage}"):
            for term in product["terms"].get("OnDemand", {}).values():
                yield from (float(each["pricePerUnit"]["USD"]) for each in term["priceDimensions"].values())
