"""`harness bench` sweeps settings through the real serving stack on the user's clip, and recommends one point.

sweep         the flow of one run: bundle, local AWS, one endpoint after the other, recommendation
pace          the points in order: progress, time left, and what Ctrl-C keeps
measurement/  one point: its settings, its endpoint, its repeats, the stages of its time
results/      the recommended point, what bounds it, charts and files, the comparison of two benchmarks
"""
