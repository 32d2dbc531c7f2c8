"""Estimates what an endpoint costs: `prices` finds an instance's price in AWS's Price List or a dated table, `cost`
computes the cost of a load from it.
"""

from deploy.pricing.prices import Price, price

__all__ = ["Price", "price"]
