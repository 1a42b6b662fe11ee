"""Print the lowest version of every direct dependency, as constraints for pip."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
requirements = [*project["dependencies"], *extras["plot"], *extras["parquet"], *extras["test"]]
for requirement in sorted(set(requirements)):
    print(re.sub(r"\[.*\]", "", requirement).replace(">=", "=="))
