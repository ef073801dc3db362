"""The subcommands: one module each, with `add` (its arguments) and `run` (args -> exit code)."""
