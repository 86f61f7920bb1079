"""Names and docstrings of core: no class name twice, and whoever takes or gives an array states its shape."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "core").rglob("*.py"))
ROOMS = (
    "geometry", "encoders", "interchange", "fields", "matching", "parts", "registration", "alignment", "retrieval", "congealing", "scenes",
    "benchmarks",
)  # fmt: skip
ARRAY = re.compile(r"NDArray|Tensor|ArrayLike|\b(Floats|Ints|Bools|Evidence|Vectors|Chosen|Percent)\b")


def test_no_class_name_is_used_twice():
    places = defaultdict(set)
    for file in FILES:
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].add(str(file.relative_to(ROOT)))
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert not twice


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_docstrings_begin_with_a_sentence_and_their_entries_in_lower_case(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            assert not re.match(r"(Attributes|Args|Returns|Raises):", text), node.name
            for entries in re.findall(r"(?m)^(?:Attributes|Args|Raises):\n((?:    .*\n|\n)*)", text + "\n"):
                first = re.findall(r"(?m)^    [*\w, ]+: ([A-Z][a-z]+)\b", entries)
                assert set(first) <= {"Euler", "Ray", "Warp"}, node.name


def array_functions(tree):
    """The public functions, and methods of public classes, with an array in their signature."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from array_functions(node)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            types = [argument.annotation for argument in node.args.args] + [node.returns]
            if any(ARRAY.search(ast.unparse(one)) for one in types if one is not None):
                yield node


@pytest.mark.parametrize("room", ROOMS)
def test_array_functions_state_shapes(room):
    bare = []
    for file in sorted((ROOT / "core" / room).rglob("*.py")):
        for function in array_functions(ast.parse(file.read_text())):
            text = ast.get_docstring(function) or ""
            if "[" not in text and not text.startswith("See :meth:"):
                bare.append(f"{file.name}: {function.name}")
    assert not bare


def test_the_places_of_the_glossary_exist():
    text = (ROOT / "resources/docs/glossary.md").read_text().partition("## Names that were replaced")[0]
    places = re.findall(r"`((?:core|app)/[\w/.]+)`", text)
    assert len(places) > 40
    assert not [place for place in places if not (ROOT / place).exists()]
    for names, place in re.findall(r"\| ((?:`[A-Z]\w+`(?:, )?)+) in `((?:core|app)/[\w/]+\.py)`", text):
        source = (ROOT / place).read_text()
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"^(class {name}\b|{name} = )", source, re.MULTILINE), f"{name} is not in {place}"
