"""``python -m shapecheck_bp`` is the command ``shapecheck-bp``."""

import sys

from shapecheck_bp.cli import main

sys.exit(main())
