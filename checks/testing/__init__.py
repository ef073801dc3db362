"""What the pytest plugin is made of: how a run is set, tests of gradients and of equations, records, the summary."""
