"""Options from dataclasses: the signature that Typer reads, and what the command gets."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.cli.program.signature import with_options


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Option("--width", help="Of the picture.")]
    height: Annotated[int, typer.Option("--height", help="Of the picture.")] = 2


@dataclass(frozen=True, kw_only=True)
class Picture:
    name: Annotated[str, typer.Argument(help="Of the picture.")]
    size: Size
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Repeatable.")] = None


@dataclass(frozen=True, kw_only=True)
class Framed(Size):
    colour: Annotated[str, typer.Option("--colour", help="Of the frame.")] = "red"


def draw(picture: Picture, loud: Annotated[bool, typer.Option("--loud", help="Say it.")] = False) -> None:
    typer.echo(f"{picture} {loud}")


def run(*words: str) -> Any:
    app = typer.Typer()
    app.command()(with_options(draw))
    return CliRunner().invoke(app, list(words))


def test_the_options_come_in_the_order_of_arguments_and_fields() -> None:
    assert list(signature(with_options(draw)).parameters) == ["name", "width", "height", "tags", "loud"]


def test_the_command_gets_whole_dataclasses() -> None:
    ran = run("cat", "--width", "3", "--tag", "a", "--tag", "b", "--loud")
    picture = Picture(name="cat", size=Size(width=3, height=2), tags=["a", "b"])
    assert ran.stdout.strip() == f"{picture} True"


def test_a_field_without_a_default_is_required() -> None:
    ran = run("cat")
    assert (ran.exit_code, "--width" in ran.output) == (2, True)


def test_a_group_of_options_can_extend_another() -> None:
    def frame(framed: Framed) -> None: ...

    frame.__annotations__["framed"] = Framed  # it is not a name of this module
    assert list(signature(with_options(frame)).parameters) == ["width", "height", "colour"]


def test_two_options_of_one_name_are_an_error_at_once() -> None:
    def both(one: Size, other: Size) -> None: ...

    with pytest.raises(ValueError, match="duplicate parameter name"):
        with_options(both)
