"""What is served, a package for each serving stack. A stack knows nothing of how it is run."""
