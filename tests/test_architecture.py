"""The shape of the package: no import cycles between its parts, and no layer that imports one above it."""

import ast
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import recado

PACKAGE = Path(recado.__file__).parent
#: From top to bottom: a part imports only from its own line and the lines below.
LAYERS = (
    {"cli", "__main__"},
    {"demo"},
    {"http", "selftest"},
    {"cluster", "simulator", "runtime", "settings_docs"},
    {"understanding"},
    {"hearing", "inbox"},
    {"updates"},
    {"delivery", "conversation", "defects", "report"},
    {"queue"},
    {"notices"},
    {"events"},
    {"orders"},
    {"named", "ratelimit", "telemetry", "whatsapp", "quotes"},
    {"settings"},
    {"addresses", "console", "errors", "files", "hours", "network", "outcome", "terminal", "urls", "waits"},
)
#: The same for the parts of quotes/.
READER_LAYERS = (
    {"probe", "rivals", "acts"},
    {"service"},
    {"script"},
    {"reading"},
    {"scan"},
    {"catalogue"},
    {"language"},
)
#: The limit for http/webhook.py, which does size, signature, parsing and status code, and nothing else.
WEBHOOK_LINES = 150


@cache
def imports() -> dict[str, set[str]]:
    """Every module of the package with the modules that it imports: also for type checking only, and inside
    functions."""
    modules = {_name(path): path for path in PACKAGE.rglob("*.py")}
    found = {}
    for name, path in modules.items():
        tree = ast.parse(path.read_text())
        found[name] = set(_imported(ast.walk(tree), modules.keys())) - {name}
    return found


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(nodes: Iterable[ast.AST], known: Collection[str]) -> list[str]:
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in known else node.module for name in inside]
    return [name for name in found if name in known]


def part(module: str, depth: int = 1) -> str:
    """The part of the package that a module belongs to; at `depth` 2, the part of that part."""
    names = module.split(".")
    return names[depth] if len(names) > depth else ""


def test_parts_do_not_import_each_other() -> None:
    """There is no cycle between the parts of the package."""
    parts: dict[str, set[str]] = {}
    for module, targets in imports().items():
        if part(module):
            parts.setdefault(part(module), set()).update(part(target) for target in targets)
    assert _cycle({name: targets - {name, ""} for name, targets in parts.items()}) == []


def test_modules_do_not_import_each_other() -> None:
    """There is no cycle between modules either."""
    assert _cycle(imports()) == []


def _cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """The modules of one import cycle; empty if there is none."""
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def test_layers_import_downwards() -> None:
    """A part never imports one above it; every part has a layer."""
    assert _upwards(imports(), LAYERS, 1) == []


def test_layers_of_the_reader_import_downwards() -> None:
    """The same for the parts of quotes/."""
    reader = {
        module: {target for target in targets if part(target) == "quotes"}
        for module, targets in imports().items()
        if part(module) == "quotes"
    }
    assert _upwards(reader, READER_LAYERS, 2) == []


def _upwards(graph: Mapping[str, set[str]], layers: Iterable[set[str]], depth: int) -> list[str]:
    """The imports of a part above."""
    level = {name: height for height, names in enumerate(layers) for name in names}
    return [
        f"{module} imports {target}"
        for module, targets in graph.items()
        for target in targets
        if part(module, depth) and part(target, depth) and level[part(target, depth)] < level[part(module, depth)]
    ]


def test_the_webhook_stays_small() -> None:
    """Everything that is not HTTP belongs to the inbox."""
    assert len((PACKAGE / "http" / "webhook.py").read_text().splitlines()) <= WEBHOOK_LINES


def test_only_the_runtime_opens_a_queue() -> None:
    """Commands and load tests get theirs from `runtime.open_queue`, so they open the same one."""
    stores = {"SqliteRetryQueue", "PostgresRetryQueue"}
    files = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent.parent / "loadtests").rglob("*.py")]
    builders = {
        path.name
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in stores
    }

    assert builders == {"runtime.py"}
