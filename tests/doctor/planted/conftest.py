"""The styles are programs that are read, and hold no tests; the rest import one another by name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
collect_ignore_glob = ["styles/*"]
