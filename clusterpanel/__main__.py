"""Run the command line as ``python -m clusterpanel``."""

from clusterpanel.cli import main

if __name__ == "__main__":
    main()
