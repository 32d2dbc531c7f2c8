"""`harness bench` sweeps settings through the real serving stack with a project's cases or a clip, and recommends one.

sweep         the flow of one run: bundle, load, local AWS, one endpoint after the other, recommendation
pace          the points in order: progress, time left, and what Ctrl-C keeps
unread        swept variables that nothing names
load/         what is sent, when, and what its answers are counted as
measurement/  one point: its settings, its endpoint, its repeats, the stages of its time
results/      the recommended point, what bounds it, charts and files, the comparison of two benchmarks
"""
