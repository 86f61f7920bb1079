"""Options as dataclasses: what is given, what is not, and what cannot be."""

import dataclasses

import pytest

from app.cli.arguments import argument, arguments_of, flag, option, parse
from app.cli.options.groups import LiftOptions
from app.cli.options.match import MatchOptions
from app.cli.values import numbers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example(LiftOptions):
    name: str = argument("NAME", path="path")
    others: tuple[str, ...] = argument("OTHER", nargs="*", default=())
    at: tuple[tuple[float, ...], ...] = option("places", required=True, action="append", type=numbers)
    at_most: int = option("at most %(default)s", default=3, type=int)
    here: str | None = option("one of two", exclusive="where")
    there: str | None = option("the other", exclusive="where")
    quick: bool = flag("sooner")


def test_the_dataclass_holds_what_is_given_and_its_own_defaults():
    found = parse("example", Example, ["a", "b", "--at", "-0.1,0.2,0", "--at=-.5,1", "--up", "-x", "--at-most", "-4"])
    assert found == Example(name="a", others=("b",), at=((-0.1, 0.2, 0), (-0.5, 1)), up="-x", at_most=-4)
    assert (found.here, found.quick, found.samples) == (None, False, None)
    assert parse("example", Example, ["a", "--at", "1,2"]) == Example(name="a", at=((1, 2),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.quick = True


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["a"], "the following arguments are required: --at"),
        (["--at", "1,2"], "NAME"),
        (["a", "--at", "1,2", "--here", "x", "--there", "y"], "not allowed with argument"),
        (["a", "--at", "--quick"], "--at: expected one argument"),
        (["a", "--at", "1,2", "--slow"], "unrecognized arguments: --slow"),
        (["a", "--at", "1,nan"], "is not a list of numbers"),
        (["a", "--at", "1,2", "--at-most", "x"], "invalid int value"),
        (["a", "--at", "1,2", "--up", "w"], "invalid choice"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(given, words, capsys):
    with pytest.raises(SystemExit) as end:
        parse("example", Example, given)
    said = capsys.readouterr().err
    assert end.value.code == 2 and said.startswith("counterpoint: ") and words in said
    assert said.endswith("(see counterpoint example --help)\n") and said.count("\n") == 1


def test_the_help_has_defaults_and_groups(capsys):
    with pytest.raises(SystemExit):
        parse("example", Example, ["--help"])
    shown = capsys.readouterr().out
    assert "at most 3" in shown and "--here HERE | --there THERE" in shown
    assert shown.index("--quick") < shown.index(f"{LiftOptions.TITLE}:") < shown.rindex("--samples")


def test_groups_come_last_and_say_which_they_are():
    found = {one.name: one for one in arguments_of(MatchOptions)}
    names = list(found)
    assert names[:3] == ["source", "target", "at"] and names.index("save") < names.index("encoder")
    assert found["samples"].group == LiftOptions.TITLE and found["json"].group is None
    assert found["target"].flags == () and found["target_box"].flags == ("--target-box",)
    assert found["at"].required and not found["save"].required
    assert {name for name in names if found[name].path} >= {"source", "target", "pose", "save", "weights", "adapter"}
