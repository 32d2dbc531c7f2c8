"""May this bundle be promoted? Each gate judges the evidence on its own and says why."""
