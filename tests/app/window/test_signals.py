"""Buttons tell their slots whether they are checked, which must not land in an argument that is meant for something else."""

import ast
from pathlib import Path

SIGNALS = ("clicked", "triggered", "toggled")


def wrongly_connected(tree):
    """Lines in which a button's signal is connected to something of its class, or a lambda, that has an optional first
    argument.
    """
    methods = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect"):
            continue
        signal, slot = node.func.value, node.args[0]
        if not (isinstance(signal, ast.Attribute) and signal.attr in SIGNALS):
            continue
        if isinstance(slot, ast.Attribute) and slot.attr in methods:
            arguments = methods[slot.attr].args
            if arguments.args[-1:] and len(arguments.args) == 1 + len(arguments.defaults) and arguments.defaults:
                yield node.lineno
        elif isinstance(slot, ast.Lambda) and len(slot.args.args) == len(slot.args.defaults) and slot.args.args:
            yield from () if slot.args.args[0].arg == "_" else (node.lineno,)


def test_the_state_of_a_button_reaches_no_optional_argument():
    assert list(wrongly_connected(ast.parse("class A:\n def f(self, also=None): b.clicked.connect(self.f)"))) == [2]
    found = {}
    for file in Path("app/window").rglob("*.py"):
        lines = list(wrongly_connected(ast.parse(file.read_text())))
        if lines:
            found[str(file)] = lines
    assert not found
