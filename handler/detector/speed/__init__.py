"""Makes the handler faster with the same answers, with one technique a module. Imports `core`; `io`, `model` and
`pipeline` import it.

    lazy_imports   imports torchvision without modules that no answer needs
    gc_pause       pauses garbage collection during the load
    prefetch       makes the next item while the current one is in use
    precision      runs a part of a network in half precision
    folding        folds frozen batch norms into convolutions
    fused          computes a convolution with what follows it at once
    regions        pools regions from all levels at once
    dense          computes fully connected layers in the order of the regions
    graphs         replays a computation as one CUDA graph
    kernels        are steps written in Triton for CUDA devices
    compiling      compiles a part of a network with torch's compiler
    allocator      makes glibc keep freed memory
    threads        gives a worker its share of the cores
    gpu_memory     limits the GPU memory that torch takes
    pictures/      prepares pictures for a network on its device

Nothing is imported here: `lazy_imports` must precede the first import of torchvision,
and `prefetch` needs no torch.
"""
