"""What is measured at intervals: backlog (`sampling`), instances (`utilisation`), and their publishing."""
