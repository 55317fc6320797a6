"""``python -m web.cli``: the same as ``wireloom``."""

import sys

from web.cli import main

if __name__ == "__main__":
    sys.exit(main())
