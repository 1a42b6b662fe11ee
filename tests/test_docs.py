"""Every example that people read is executed: docstrings, README, pages of the docs, shown commands."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import io
import pkgutil
import re
import runpy
import shlex
import sys
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest

import customer_centric
from source import PACKAGE, ROOT


def load_hooks() -> ModuleType:
    """`docs/hooks.py`, which reads and runs the pages for the site too."""
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


hooks = load_hooks()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pages_with(language: str) -> list[Path]:
    return [path for path in PAGES if hooks.blocks(path.read_text(encoding="utf-8"), language)]


def module_names() -> list[str]:
    """The modules of the installed package."""
    walked = pkgutil.walk_packages(customer_centric.__path__, f"{PACKAGE}.")
    return sorted(module.name for module in walked if not module.name.endswith("__main__"))


@pytest.mark.parametrize("name", module_names())
def test_examples_in_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)
    report = io.StringIO()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(verbose=False, optionflags=flags)
    with mpl.rc_context():
        for example in doctest.DocTestFinder(exclude_empty=True).find(module, name):
            runner.run(example, out=report.write)
    assert not report.getvalue(), report.getvalue()


@pytest.mark.parametrize("path", pages_with("python"), ids=page_id)
def test_examples_on_pages(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with mpl.rc_context(hooks.figure_style()):
        hooks.run_page(path.read_text(encoding="utf-8"), page_id(path))


def shown_commands() -> list[object]:
    """Each command of the package that a page shows (`$ python -m customer_centric ...`), once."""
    found: dict[tuple[str, ...], str] = {}
    for path in pages_with("console"):
        for block in hooks.blocks(path.read_text(encoding="utf-8"), "console"):
            for command in re.findall(r"^\$ (.+)$", block.code.replace("\\\n", " "), flags=re.MULTILINE):
                words = tuple(shlex.split(command))
                if words[:3] == ("python", "-m", PACKAGE):
                    found.setdefault(words[3:], f"{page_id(path)}:{block.line}")
    return [pytest.param(arguments, id=place) for arguments, place in found.items()]


@pytest.fixture(scope="module")
def shown_files() -> dict[str, str]:
    """What the commands find in the working directory.

    `transactions.csv`: the bundled sample under other column names; `survey.csv`: simulated answers of its
    first customers; `contracts.csv`: a few subscriptions; `events.csv`: simulated journeys.
    """
    from customer_centric.datasets import load_cdnow_sample
    from customer_centric.simulate import simulate_journeys, simulate_survey

    sample = load_cdnow_sample().rename(columns={"customer": "id", "date": "when", "amount": "paid"})
    survey = simulate_survey(500, rng=np.random.default_rng(1), waves=["2024-05-01", "2024-06-01"]).survey
    survey = survey.rename(columns={"rating": "score", "date": "day", "segment": "country"})
    survey = survey.assign(id=sample["id"].unique()[: len(survey)])
    return {
        "transactions.csv": sample[["id", "when", "paid"]].to_csv(index=False),
        "survey.csv": survey[["id", "score", "day", "country"]].to_csv(index=False),
        "contracts.csv": ("id,from,until\n0001,2023-02-01,\n0002,2023-05-01,2024-03-01\n0003,2024-02-01,\n"),
        "events.csv": simulate_journeys(800, rng=np.random.default_rng(1)).log.to_csv(index=False),
    }


@pytest.mark.parametrize("arguments", shown_commands())
def test_commands_on_pages(
    arguments: tuple[str, ...], shown_files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They run as they are shown, and leave their page. (`audit/test_run.py` starts a process of its own.)"""
    for name, text in shown_files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["python", *arguments])
    with mpl.rc_context(), pytest.raises(SystemExit) as left:
        runpy.run_module(PACKAGE, run_name="__main__", alter_sys=True)
    assert left.value.code == 0
    assert list(tmp_path.glob("*.html"))


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_links_lead_somewhere(path: Path) -> None:
    """Links between files of the repository name files that are there."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize(
    "fence",
    ["```python figure=\n1\n```\n", '```python no-run=""\n1\n```\n', '```python colour="red"\n1\n```\n'],
)
def test_unknown_options_of_blocks_are_refused(fence: str) -> None:
    with pytest.raises(ValueError, match=r"^line 1: unknown or empty option in ```python"):
        hooks.blocks(fence)


def test_a_wrong_output_fails() -> None:
    """The runner notices what it is there to notice."""
    page = "Text.\n\n```python\nx = 2\n```\n\n```python\n>>> x + 1\n4\n```\n"
    with pytest.raises(AssertionError, match=r"(?s)line 8.*Expected:\s+4\s+Got:\s+3"):
        hooks.run_page(page, "page")


def test_blocks_share_a_namespace_and_figures_follow_the_theme() -> None:
    page = """
```python
import matplotlib.pyplot as plt
```

```python figure="A line"
figure, ax = plt.subplots()
title = ax.set_title("Up")
```
"""
    with mpl.rc_context(hooks.figure_style()):
        (figure,) = hooks.run_page(page, "page").values()
    assert "currentColor" in figure
    assert 'aria-label="A line"' in figure
    assert "<figcaption>A line</figcaption>" in figure
