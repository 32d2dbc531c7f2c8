"""What an endpoint costs: `prices` of an instance, from AWS's price list or a dated table, and the `cost` of a load."""
