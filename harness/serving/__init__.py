"""The model container on this machine, on two axes: what is served and how it is run.

stacks      what is served: launch, log dialect, health, time-outs; knows nothing of how it is run
instances   one running container, whatever serves and runs it: the seam `Runtime`/`Instance`, model data, health
images      the images that Docker runs: official, compatible, ECR
runtimes    how it is run (process, Docker); knows no stack by name

Imports go one way: `stacks` <- `instances` <- `runtimes`, and `images` <- `runtimes`.
"""
