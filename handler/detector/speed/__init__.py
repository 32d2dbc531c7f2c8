"""Techniques that make the handler faster with the same answers, one a module. Imports `core`; `io`, `model` and
`pipeline` import it.

    lazy_imports   torchvision without what no answer needs
    gc_pause       no garbage collection during the load
    prefetch       the next item is made while the current one is in use
    precision      a part of a network in half precision
    folding        frozen batch norms, folded into convolutions
    regions        region pooling on a CPU
    dense          fully connected layers on a CPU
    compiling      a part of a network through torch's compiler
    allocator      glibc keeps freed memory
    gpu_memory     a limit on the GPU memory that torch takes

Nothing is imported here: `lazy_imports` must precede the first import of torchvision,
and `prefetch` needs no torch.
"""
