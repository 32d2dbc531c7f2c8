"""What makes the network and its start faster with the same answers, a technique a file."""
