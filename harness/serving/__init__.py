"""How a model container is run on this machine: as processes, or by Docker.

`runtime` is the seam, `choose` the choice between the two.
"""
