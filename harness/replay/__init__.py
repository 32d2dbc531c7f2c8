"""Running a kept request again: the flow (`replay`), the endpoint it needs, asking, comparing, rendering."""
