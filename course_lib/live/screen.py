"""A class as it stands on the screen, before its cell is run: only the part of Python that builds layers and passes tensors on."""

import ast
import builtins
import contextlib
import copy
import importlib
import signal
import threading
from collections.abc import Iterator

from course_lib.by_machine.vocabulary import CHANGING, is_module, is_plain, is_tensor_method, without_values
from course_lib.words import words

PLAIN = "super bool dict enumerate float int isinstance len list max min property reversed round str sum tuple zip __build_class__"
BUILTINS = {name: getattr(builtins, name) for name in PLAIN.split()} | {"print": lambda *_, **__: None}
SYNTAX = """Module ClassDef FunctionDef arguments arg Return Assign AnnAssign AugAssign Expr Pass If IfExp For comprehension ListComp
    GeneratorExp Call keyword Attribute Name Constant Tuple List Dict Subscript Slice Starred BinOp UnaryOp BoolOp Compare JoinedStr
    FormattedValue operator unaryop boolop cmpop expr_context alias Import ImportFrom"""
NODES = tuple(getattr(ast, name) for name in SYNTAX.split())
IMPORTED = {"torch", "torch.nn", "torch.nn.functional", "collections", "math"}
METHODS = {"append", "extend", "insert", "items", "keys", "values", "weight", "bias"}  # of lists, dicts and layers


class Unseen(Exception):
    """What cannot be told from the screen, in words."""


class Slow(Unseen):
    """What takes too long to be told while somebody types."""


def on_screen(source: str, name: str, namespace: dict) -> object | None:
    """What `name` is once a cell with this source has run, made without running anything else; None where the cell does not make it.

    The namespace's own classes and numbers are used. Raises SyntaxError for what is not whole yet, `Unseen` where the static part of
    Python ends: there only running the cell tells.
    """
    tree = ast.parse(source)
    if name not in _made_by(tree):
        return None
    scope = {key: copy.deepcopy(value) if isinstance(value, list) else value for key, value in namespace.items() if is_plain(value)}
    scope |= {"__builtins__": BUILTINS | {"range": _Ranges(), "__import__": __import__}, "__name__": "screen"}
    hidden = None
    for statement in tree.body:
        try:
            _refuse_effects(statement, scope)
            with without_values():
                exec(compile(ast.Module([statement], []), "screen", "exec"), scope)
        except Exception as error:
            if name in _made_by(statement) or isinstance(error, Slow):
                raise
            hidden = hidden or error
            for made in _made_by(statement) | _touched_by(statement, scope):  # what it makes or changes is not to be told
                scope.pop(made, None)
    if name not in scope:
        raise hidden if isinstance(hidden, Unseen) else Unseen(words("run_to_see", line=1, what=name))
    return scope[name]


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """`Unseen` where what stands here takes more of the processor's time, if the system has an alarm: a loop without an end is
    somebody's next key away. A busy machine is no slow class, so the clock does not count."""
    late = []

    def stop(*_) -> None:
        late.append(True)
        raise Slow(words("run_to_see_slow"))

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)  # again, where somebody's `except` has swallowed it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    if late:
        raise Slow(words("run_to_see_slow"))


def _touched_by(statement: ast.stmt, scope: dict) -> set[str]:
    """The names of what a statement that is not run could change: lists, dicts, models, and whatever it gives an attribute."""
    loaded = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    changed = {name for name in loaded if isinstance(scope.get(name), CHANGING)}
    stores = [node for node in ast.walk(statement) if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)]
    return changed | {node.value.id for node in stores if isinstance(node.value, ast.Name)}


def _made_by(tree: ast.AST) -> set[str]:
    """The names that a cell's statements, or one of them, bind, however deep."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    found |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    return found | {node.asname or node.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.alias)}


def _refuse_effects(statement: ast.stmt, known: dict) -> None:
    """Raise `Unseen` for what does more than build layers, pass tensors on and work out small numbers."""
    arguments = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
    usual = {*_made_by(statement), *arguments, *known, *BUILTINS, "range"}
    for node in ast.walk(statement):
        plain = isinstance(node, NODES) and not getattr(node, "decorator_list", ())
        if not plain or _has_effect(node, known, usual):
            shown = ast.unparse(node)[:60] if plain or not isinstance(node, ast.stmt) else type(node).__name__.lower()
            raise Unseen(words("run_to_see", line=getattr(node, "lineno", 1), what=shown))


def _has_effect(node: ast.AST, known: dict, usual: set[str]) -> bool:
    """Whether a node could do more than that; `usual` are the names that may be read."""
    match node:
        case ast.Name(name, context):
            return name.startswith("__") or (isinstance(context, ast.Load) and name not in usual)
        case ast.Attribute(value, _, context) | ast.Subscript(value, _, context):
            on_something_else = not isinstance(context, ast.Load) and getattr(value, "id", "") != "self"
            return on_something_else or (isinstance(node, ast.Attribute) and not _is_plain_attribute(node, known))
        case ast.Import(names):
            return any(alias.name not in IMPORTED for alias in names)
        case ast.ImportFrom(module, names):
            given = [getattr(importlib.import_module(module), alias.name, None) if module in IMPORTED else None for alias in names]
            return any(value is None or not is_plain(value) for value in given)
    return _is_large(node)


def _is_large(node: ast.AST) -> bool:
    """Whether it could make something that no network has: a power, a repeated list, a number of eight digits, a padded text, a device."""
    match node:
        case ast.BinOp(ast.Constant(int(base)), ast.Pow(), ast.Constant(int(power))):
            return not (0 <= base < 65 and 0 <= power < 65) or (power > 4 and base > 2)
        case ast.BinOp(left, ast.Pow() | ast.Mult() as operator, right):
            parts = left, right, getattr(left, "value", None), getattr(right, "value", None)
            return isinstance(operator, ast.Pow) or any(isinstance(part, (ast.List, ast.Tuple, ast.ListComp, str)) for part in parts)
        case ast.Constant(int(value)):
            return abs(value) > 10**7
        case ast.FormattedValue(format_spec=ast.JoinedStr() as form):
            return len(ast.unparse(form)) > 8
    return isinstance(node, ast.keyword) and node.arg == "device"


def _is_plain_attribute(node: ast.Attribute, known: dict) -> bool:
    base, name = node.value, node.attr
    if isinstance(base, ast.Call) and getattr(base.func, "id", "") == "super":
        return name in ("__init__", "forward")
    if name.startswith("_"):
        return False
    if owner := _resolved(base, known):
        return is_plain(getattr(owner, name, None))
    return getattr(base, "id", "") == "self" or is_tensor_method(name) or name in METHODS


def _resolved(node: ast.expr, known: dict):
    """The module of torch that an expression names: nn, torch.nn, F; None where it names something else."""
    if isinstance(node, ast.Attribute):
        value = getattr(_resolved(node.value, known), node.attr, None)
    else:
        value = known.get(getattr(node, "id", ""))
    return value if is_module(value) else None


class _Ranges:
    """range, for loops that together are not longer than a network."""

    left = 2_000

    def __call__(self, *ends: int) -> range:
        self.left -= len(range(*ends))
        if self.left < 0:
            raise Unseen(words("run_to_see", line=1, what=f"range({', '.join(map(str, ends))})"))
        return range(*ends)
