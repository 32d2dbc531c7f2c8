"""`harness bench`: settings are swept through the real serving stack on the user's clip, and one of them recommended.

sweep         the flow of one run: bundle, local AWS, one endpoint after the other, recommendation
pace          the points in their order: progress, time left, and what Ctrl-C keeps
measurement/  one point: its settings, its endpoint, its repeats, where its time goes
results/      the recommended point, what bounds it, charts and files, two benchmarks compared
"""
