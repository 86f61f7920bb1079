"""A verb's options as a dataclass.

Its fields say how they are given on the command line, and argparse reads them into it.
"""

import argparse
import dataclasses
import os.path
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any, Literal, NoReturn, TypeVar

from core.errors import CounterpointError

Options = TypeVar("Options")
PathKind = Literal["path", "path or name"]

_NEGATIVE = re.compile(r"-\.?\d")


@dataclass(frozen=True)
class Argument:
    """How a field of an options dataclass is given.

    Attributes:
        flags: option strings; none for a positional argument.
        help: one phrase; ``%(default)s`` in it stands for the default.
        path: whether a value is a file or folder ("path"), or one only where there is such a file and else a name
            ("path or name").
        exclusive: name of a group of which one option may be given at most.
        argparse: further keywords of ``add_argument``.
        name: of the field; ``default`` is its default, which it has unless it is ``required``.
        group: title of the part of the help that it stands in, None for the first.
    """

    flags: tuple[str, ...]
    help: str
    path: PathKind | None
    exclusive: str | None
    argparse: dict[str, Any]
    name: str = ""
    default: Any = None
    required: bool = False
    group: str | None = None


def argument(
    metavar: str | None, help: str = "", *, path: PathKind | None = None, default: Any = MISSING, **keywords: Any
) -> Any:
    """A field that is a positional argument; required unless it has a default."""
    named = {"metavar": metavar} if metavar else {}
    return _field(Argument((), help, path, None, named | keywords), default)


def option(
    help: str,
    *flags: str,
    required: bool = False,
    default: Any = None,
    path: PathKind | None = None,
    exclusive: str | None = None,
    **keywords: Any,
) -> Any:
    """A field that is an option, called ``--name-of-the-field`` where no ``flags`` are given.

    With ``action="append"`` it is a tuple.
    """
    if keywords.get("action") == "append":
        default = ()
    return _field(Argument(flags or ("--",), help, path, exclusive, keywords), MISSING if required else default)


def flag(help: str) -> Any:
    """A field that is False unless the option is given."""
    return _field(Argument(("--",), help, None, None, {"action": "store_true"}), False)


def _field(how: Argument, default: Any) -> Any:
    return field(default=default, metadata={"argument": how})


def arguments_of(options: type) -> list[Argument]:
    """How the fields of an options dataclass are given: its own first, then those of its bases.

    A ``TITLE`` of a base is their group.
    """
    fields = {one.name: one for one in dataclasses.fields(options)}
    found = []
    for owner in options.__mro__:
        inherited = {name for base in owner.__mro__[1:] for name in vars(base).get("__dataclass_fields__", ())}
        for name in vars(owner).get("__dataclass_fields__", ()):
            if name in fields and name not in inherited:
                how: Argument = fields[name].metadata["argument"]
                flags = (f"--{name.replace('_', '-')}",) if how.flags == ("--",) else how.flags
                default, required = fields[name].default, fields[name].default is MISSING
                how = dataclasses.replace(how, flags=flags, name=name, group=vars(owner).get("TITLE"))
                found.append(dataclasses.replace(how, default=None if required else default, required=required))
    return found


class Parser(argparse.ArgumentParser):
    """One sentence and exit code 2 on bad arguments."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the help is."""
        print(f"counterpoint: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def make_parser(verb: str, options: type) -> Parser:
    """The parser of a verb."""
    parser = Parser(prog=f"counterpoint {verb}", argument_default=argparse.SUPPRESS)
    groups: dict[str | None, Any] = {None: parser}
    for one in arguments_of(options):
        place = one.exclusive or one.group
        if place not in groups:
            groups[place] = parser.add_mutually_exclusive_group() if one.exclusive else parser.add_argument_group(place)
        naming = {"dest": one.name, "required": one.required} if one.flags else {}
        text = one.help % {"default": one.default}
        groups[place].add_argument(*(one.flags or (one.name,)), help=text, **naming, **one.argparse)
    return parser


def parse(verb: str, options: type[Options], given: Sequence[str]) -> Options:
    """The options of a call; the dataclass alone knows the defaults.

    Raises:
        SystemExit: after --help, or after a sentence about what is wrong.
    """
    return options(**parse_given(verb, options, given))


def parse_given(verb: str, options: type, given: Sequence[str]) -> dict[str, Any]:
    """The fields of a call's options that are given, by name; raises as :func:`parse`."""
    parser = make_parser(verb, options)
    found = vars(parser.parse_args(_bind_negative(parser, given)))
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def check_outputs(options: Any) -> None:
    """Refuse to write over an image or shape that is read.

    Raises:
        CounterpointError: ``--out`` or ``--save`` names a file that is also a positional argument.
    """
    every = arguments_of(type(options))
    read = [getattr(options, one.name) for one in every if not one.flags and one.path]
    files = [path for value in read for path in ([value] if isinstance(value, str) else value or ())]
    for name in {"out", "save"} & {one.name for one in every}:
        written = getattr(options, name)
        if isinstance(written, str):
            refuse_overwriting(name, [written], files)


def refuse_overwriting(option: str, written: Iterable[str], read: Iterable[str]) -> None:
    """Refuse to write, for an option, over a file that is read.

    Raises:
        CounterpointError: one of ``written`` is one of ``read``.
    """
    files = [path for path in read if os.path.isfile(path)]
    for target in written:
        if os.path.isfile(target) and any(os.path.samefile(target, path) for path in files):
            raise CounterpointError(f"--{option} would write over {target}, which is read; choose another name.")


def _bind_negative(parser: Parser, given: Sequence[str]) -> list[str]:
    """Make ``--at -0.1,0.2,0`` one argument, or argparse takes the number for an option."""
    valued = {flag: action for action in parser._actions if action.nargs is None for flag in action.option_strings}
    bound: list[str] = []
    for word in given:
        action = valued.get(bound[-1]) if bound else None
        if action and (_NEGATIVE.match(word) or word in (action.choices or ())):
            bound[-1] += "=" + word
        else:
            bound.append(word)
    return bound
