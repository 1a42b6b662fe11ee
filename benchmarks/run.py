"""Measure this package and its peers in one run: `python benchmarks/run.py`; README.md says more."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cases import BY_HAND, CASES, READING, Case
from environments import OURS, PEERS, ROOT, Environment, clvtools_environment, default_cache, make_environment
from report import print_case, write_report

HERE = Path(__file__).resolve().parent
_REPEATS = 5
_SECONDS = 40.0
_SHORT_LIMIT = 150.0
_LONG_LIMIT = 1800.0


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose key starts with one of these, by comma")
    parser.add_argument("--libraries", default="", help="only these, by comma (default: all)")
    parser.add_argument("--long", action="store_true", help="wait for slow peers, and add 50 million rows")
    parser.add_argument("--limit", type=float, help="seconds after which a measurement is stopped")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads a library may use")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="for environments and inputs")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="VERSION=PATH",
        help="an interpreter, such as 3.12=/path/to/python3.12; may be repeated",
    )
    parser.add_argument(
        "--output", type=Path, help="results as JSON; the docs' own after a run of every case and library"
    )
    parser.add_argument("--report", type=Path, help="only write the tables of these results into the docs")
    return parser.parse_args(arguments)


def main() -> int:
    """Run every case with every library, print ratios, write the table of the docs."""
    options = parse_arguments()
    docs = ROOT / "docs" / "benchmarks"
    if options.report is not None:
        write_report(json.loads(options.report.read_text()), docs)
        return 0
    interpreters = dict(pair.split("=", 1) for pair in options.python)
    environments = [make_environment(library, options.cache, interpreters) for library in (OURS, *PEERS)]
    environments.append(clvtools_environment())
    ours = environments[0]
    if ours.python is None:
        print(f"the environment of this package cannot be made: {ours.missing}", file=sys.stderr)
        return 1
    for environment in environments:
        print(
            f"{environment.library.name}: {environment.missing or _shown(environment.versions)}", flush=True
        )
    limit = options.limit or (_LONG_LIMIT if options.long else _SHORT_LIMIT)
    results = _empty_results(options, environments, limit)
    runner = Runner({item.library.name: item for item in environments}, options, limit)
    for case in _chosen(options):
        results["cases"][case.key] = runner.run(case)
        print_case(case, results["cases"][case.key])
        path = options.output or options.cache / "results.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n")
    if not options.only and not options.libraries and options.output is None:
        write_report(results, docs)
    return 0


class Runner:
    """Runs cases, each measurement in a process of its own, one after the other."""

    def __init__(
        self, environments: Mapping[str, Environment], options: argparse.Namespace, limit: float
    ) -> None:
        self.environments = environments
        self.libraries = set(filter(None, options.libraries.split(",")))
        self.cache: Path = options.cache
        self.limit = limit
        names = ("OMP", "OPENBLAS", "MKL", "NUMBA", "POLARS")
        variables = {
            f"{name}_{'MAX' if name == 'POLARS' else 'NUM'}_THREADS": str(options.threads) for name in names
        }
        self.variables = {
            **os.environ,
            **variables,
            "PYTHONPATH": f"{HERE}{os.pathsep}{ROOT / 'src'}",
            "PYTHONHASHSEED": "0",
        }

    def run(self, case: Case) -> dict[str, Any]:
        """Measurements of a case by library."""
        measured: dict[str, Any] = {}
        source = self._source(case.source)
        for name in case.libraries:
            if self.libraries and name not in self.libraries:
                continue
            is_ours = name in (*BY_HAND, READING)
            environment = self.environments[OURS.name if is_ours else name]
            task = f"{case.task} {name}" if is_ours else case.task
            module = case.module if environment.library.name == OURS.name else None
            measured[name] = self._measure(environment, task, source, case.options, module=module)
        if case.task == "fit":
            self._judge(case, source, measured)
        return measured

    def _judge(self, case: Case, source: Path, measured: dict[str, Any]) -> None:
        """How far the log-likelihood of each library is from ours, at its own parameters."""
        ours = measured.get(OURS.name, {}).get("answer")
        for name, result in measured.items():
            if name == OURS.name or "answer" not in result or ours is None:
                continue
            options = {"model": case.options["model"], "parameters": result["answer"]["parameters"]}
            judged = self._measure(self.environments[OURS.name], "judge", source, options)
            if "answer" in judged:
                result["answer"]["below_ours"] = ours["log_likelihood"] - judged["answer"]["log_likelihood"]

    def _measure(
        self,
        environment: Environment,
        task: str,
        source: Path,
        options: Mapping[str, object],
        *,
        module: str | None = None,
    ) -> dict[str, Any]:
        if environment.python is None:
            return {"problem": f"not available: {environment.missing}"}
        if task == "lazy_chain":
            spill = self.cache / "spill"
            spill.mkdir(exist_ok=True)
            options = {**options, "log": str(self._source("log-10000000")), "spill": str(spill)}
        job = self.cache / "jobs" / f"{environment.library.name}-{task}.json"
        job.parent.mkdir(parents=True, exist_ok=True)
        described = {"module": module or environment.library.tasks, "task": task, "input": str(source)}
        amounts = {"repeats": _REPEATS, "seconds": _SECONDS}
        job.write_text(json.dumps({**described, **amounts, "options": dict(options)}))
        result = job.with_suffix(".result.json")
        result.unlink(missing_ok=True)
        asked = [str(environment.python), str(HERE / "worker.py"), str(job)]
        with job.with_suffix(".log").open("w") as log:
            try:
                subprocess.run(
                    asked,
                    env=self.variables,
                    stdout=log,
                    stderr=log,
                    timeout=self.limit + _SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return {"problem": f"> {self.limit:.0f} s", "limit": self.limit}
        if not result.exists():
            return {"problem": "ended without a result (out of memory?)"}
        measured: dict[str, Any] = json.loads(result.read_text())
        return measured

    def _source(self, name: str) -> Path:
        """The input of that name, made where it is not there yet."""
        path = (
            self.cache
            / "inputs"
            / f"{name}{'.parquet' if name.startswith(('parquet', 'survey')) else '.npz'}"
        )
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = path.with_name(f"making-{path.name}")
            asked = [str(self.environments[OURS.name].python), str(HERE / "inputs.py"), name, str(made)]
            subprocess.run(asked, env=self.variables, check=True)
            made.rename(path)
        return path


def _chosen(options: argparse.Namespace) -> list[Case]:
    prefixes = tuple(filter(None, options.only.split(","))) or ("",)
    return [case for case in CASES if case.key.startswith(prefixes) and (options.long or not case.only_long)]


def _empty_results(
    options: argparse.Namespace, environments: Sequence[Environment], limit: float
) -> dict[str, Any]:
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "threads": options.threads,
        "limit": limit,
        "libraries": {
            item.library.name: {"versions": dict(item.versions), "missing": item.missing}
            for item in environments
        },
        "cases": {},
    }


def _shown(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


if __name__ == "__main__":
    raise SystemExit(main())
