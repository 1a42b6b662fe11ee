"""`python -m customer_centric`: the audit."""

from __future__ import annotations

import sys

from customer_centric.audit.cli import main

if __name__ == "__main__":
    sys.exit(main())
