"""The rules of the house, read from the source: layers, imports, docstrings, words."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter

import pytest

from source import (
    PACKAGE,
    ROOT,
    Module,
    documented_parameters,
    is_type_checking,
    modules,
    sections,
)

TOPICS = ("churn", "clv", "economics", "journey", "nps", "segments")
LAYERS: dict[str, int] = {
    "errors": 0,
    "typing": 0,
    "_core": 1,
    "units": 2,
    "intervals": 2,
    "fitting": 2,
    "_methods": 2,
    **dict.fromkeys(TOPICS, 3),
    "plot": 4,
    "simulate": 4,
    "datasets": 4,
    "audit": 5,
    "__init__": 6,
    "__main__": 6,
}
# Public modules that a reader looks up by name; `typing` names types, the audit is a command.
DOCUMENTED = ("errors", "units", "intervals", "fitting", *TOPICS, "plot", "simulate", "datasets", "audit")

# Calls that make a constant; anything slower is built when it is first needed.
CHEAP_CALLS = {
    "Claim", "ParamSpec", "Path", "RatingScale", "Signal", "TypeVar", "TypeVarTuple", "date", "datetime",
    "dict", "float", "frozenset", "int", "len", "max", "min", "range", "sorted", "timedelta", "tuple",
    "namedtuple",
    "MappingProxyType", "re.compile", "dict.fromkeys", "math.exp", "math.log", "math.sqrt",
    "np.array", "np.dtype", "np.finfo", "np.float64", "np.iinfo", "np.log",
}  # fmt: skip
CHEAP_METHODS = {"format", "index", "join", "split", "toordinal"}

# Words with another name here (glossary), as names of parameters.
OTHER_WORDS = {
    "ci": "confidence_level",
    "conf_level": "confidence_level",
    "level": "confidence_level",
    "random_state": "rng",
    "seed": "rng",
    "monetary_value": "mean_spend",
    "n_bootstrap": "n_resamples",
    "n_boot": "n_resamples",
    "scores": "ratings",
    "tenure": "age",
    "time": "horizon",
    "freq": "unit",
    "time_unit": "unit",
}


def part(name: str) -> str:
    """The file or folder right under the package that a module belongs to."""
    pieces = name.split(".")
    return pieces[1] if len(pieces) > 1 else "__init__"


def public_modules() -> list[Module]:
    return [
        module for name, module in modules().items() if not any(p.startswith("_") for p in name.split("."))
    ]


def public_definitions() -> Iterator[tuple[Module, ast.FunctionDef | ast.ClassDef]]:
    """Every function and class that a module or folder of the package offers, and the file it stands in."""
    for front in public_modules():
        if front.name.count(".") != 1:
            continue
        for name in front.all_names:
            for module in modules().values():
                definition = module.definition(name)
                if part(module.name) == part(front.name) and isinstance(
                    definition, ast.FunctionDef | ast.ClassDef
                ):
                    yield module, definition


def methods(definition: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The methods of a class that people call."""
    for statement in definition.body:
        if isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
            yield statement


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [argument for argument in (arguments.vararg,) if argument]
    return [argument for argument in named if argument.arg not in {"self", "cls"}]


@cache
def shown_on_pages() -> frozenset[str]:
    """What the pages show the reference of."""
    pages = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md")))
    return frozenset(re.findall(rf"^::: ({PACKAGE}[\w.]*)[ ]*$", pages, flags=re.MULTILINE))


PUBLIC = [pytest.param(m, d, id=f"{m.name}.{d.name}") for m, d in public_definitions()]
FUNCTIONS = [p for p in PUBLIC if isinstance(p.values[1], ast.FunctionDef)]
CLASSES = [p for p in PUBLIC if isinstance(p.values[1], ast.ClassDef)]
MODULES = [pytest.param(module, id=name) for name, module in modules().items()]


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_only_down(module: Module) -> None:
    """A module imports from its own layer or from below; topics do not know one another."""
    own = part(module.name)
    wrong = []
    for imported in module.imports():
        target = part(imported.target)
        if imported.target.split(".")[0] != PACKAGE or target == own:
            continue
        upwards = LAYERS[target] > LAYERS[own]
        between_topics = own in TOPICS and target in TOPICS
        # The protocols of layer 0 name the types of layer 2, which are needed by type checkers only.
        excused = own == "typing" and imported.for_types_only
        if (upwards or between_topics) and not excused:
            wrong.append(f"line {imported.line} imports {imported.target}")
    assert not wrong


def test_every_part_has_a_layer() -> None:
    assert {part(name) for name in modules()} <= LAYERS.keys()


def test_there_are_no_import_cycles() -> None:
    graph = {
        name: {
            imported.target
            for imported in module.imports()
            if imported.target in modules() and imported.target != name and not imported.for_types_only
        }
        for name, module in modules().items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"cycle: {' -> '.join(error.args[1])}")


def test_only_plot_imports_matplotlib() -> None:
    importers = {
        name
        for name, module in modules().items()
        for imported in module.imports()
        if imported.target.split(".")[0] == "matplotlib"
    }
    assert {part(name) for name in importers} <= {"plot"}


@pytest.mark.parametrize("module", MODULES)
def test_importing_defines_and_computes_nothing(module: Module) -> None:
    """The top of a module holds imports, definitions and constants."""
    wrong = []
    for statement in module.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.If) and (
            is_type_checking(statement.test) or module.name.endswith("__main__")
        ):
            continue
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            calls = [ast.unparse(n.func) for n in ast.walk(statement) if isinstance(n, ast.Call)]
            wrong += [
                f"line {statement.lineno} calls {call}"
                for call in calls
                if call not in CHEAP_CALLS and call.rpartition(".")[2] not in CHEAP_METHODS
            ]
            continue
        wrong.append(f"line {statement.lineno}: {ast.unparse(statement)[:60]}")
    assert not wrong


@pytest.mark.parametrize("module", MODULES)
def test_source_keeps_the_house_rules(module: Module) -> None:
    """No assertion in place of a check, no swallowed error, no change to the process, no loose ends."""
    wrong = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert):
            wrong.append(f"line {node.lineno}: assert is stripped by -O; raise an error of errors.py")
        if isinstance(node, ast.ExceptHandler) and all(isinstance(s, ast.Pass) for s in node.body):
            wrong.append(f"line {node.lineno}: an error is swallowed")
        if isinstance(node, ast.Global):
            wrong.append(f"line {node.lineno}: global state")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "np.seterr",
            "np.random.seed",
            "warnings.simplefilter",
            "warnings.filterwarnings",
            "np.random.default_rng",
        }:
            wrong.append(f"line {node.lineno}: {ast.unparse(node.func)}")
    text = module.path.read_text(encoding="utf-8")
    wrong += [m[0] for m in re.finditer(r"NotImplementedError|\b(TODO|FIXME|XXX)\b|pragma: no cover", text)]
    assert not wrong


@pytest.mark.parametrize("module", MODULES)
def test_a_file_is_one_thing(module: Module) -> None:
    """A file somebody can read in one sitting, with a docstring that says what is in it."""
    assert ast.get_docstring(module.tree)
    documentation = sum(
        node.body[0].end_lineno - node.body[0].lineno + 1
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
    )
    assert len(module.path.read_text(encoding="utf-8").splitlines()) - documentation <= 450


@pytest.mark.parametrize("module", [p for p in MODULES if part(p.values[0].name) in TOPICS])
def test_topics_neither_read_nor_write(module: Module) -> None:
    calls = {ast.unparse(n.func) for n in ast.walk(module.tree) if isinstance(n, ast.Call)}
    assert not {
        call
        for call in calls
        if call in {"open", "print", "input"} or call.split(".")[-1].startswith("read_")
    }


def test_all_names_exist() -> None:
    """A module defines what its `__all__` lists, or it is a package that collects it from its modules."""
    for module in modules().values():
        bound = {
            name.id
            for statement in module.tree.body
            for name in ast.walk(statement)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        }
        bound |= {s.name for s in module.tree.body if isinstance(s, ast.FunctionDef | ast.ClassDef)}
        bound |= {
            a.asname or a.name for s in module.tree.body if isinstance(s, ast.ImportFrom) for a in s.names
        }
        assert set(module.all_names) <= bound, module.name
        assert len(set(module.all_names)) == len(module.all_names), module.name


@pytest.mark.parametrize("package", TOPICS)
def test_a_package_collects_the_names_of_its_modules(package: str) -> None:
    """What a module of a topic publishes is what the topic publishes, each name once."""
    inner = [
        name
        for module in public_modules()
        if module.name.startswith(f"{PACKAGE}.{package}.")
        for name in module.all_names
    ]
    root = modules()[f"{PACKAGE}.{package}"]
    own = [name for name in root.all_names if root.definition(name)]
    assert sorted([*inner, *own]) == sorted(root.all_names)


@pytest.mark.parametrize(("module", "function"), FUNCTIONS)
def test_functions_are_documented(module: Module, function: ast.FunctionDef) -> None:
    """One-line answer, every parameter, what comes back, what is refused, and an example that runs."""
    found = sections(inspect.cleandoc(ast.get_docstring(function) or ""))
    assert found[""].strip(), "no summary"
    names = [argument.arg for argument in parameters(function)]
    assert documented_parameters(found.get("Parameters", "")) == names
    returns_nothing = isinstance(function.returns, ast.Constant) and function.returns.value is None
    assert returns_nothing or found.get("Returns", "").strip(), "no Returns section"
    if names and LAYERS[part(module.name)] <= LAYERS["clv"]:
        assert found.get("Raises", "").strip(), "no Raises section"
    # The examples of the audit are the commands on the pages.
    if LAYERS[part(module.name)] < LAYERS["audit"]:
        assert ">>>" in found.get("Examples", ""), "no example that is executed"


@pytest.mark.parametrize(("module", "definition"), CLASSES)
def test_classes_are_documented(module: Module, definition: ast.ClassDef) -> None:
    """Every field of a result or a model is explained, and every method says what it answers."""
    found = sections(inspect.cleandoc(ast.get_docstring(definition) or ""))
    assert found[""].strip(), "no summary"
    decorators = " ".join(ast.unparse(decorator) for decorator in definition.decorator_list)
    if "dataclass" in decorators:
        fields = {
            statement.target.id
            for statement in definition.body
            if isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and "ClassVar" not in ast.unparse(statement.annotation)
            and not statement.target.id.startswith("_")
        }
        explained = documented_parameters(found.get("Parameters", "") + found.get("Attributes", ""))
        assert fields <= set(explained), f"not explained: {sorted(fields - set(explained))}"
        assert "frozen=True" in decorators
        assert "slots=True" in decorators
    assert not [method.name for method in methods(definition) if not ast.get_docstring(method)]


@pytest.mark.parametrize(("module", "definition"), PUBLIC)
def test_signatures_say_what_they_take(module: Module, definition: ast.FunctionDef | ast.ClassDef) -> None:
    """No bags of keywords, no word that has another name here, no switch that picks an algorithm unnamed."""
    functions = [definition] if isinstance(definition, ast.FunctionDef) else list(methods(definition))
    for function in functions:
        assert function.args.kwarg is None, (
            f"{function.name} takes **{function.args.kwarg and function.args.kwarg.arg}"
        )
        names = {argument.arg for argument in parameters(function)}
        # Contracts, and survival over renewals, have a tenure; only histories of purchases have an age.
        names -= {"tenure"} if part(module.name) in {"churn", "economics", "typing"} else set()
        assert not {name: OTHER_WORDS[name] for name in names & OTHER_WORDS.keys()}, function.name
        positional = {argument.arg for argument in function.args.args}
        assert "rng" not in positional, f"{function.name}: rng is keyword-only"


@pytest.mark.parametrize(
    ("module", "definition"), [p for p in PUBLIC if part(p.values[0].name) in DOCUMENTED]
)
def test_public_names_stand_on_a_page(module: Module, definition: ast.FunctionDef | ast.ClassDef) -> None:
    """The reference of a page shows the name, alone or with its module."""
    folder = module.name.rsplit(".", 1)[0]
    places = {
        module.name,
        f"{PACKAGE}.{part(module.name)}",
        *(f"{p}.{definition.name}" for p in (module.name, folder, f"{PACKAGE}.{part(module.name)}")),
    }
    assert places & shown_on_pages()


@pytest.mark.parametrize("module", [p for p in MODULES if part(p.values[0].name) in TOPICS])
def test_each_formula_has_its_test(module: Module) -> None:
    """Tests and source have the same tree, so that the test of a formula is found without a search."""
    *folders, name = module.name.split(".")[1:]
    if folders and not name.startswith("_"):
        assert list((ROOT / "tests").joinpath(*folders).glob(f"test_{name}*.py"))


def test_no_law_sets_its_own_number_of_examples() -> None:
    """`effort.examples` keeps the share of a law in every profile; a fixed number would ignore them."""
    files = {path for path in (ROOT / "tests").rglob("*.py") if path.name not in {"conftest.py", "effort.py"}}
    fixed = [
        path.relative_to(ROOT).as_posix()
        for path in sorted(files)
        if any(
            isinstance(node, ast.keyword) and node.arg == "max_examples"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert not fixed


def test_every_dependency_is_used() -> None:
    """What people have to install, the package imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    imported = {i.target.split(".")[0] for module in modules().values() for i in module.imports()}
    needed = {requirement.split(">=")[0].replace("-", "_") for requirement in project["dependencies"]}
    assert needed <= imported
