"""From results to text: one case on the terminal, all of them as the table that the docs show."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cases import BY_HAND, CASES, GROUPS, OURS, Case
from growth import growth_plot

Measured = Mapping[str, Any]
_ALIKE = 1e-9
# With these the tables compare times in columns of their own, and with whom a case has a goal for.
_COMPARED = ("lifetimes", "pymc-marketing", "lifelines")


def print_case(case: Case, measured: Measured) -> None:
    """One line a library: time, ratio to ours, memory, and whether the answer is the same."""
    print(f"\n{case.title} [{case.key}]")
    for name, result in measured.items():
        goal = case.goals.get(name)
        words = [f"  {name:17s}", f"{_time(result):>12s}", f"{_ratio(name, measured):>10s}"]
        words += [
            f"(goal {goal:g})" if goal is not None else "",
            _processor(name, measured),
            _memory(result),
            _agreement(name, case, measured),
        ]
        print(" ".join(filter(None, words)), flush=True)


def write_report(results: Mapping[str, Any], folder: Path) -> None:
    """The results, the tables and the plot that the page of the docs shows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "growth.svg").write_text(growth_plot(results))
    page = folder.parent / "benchmarks.md"
    write_between(page, "measured", tables(results))


def write_between(page: Path, mark: str, text: str) -> None:
    """Put generated text between two comments of a page."""
    start, end = f"<!-- {mark}: generated -->", f"<!-- {mark}: end -->"
    before, _, rest = page.read_text().partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{page.name} must have the comments {start} and {end}")
    page.write_text(f"{before}{start}\n\n{text.strip()}\n\n{end}{after}")


def tables(results: Mapping[str, Any]) -> str:
    """What was measured with, and a table a group."""
    parts = [_setting(results)]
    for group, heading in GROUPS.items():
        cases = [case for case in CASES if case.group == group and case.key in results["cases"]]
        if cases:
            parts.append(f"## {heading}\n\n{_table(cases, results['cases'])}")
            if group == "lazy":
                parts.append(_parity(results["cases"]))
    return "\n\n".join(parts)


def _setting(results: Mapping[str, Any]) -> str:
    setting = (
        f"Measured on {results['date']} with {results['cores']} cores, every library free to use "
        f"{results['threads']} threads; stopped after {results['limit']:.0f} seconds."
    )
    lines = [setting, "", "| library | version |", "|---|---|"]
    for name, library in results["libraries"].items():
        versions = ", ".join(f"{part} {version}" for part, version in library["versions"].items())
        lines.append(f"| {name} | {versions or 'not available: ' + str(library['missing'])} |")
    return "\n".join(lines)


def _table(cases: Sequence[Case], measured: Mapping[str, Measured]) -> str:
    names = [name for name in _columns(cases) if any(name in measured[case.key] for case in cases)]
    peers = [name for name in names if name != OURS]
    shown = [f"{name} (by hand)" if name in BY_HAND else name for name in peers]
    ratios = [name for name in peers if name in _COMPARED or any(name in case.goals for case in cases)]
    compared = [f"{'as' if place else 'times as fast as'} {name}" for place, name in enumerate(ratios)]
    head = ["", "ours", *shown, *compared, "peak memory, MB"]
    rows = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for case in cases:
        results = measured[case.key]
        row = [case.title, *(_time(results.get(name)) for name in (OURS, *peers))]
        row += [_ratio_with_goal(name, case, results) for name in ratios]
        row.append(_memories(results, (OURS, *ratios)))
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _parity(measured: Mapping[str, Measured]) -> str:
    """Whether the engine and the memory gave the same, in words."""
    lazy, memory = (
        measured.get(key, {}).get(OURS, {}).get("answer") for key in ("lazy/duckdb", "lazy/memory")
    )
    if lazy is None or memory is None:
        return ""
    exact = [name for name in ("counts", "bg_nbd", "pareto_nbd") if lazy[name] == memory[name]]
    money = zip([*lazy["gamma_gamma"], lazy["spend"]], [*memory["gamma_gamma"], memory["spend"]], strict=True)
    worst = max(abs(one - other) / abs(other) for one, other in money)
    named = {
        "counts": "counts of histories",
        "bg_nbd": "BG/NBD parameters",
        "pareto_nbd": "Pareto/NBD parameters",
    }
    same = ", ".join(named[name] for name in exact) or "nothing"
    return (
        f"The same bits in both: {same}. Sums of spend and Gamma-Gamma parameters "
        f"differ by {worst:.0e} at most, relative, because engines add in different orders."
    )


def _columns(cases: Sequence[Case]) -> list[str]:
    return list(dict.fromkeys(name for case in cases for name in case.libraries))


def _time(result: Measured | None) -> str:
    if result is None:
        return "-"
    if "seconds" not in result:
        limit = result.get("limit")
        return (
            f"> {limit:.0f} s" if limit else "failed" if "not available" not in result["problem"] else "n/a"
        )
    return seconds(result["seconds"])


def seconds(value: float) -> str:
    """A time with two or three digits."""
    if value < 1:
        return f"{value * 1000:.{2 if value < 0.001 else 1 if value < 0.1 else 0}f} ms"
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} s"


def ratio(name: str, measured: Measured) -> float | None:
    """How many times as long as ours; a lower bound where the peer was stopped."""
    ours, other = measured.get(OURS, {}).get("seconds"), measured.get(name, {})
    time = other.get("seconds", other.get("limit"))
    return None if ours is None or time is None or name == OURS else time / ours


def _ratio(name: str, measured: Measured) -> str:
    value = ratio(name, measured)
    if value is None:
        return ""
    bound = "> " if "seconds" not in measured[name] else ""
    return f"{bound}{value:.{0 if value >= 10 else 1}f} x"


def _processor(name: str, measured: Measured) -> str:
    """The ratio of processor time, which other work on the machine disturbs less."""
    ours, other = (measured.get(key, {}).get("processor_seconds") for key in (OURS, name))
    return "" if not ours or not other or name == OURS else f"processor {other / ours:.3g} x,"


def _ratio_with_goal(name: str, case: Case, measured: Measured) -> str:
    text, goal = _ratio(name, measured) or "-", case.goals.get(name)
    return text if goal is None else f"{text} (goal {goal:g})"


def _memory(result: Measured) -> str:
    if "memory_peak_mb" not in result:
        return str(result.get("problem", ""))
    return f"{result['memory_peak_mb']:,.0f} MB"


def _memories(measured: Measured, names: Sequence[str]) -> str:
    peaks = [measured.get(name, {}).get("memory_peak_mb") for name in names]
    return " / ".join("-" if peak is None else f"{peak:,.0f}" for peak in peaks)


def _agreement(name: str, case: Case, measured: Measured) -> str:
    """How the answer differs from ours."""
    ours, answer = measured.get(OURS, {}).get("answer"), measured[name].get("answer")
    if name == OURS or ours is None or answer is None:
        return ""
    if case.task == "fit":
        below = answer.get("below_ours", math.nan)
        return f"log-likelihood {below:+.2g} below ours"
    differing = [
        f"{key} {value:.6g} against {ours[key]:.6g}"
        for key, value in answer.items()
        if isinstance(value, (int, float)) and abs(value - ours[key]) > _ALIKE * abs(ours[key])
    ]
    return "; ".join(differing)
