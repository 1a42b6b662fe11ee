"""Measure one task of one library, in a process of its own. Runs on Python 3.9 and newer, with NumPy."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import resource
import statistics
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SHORTEST_TOTAL = 1.0
_MOST_REPEATS = 25


def measure(work: Callable[[], Any], *, repeats: int, seconds: float) -> dict[str, Any]:
    """Median of the runs after the first, where there is time for more than one; peak memory of all."""
    _forget_peak()
    before = _memory("VmRSS")
    times: list[float] = []
    processor: list[float] = []
    result = None
    while True:
        result = None
        start, start_processor = time.perf_counter(), time.process_time()
        result = work()
        times.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
        enough = len(times) > repeats and sum(times) >= _SHORTEST_TOTAL
        if enough or len(times) > _MOST_REPEATS or sum(times) + times[-1] > seconds:
            break
    later = times[1:] or times
    return {
        "seconds": statistics.median(later),
        "processor_seconds": statistics.median(processor[1:] or processor),
        "first_seconds": times[0],
        "runs": len(later),
        "fastest_seconds": min(later),
        "slowest_seconds": max(later),
        "memory_before_mb": before,
        "memory_peak_mb": _memory("VmHWM"),
        "result": result,
    }


def _forget_peak() -> None:
    """Let the peak start from what is in use now: what it took to make the input is not measured."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _memory(field: str) -> float:
    """Resident memory in MB, now (`VmRSS`) or at its highest (`VmHWM`)."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    """Read the job, run it, write what came out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("job", type=Path)
    path: Path = parser.parse_args().job
    job = json.loads(path.read_text())
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            module = importlib.import_module(job["module"])
            work, describe = module.TASKS[job["task"]](job["input"], job["options"])
            measured = measure(work, repeats=job["repeats"], seconds=job["seconds"])
            measured["answer"] = describe(measured.pop("result"))
    except Exception as error:  # noqa: BLE001  # whatever a library raises is its result
        traceback.print_exc()
        measured = {"problem": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
    path.with_suffix(".result.json").write_text(json.dumps(measured))


if __name__ == "__main__":
    main()
