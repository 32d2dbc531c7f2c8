"""One point of a sweep, measured: its settings, its endpoint, its repeats, and where the time of a frame goes."""
