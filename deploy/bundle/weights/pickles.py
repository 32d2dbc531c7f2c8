"""Outlines the object of a pickle without building it: its dictionaries, their keys, and where tensors are.

It is a stack machine over pickletools' description of each instruction. Nothing is called: the result of a call is
inferred from the function's name. May not: import what a pickle names, or unpickle.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

_DICTIONARIES = ("collections OrderedDict", "collections Counter")
# The functions that make tensors have this in their names, such as `torch._utils _rebuild_tensor_v2`.
_REBUILD = " _rebuild_"
_READ = ("GET", "BINGET", "LONG_BINGET")
_WRITE = ("PUT", "BINPUT", "LONG_BINPUT")
# The number of arguments above the callee on the stack.
_CALLS = {"REDUCE": 1, "NEWOBJ": 1, "NEWOBJ_EX": 2}
_MARK = "mark"


@dataclass
class Node:
    """`kind` is dict, tensor, text, global, mark or other. A dict has `items`; a text or global has `text`, and so has
    the result of a call: the callee's name.
    """

    kind: str
    text: str = ""
    items: list[tuple[Node, Node]] = field(default_factory=list)

    def holds_tensors(self) -> bool:
        """Whether tensors are among its own values, as in a state_dict."""
        return self.kind == "dict" and any(value.kind == "tensor" for _, value in self.items)


def outline(file: IO[bytes]) -> Node:
    """Outline the next pickle in `file`. Raises IndexError or ValueError when its instructions build no object."""
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name == "STOP":
            break
        machine.do(opcode, argument)
    return machine.stack.pop()


def state_dicts(root: Node, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys that lead to each dictionary of tensors at or below `root`; () is the root itself."""
    if root.holds_tensors():
        yield above
    for key, value in root.items:
        if key.kind == "text" and value.kind == "dict":
            yield from state_dicts(value, (*above, key.text))


def objects(root: Node) -> Iterator[tuple[str, str]]:
    """(key, `module name` of the class) of each object among the dictionary's own values."""
    for key, value in root.items:
        if key.kind == "text" and value.kind == "other" and value.text:
            yield key.text, value.text


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Node] = []
        self._memo: dict[int, Node] = {}

    def do(self, opcode: Any, argument: Any) -> None:
        name: str = opcode.name
        if name in _CALLS:
            self._call(_CALLS[name])
        elif name in ("SETITEM", "SETITEMS", "DICT"):
            self._fill(name)
        elif name in ("GLOBAL", "INST", "STACK_GLOBAL"):
            self._name(name, argument)
        elif name in _WRITE or name == "MEMOIZE":
            self._memo[len(self._memo) if argument is None else int(argument)] = self.stack[-1]
        elif name in _READ:
            self.stack.append(self._memo[int(argument)])
        elif name == "BUILD":
            self.stack.pop()  # the state goes into the object below it
        else:
            self._as_described(opcode, argument)

    def _call(self, arguments: int) -> None:
        del self.stack[-arguments:]
        callee = self.stack.pop()
        if callee.text in _DICTIONARIES:
            self.stack.append(Node("dict"))
        else:
            self.stack.append(Node("tensor" if _REBUILD in callee.text else "other", callee.text))

    def _fill(self, name: str) -> None:
        given = [self.stack.pop(-2), self.stack.pop()] if name == "SETITEM" else self._since_mark()
        if name == "DICT":
            self.stack.append(Node("dict"))
        self.stack[-1].items += zip(given[::2], given[1::2], strict=True)

    def _name(self, name: str, argument: Any) -> None:
        if name == "STACK_GLOBAL":
            module, attribute = self.stack.pop(-2), self.stack.pop()
            self.stack.append(Node("global", f"{module.text} {attribute.text}"))
            return
        if name == "INST":
            self._since_mark()
        self.stack.append(Node("global" if name == "GLOBAL" else "other", str(argument)))

    def _as_described(self, opcode: Any, argument: Any) -> None:
        before = [each.name for each in opcode.stack_before]
        if _MARK in before:
            self._since_mark()
            before = before[: before.index(_MARK)]
        for _ in before:
            self.stack.pop()
        self.stack += [_pushed(opcode.name, each.name, argument) for each in opcode.stack_after]

    def _since_mark(self) -> list[Node]:
        above: list[Node] = []
        while (top := self.stack.pop()).kind != _MARK:
            above.append(top)
        return above[::-1]


def _pushed(opcode: str, described: str, argument: Any) -> Node:
    if opcode == "EMPTY_DICT":
        return Node("dict")
    if described == _MARK:
        return Node(_MARK)
    return Node("text", argument) if isinstance(argument, str) and "PERSID" not in opcode else Node("other")
