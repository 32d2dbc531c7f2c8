"""How a container is run on this machine: as processes (`process`) or by Docker (`docker_*`); `choose` decides.

A runtime knows no stack by name: it gets a `Stack`, prepares what that needs, and starts what it says. To add one,
satisfy `harness.serving.instances.runtime.Runtime` and enter it in `choose.make_runtime`.
"""
