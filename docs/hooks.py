"""The examples of the pages: the same reading and running for the site and for the test suite.

Every block fenced as `python` in a page is executed, in order and in one namespace a page. A block of
prompts (`>>>`) is compared with the output that it shows. Two options may stand behind the language:

- `figure="What the picture shows"`: the block draws with Matplotlib, and the site shows the drawing below
  it, drawn while the site is built, so that no picture can go stale;
- `no-run="reason"`: the block is shown only; there must be a reason.
"""

from __future__ import annotations

import doctest
import html
import io
import os
import re
import tempfile
import textwrap
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(
    r"^(?P<indent>[ ]*)```(?P<language>[\w-]+)(?P<options>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_OPTION = re.compile(r'(?P<key>[\w-]+)="(?P<value>[^"]*)"')
_KNOWN_OPTIONS = {"figure", "no-run", "title"}
_INK = "#123abc"  # stands for the colour of the text until the drawing is in the page
_COLORS = ("#4c78a8", "#e4572e", "#2a9d8f", "#b8860b", "#8e6c8a")  # read on white and on dark grey


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page."""

    language: str
    options: dict[str, str]
    code: str
    line: int
    span: tuple[int, int]
    indent: str


def blocks(markdown: str, language: str = "python") -> list[Block]:
    """The fenced blocks of one language, in order."""
    found: list[Block] = []
    for match in _FENCE.finditer(markdown):
        if match["language"] != language:
            continue
        options = {option["key"]: option["value"] for option in _OPTION.finditer(match["options"])}
        rest = _OPTION.sub("", match["options"]).strip()
        line = markdown.count("\n", 0, match.start()) + 2
        if rest or not options.keys() <= _KNOWN_OPTIONS or not all(options.values()):
            raise ValueError(f"line {line - 1}: unknown or empty option in ```{language}{match['options']}")
        found.append(
            Block(language, options, textwrap.dedent(match["code"]), line, match.span(), match["indent"])
        )
    return found


def run_block(block: Block, namespace: dict[str, Any], name: str) -> None:
    """Execute a block; raise `AssertionError` where its output is not the one it shows."""
    if ">>>" not in block.code:
        padding = "\n" * (block.line - 1)  # so that a traceback shows the line of the page
        exec(compile(padding + block.code, name, "exec", dont_inherit=True), namespace)
        return
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    example = doctest.DocTestParser().get_doctest(block.code, namespace, name, name, block.line - 1)
    runner = doctest.DocTestRunner(verbose=False, optionflags=flags)
    report = io.StringIO()
    runner.run(example, out=report.write, clear_globs=False)
    namespace.update(example.globs)  # the example works on a copy
    if report.getvalue():
        raise AssertionError(report.getvalue())


def draw(block: Block, name: str) -> str:
    """The figure that the block has drawn, as a figure of the page in the colours of its theme."""
    import matplotlib.pyplot as plt

    if len(plt.get_fignums()) != 1:
        raise AssertionError(
            f"{name}, line {block.line}: must draw one figure, drew {len(plt.get_fignums())}"
        )
    caption = html.escape(block.options["figure"])
    picture = io.StringIO()
    plt.gcf().savefig(picture, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
    plt.close("all")
    svg = picture.getvalue().replace(_INK, "currentColor")
    svg = svg[svg.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{caption}" ', 1)
    svg = re.sub(r"\n\s*", " ", svg)
    return f'<figure class="cc-figure">{svg}<figcaption>{caption}</figcaption></figure>'


def run_page(markdown: str, name: str) -> dict[int, str]:
    """Execute the blocks of a page; the figures by the start of their block."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    figures: dict[int, str] = {}
    for block in blocks(markdown):
        if "no-run" in block.options:
            continue
        run_block(block, namespace, name)
        if "figure" in block.options:
            figures[block.span[0]] = draw(block, f"{name}-{block.line}")
    return figures


def figure_style() -> dict[str, Any]:
    """Matplotlib settings of the figures: text in the page's font and colour, reproducible ids."""
    from cycler import cycler

    ink = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
    return {
        **dict.fromkeys(ink, _INK),
        "axes.prop_cycle": cycler(color=_COLORS),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.figsize": (6.4, 3.6),
        "legend.frameon": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "customer_centric",
    }


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Draw the figures of a page and take the options that only the examples need off the fences."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    page_blocks = blocks(markdown)
    figures: dict[int, str] = {}
    if any("figure" in block.options for block in page_blocks):
        import matplotlib as mpl

        with mpl.rc_context(figure_style()), tempfile.TemporaryDirectory() as folder, chdir(folder):
            figures = run_page(markdown, page.file.src_uri)
    for block in reversed(page_blocks):
        start, stop = block.span
        fence, body = markdown[start:stop].split("\n", maxsplit=1)
        for key in ("figure", "no-run"):
            fence = re.sub(rf'\s*{key}="[^"]*"', "", fence)
        drawing = f"\n\n{block.indent}{figures[start]}" if start in figures else ""
        markdown = f"{markdown[:start]}{fence}\n{body}{drawing}{markdown[stop:]}"
    return markdown


def on_post_build(*, config: Any, **_: Any) -> None:
    """Refuse a site whose pages load anything from the network."""
    loads = re.compile(
        r"""<(?:script|img|iframe|source|video)\b[^>]*\ssrc=["']?(?:https?:)?//"""
        r"""|<link\b(?=[^>]*\srel=["']?(?:stylesheet|preload|preconnect|icon))[^>]*\shref=["']?(?:https?:)?//"""
        r"""|@import\s|url\(["']?(?:https?:)?//"""
    )
    for path in sorted(Path(config["site_dir"]).rglob("*")):
        if path.suffix in {".html", ".css"} and (found := loads.search(path.read_text(encoding="utf-8"))):
            raise RuntimeError(f"{path} loads from the network: {found[0]}")
