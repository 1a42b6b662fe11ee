"""The source of the package as its tests read it: modules, imports, docstrings."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "customer_centric"
PACKAGE = "customer_centric"


@dataclass(frozen=True)
class Import:
    """One imported module, and whether it is imported when the importing module is."""

    target: str
    line: int
    for_types_only: bool


@dataclass(frozen=True)
class Module:
    """A parsed source file."""

    name: str
    path: Path
    tree: ast.Module = field(repr=False)

    @property
    def all_names(self) -> tuple[str, ...]:
        """What `__all__` lists; empty where there is none."""
        for statement in self.tree.body:
            targets = (
                statement.targets
                if isinstance(statement, ast.Assign)
                else [getattr(statement, "target", None)]
            )
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return tuple(ast.literal_eval(statement.value))
        return ()

    def definition(self, name: str) -> ast.stmt | None:
        """The function or class of that name at the top of the module."""
        for statement in self.tree.body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement.name == name:
                return statement
        return None

    def imports(self) -> list[Import]:
        """Every import of the file, those inside functions too."""
        found: list[Import] = []
        self._collect(self.tree, False, found)
        return found

    def _collect(self, node: ast.AST, for_types_only: bool, found: list[Import]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and is_type_checking(child.test):
                for statement in child.body:
                    self._collect(ast.Module([statement], []), True, found)
                for statement in child.orelse:
                    self._collect(ast.Module([statement], []), for_types_only, found)
            elif isinstance(child, ast.Import):
                found.extend(Import(alias.name, child.lineno, for_types_only) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                found.extend(self._from(child, for_types_only))
            else:
                self._collect(child, for_types_only, found)

    def _from(self, node: ast.ImportFrom, for_types_only: bool) -> list[Import]:
        base = node.module or ""
        targets = {
            f"{base}.{alias.name}" if f"{base}.{alias.name}" in module_names() else base
            for alias in node.names
        }
        return [Import(target, node.lineno, for_types_only) for target in sorted(targets)]


def is_type_checking(test: ast.expr) -> bool:
    """Whether the condition is `TYPE_CHECKING`."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def module_name(path: Path) -> str:
    """`src/customer_centric/clv/value.py` is `customer_centric.clv.value`."""
    parts = [PACKAGE, *path.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def module_names() -> frozenset[str]:
    """Names of all modules of the package."""
    return frozenset(module_name(path) for path in SOURCE.rglob("*.py"))


@cache
def modules() -> dict[str, Module]:
    """All modules of the package by name."""
    return {
        module_name(path): Module(module_name(path), path, ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(SOURCE.rglob("*.py"))
    }


def sections(docstring: str) -> dict[str, str]:
    """The numpydoc sections of a docstring; the text before the first one is ``""``."""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", docstring, flags=re.MULTILINE)
    return {"": parts[0], **{parts[i]: parts[i + 1] for i in range(1, len(parts), 2)}}


def documented_parameters(section: str) -> list[str]:
    """The names on the left of the colons of a Parameters section."""
    names: list[str] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            names.extend(name.strip().lstrip("*") for name in line.split(" : ")[0].split(","))
    return names
