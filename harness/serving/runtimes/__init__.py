"""How a model container is run on this machine: as processes, or by Docker. `choose` is the choice between the two."""
