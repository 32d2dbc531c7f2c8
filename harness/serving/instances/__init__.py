"""An instance, whatever runs it and whatever it serves.

runtime       the seam: `Runtime` starts an `Instance` from an `InstanceSpec`
model_data    its archive, fetched and unpacked
health        the waits until it answers, and until its model is loaded
model_watch   the watch on its log while requests wait
memory, gpu, versions   what the evidence says about it

It may import `harness.serving.stacks`, and knows no stack by name and no runtime.
"""
