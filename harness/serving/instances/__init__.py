"""An instance, whatever runs it: the seam (`runtime`), its model data, memory, GPU and package versions."""
