"""Write each block of commands of the README (fenced as `sh`) to a script of its own, as it stands there."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, "docs")
from hooks import blocks

folder = Path(sys.argv[1])
for number, block in enumerate(blocks(Path("README.md").read_text(encoding="utf-8"), "sh"), start=1):
    (folder / f"readme-{number}.sh").write_text(block.code, encoding="utf-8")
