"""What a benchmark says: the recommended point, what bounds it, charts, files, and two benchmarks compared."""
