"""The command line: the same straight line as the verbs, with progress, exit codes and help."""

from clusterpanel.cli.entry import main

__all__ = ["main"]
