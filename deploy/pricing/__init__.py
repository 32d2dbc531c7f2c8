"""Estimates what an endpoint costs: `prices` finds an instance's price in AWS's Price List or a dated table, `cost`
computes the cost of a load from it.
"""
