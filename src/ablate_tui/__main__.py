"""`python -m ablate_tui` is the same as `ablate-tui`."""

import sys

from ablate_tui.tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
