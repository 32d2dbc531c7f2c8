"""The network: architecture, weights, a batch to detections (`detector`), masks and their run-length encoding."""
