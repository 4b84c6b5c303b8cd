"""The lines of ``forward``, and the names of its variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from archspec.ops.facts import Function
from archspec.pytorch.emitter.calls import call, is_long, pieces, read
from archspec.pytorch.emitter.code import WIDTH, Call, Listed, Part, flat, laid_out
from archspec.pytorch.emitter.construction import word
from archspec.pytorch.emitter.model import Attribute, Key, Loop, Statement
from archspec.pytorch.emitter.scope import RESERVED


@dataclass(slots=True)
class Line:
    """``targets = value``, or ``target += value``."""

    targets: list[str]
    value: Part
    accumulates: bool = False
    typed: bool = False
    flag: str = ""
    times: str = ""

    def text(self, indent: int) -> list[str]:
        """The lines of the source."""
        if self.times:
            return [f"{' ' * indent}for _ in range({self.times}):", *replace(self, times="").text(indent + 4)]
        if self.flag:
            return [f"{' ' * indent}if self.{self.flag}:", *replace(self, flag="").text(indent + 4)]
        colon = ": Tensor" if self.typed else ""
        prefix = f"{', '.join(self.targets)}{colon} {'+=' if self.accumulates else '='} "
        if len(self.targets) > 1 and indent + len(prefix) + 1 > WIDTH:
            *targets, last = laid_out("", Listed(tuple(map(read, self.targets)), "()"), " = (", indent)
            return [*targets, *laid_out(last.strip()[:-1], self.value, "", indent)]
        return laid_out(prefix, self.value, "", indent)


@dataclass(slots=True)
class Looped:
    """``for layer in layers: targets = layer(operands)``, and what is appended to lists."""

    layers: str
    layer: str
    targets_inside: list[str]
    operands: list[str]
    appended: list[tuple[str, str]]

    def text(self, indent: int) -> list[str]:
        """The lines of the source."""
        space, called = " " * indent, Call(self.layer, tuple(("", read(operand)) for operand in self.operands))
        appends = [Call(f"{each}.append", (("", read(variable)),)) for each, variable in self.appended]
        return [
            f"{space}for {self.layer} in {self.layers}:",
            *Line(self.targets_inside, called).text(indent + 4),
            *(line for append in appends for line in laid_out("", append, "", indent + 4)),
        ]


@dataclass
class Forward:
    """Names the variables of a class's ``forward``.

    Attributes:
        inputs: Names of the inputs by their tensors.
        statements: What is computed, in order.
        outputs: The tensors that are given, in order.
        returned: The one that is returned alone, if any.
        taken: Names that no variable can have.
        variables: The variable of each tensor that has been named.
    """

    inputs: Mapping[Key, str]
    statements: list[Statement]
    outputs: list[Key]
    returned: Key | None
    taken: frozenset[str]
    variables: dict[Key, str] = field(default_factory=dict)
    _last_use: dict[Key, int] = field(default_factory=dict)
    _given_by: dict[Key, int] = field(default_factory=dict)
    _uses: Counter[Key] = field(default_factory=Counter)
    _needed_until: dict[str, int] = field(default_factory=dict)
    _unpacked: set[str] = field(default_factory=set)

    def lines(self) -> list[list[Line | Looped]]:
        """The lines of each statement."""
        self._given_by = dict.fromkeys(self.inputs, -1)
        for number, statement in enumerate(self.statements):
            # A long fold reads operands when its own variable is written: none of theirs can be that.
            self._last_use.update(dict.fromkeys(statement.takes, number + is_long(statement.call)))
            if statement.times != 1:  # nor can it be that of an operand which further calls take too
                self._last_use.update(dict.fromkeys(statement.takes[1:], number + 1))
            self._given_by.update(dict.fromkeys(statement.gives, number))
            self._uses.update(statement.takes)
        self._last_use.update(dict.fromkeys(self.outputs, len(self.statements)))
        self._uses.update(self.outputs)
        for key, name in self.inputs.items():
            self._name(key, name)
        return [self._lines(number) for number in range(len(self.statements))]

    def _name(self, key: Key, variable: str) -> None:
        self.variables[key] = variable
        self._needed_until[variable] = self._last_use.get(key, -1)

    def _lines(self, number: int) -> list[Line | Looped]:
        statement = self.statements[number]
        if isinstance(statement.call, Attribute):
            return self._read(statement, statement.call)
        if statement.loop is not None:
            return self._looped(number, statement, statement.loop)
        operands = [self.variables[key] for key in statement.takes]
        targets = self._targets(number)
        for key, target in zip(statement.gives, targets, strict=True):
            self._name(key, target)
        if not isinstance(statement.call, Function):
            if statement.times != 1:
                return list(_repeated(statement, targets, operands))
            return [_guarded(targets, _called(statement.call, operands), statement.flag, operands[0])]
        if statement.in_place:
            return [Line(targets, read(operands[1]), accumulates=True)]
        if is_long(statement.call):
            first, *others = pieces(statement.call, operands, targets[0])
            rest = [Line(targets, value, flag=statement.flag) for value in others]
            return [_guarded(targets, first, statement.flag, operands[0]), *rest]
        return [_guarded(targets, call(statement.call, operands), statement.flag, operands[0])]

    def _read(self, statement: Statement, held: Attribute) -> list[Line | Looped]:
        """An attribute that is read where it is needed; nothing overwrites it."""
        (key,), variable = statement.gives, f"self.{held.name}"
        self._name(key, variable)
        self._unpacked.add(variable)
        return []

    def _looped(self, number: int, statement: Statement, loop: Loop) -> list[Line | Looped]:
        """A loop over copies, below the first values of the variables that they hand on."""
        operands = [self.variables[key] for key in statement.takes]
        starts = {port: operands[place] for place, port in loop.handed.items()}
        inside = list(operands)
        lines: list[Line | Looped] = []
        targets: list[str] = []
        for place, port in enumerate(loop.ports):
            start = starts.get(place, "")
            if not (start or port in loop.last or port in loop.lists):
                targets.append("_")
                continue
            others = [each for at, each in enumerate(operands) if loop.handed.get(at) != place]
            target = self._handed_on(number, statement, loop, port, start, {*others, *targets})
            if start and target != start:
                lines.append(Line([target], read(start)))
            targets.append(target)
            inside = [target if loop.handed.get(at) == place else each for at, each in enumerate(inside)]
            if port in loop.last:
                self._name(loop.last[port], target)
            self._needed_until[target] = max(number + 1, self._needed_until.get(target, -1))
        appended = []
        for port, key in loop.lists.items():
            words = [word(statement.name), *([port] if len(loop.ports) > 1 else []), "outs"]
            each = self._apart("_".join(words), number, inside)
            self._unpacked.add(each)
            self.variables[key] = each
            appended.append((each, targets[loop.ports.index(port)]))
            lines.append(Line([f"{each}: list[Tensor]"], read("[]")))
        for key, (port, index) in loop.items.items():
            self.variables[key] = f"{self.variables[loop.lists[port]]}[{index}]"
            self._unpacked.add(self.variables[key])
        layer = self._apart("layer", number, inside)
        assert isinstance(statement.call, str)
        return [*lines, Looped(attribute(statement.call), layer, targets, inside, appended)]

    def _handed_on(self, number: int, statement: Statement, loop: Loop, port: str, start: str, others: set[str]) -> str:
        """The variable of what copies hand on: that of its first value where nothing else needs it."""
        if start and start not in others and start not in self._unpacked and self._unneeded(start, number):
            return start
        single = len(loop.ports) == 1
        flowing = self._flowing(number) if single else ""
        if flowing and flowing not in others:
            return flowing
        return self._apart(word(statement.name) if single else f"{word(statement.name)}_{port}", number, others)

    def _apart(self, wanted: str, number: int, others: Collection[str]) -> str:
        """A name that no variable has which a loop or what follows still needs."""
        wanted = self._fresh(wanted, number)
        while wanted in others:
            wanted = self._fresh(f"{wanted}_", number)
        return wanted

    def _targets(self, number: int) -> list[str]:
        statement = self.statements[number]
        if statement.in_place:
            return [self.variables[statement.takes[0]]]
        if len(statement.gives) == 1:
            return [self._target(number)]
        wanted = [self._wanted(statement.name, key, number) for key in statement.gives]
        needed = [key in self._last_use or statement.times != 1 for key in statement.gives]
        first = [self._target(number)] if statement.is_op else []
        names = [
            (self._of_copies(name, number) or self._apart(name, number, first)) if used else "_"
            for name, used in list(zip(wanted, needed, strict=True))[len(first) :]
        ]
        self._unpacked.update(names)
        return [*first, *names]

    def _target(self, number: int) -> str:
        """The variable of the only tensor that a statement gives, or of the first that an op does."""
        statement = self.statements[number]
        if statement.gives[0] == self.returned:
            if statement.takes and self._continues(number):
                return self.variables[statement.takes[0]]
            return self._flowing(number) or self._fresh("out", number)
        if statement.gives[0] not in self._last_use:  # it is called again, and nothing takes what it gives here
            return "_"
        if self._uses[statement.gives[0]] > 1:
            return self._fresh(word(statement.name), number)
        if statement.takes and self._continues(number):
            return self.variables[statement.takes[0]]
        flowing = self._flowing(number) if self._begins_run(number) else ""
        return flowing or self._fresh(word(statement.name), number)

    def _wanted(self, name: str, key: Key, number: int) -> str:
        """The name of one of several tensors; that of a copy has its number, where more than what follows needs it."""
        step, port = key
        copy = step.rpartition(".")[2]
        kept = copy if copy.isdecimal() and self._last_use.get(key, -1) > number + 1 else ""
        return f"{word(name)}_{port}{kept}" if name else word(step)

    def _of_copies(self, wanted: str, number: int) -> str:
        """The variable of what the copy before gives, where this is the next copy and nothing else needs that."""
        before, this = self.statements[number - 1] if number else None, self.statements[number]
        given = [self.variables[key] for key in before.gives] if before and before.name == this.name else []
        return wanted if wanted in given and self._unneeded(wanted, number) else ""

    def _flowing(self, number: int) -> str:
        """The variable of a run of layers: ``x`` or ``out``, where it holds nothing that is needed."""
        inputs = list(self.inputs.values())
        candidates = [*(["x"] if inputs == ["x"] else []), *(["out"] if "out" not in inputs else [])]
        return next((each for each in candidates if each not in self.taken and self._unneeded(each, number)), "")

    def _continues(self, number: int) -> bool:
        """Whether the statement goes on with what another made, and nothing else needs that."""
        first = self.statements[number].takes[0]
        variable, giver = self.variables[first], self._given_by[first]
        flows = giver == number - 1 or (giver >= 0 and variable in ("x", "out"))
        return flows and variable not in self._unpacked and self._unneeded(variable, number)

    def _unneeded(self, variable: str, number: int) -> bool:
        """Whether nothing after a statement asks for what a variable holds."""
        return self._needed_until.get(variable, -1) <= number

    def _begins_run(self, number: int) -> bool:
        """Whether the next statement goes on with what this one makes, and nothing else needs that."""
        if number + 1 == len(self.statements):
            return False
        key, following = self.statements[number].gives[0], self.statements[number + 1]
        alone = len(following.gives if following.loop is None else following.loop.ports) == 1
        return following.takes[:1] == (key,) and alone

    def _fresh(self, wanted: str, number: int) -> str:
        """A name that no variable has which is still needed."""
        while wanted in RESERVED or wanted in self.taken or self._is_held(wanted, number):
            wanted += "_"
        return wanted

    def _is_held(self, name: str, number: int) -> bool:
        return not self._unneeded(name, number) or name in self.inputs.values() or name in self._unpacked


def annotate(lines: Iterable[Line | Looped], returned: str, inputs: Collection[str]) -> None:
    """Type the returned variable where that is not plain."""
    made = (line for line in lines if isinstance(line, Line))
    first = next((line for line in made if line.targets == [returned]), None)
    if first is not None and returned not in inputs:
        first.typed = True


def attribute(name: str) -> str:
    """An attribute of the module; a layer of a list is an item of it."""
    first, bracket, rest = name.partition("[")
    return f"self[{first}]{bracket}{rest}" if first.isdecimal() else f"self.{name}"


def _called(name: str, operands: list[str]) -> Part:
    return Call(attribute(name), tuple(("", read(operand)) for operand in operands))


def _repeated(statement: Statement, targets: list[str], operands: list[str]) -> Iterator[Line]:
    """The lines of an attribute called in a row, each time on what it gave."""
    assert isinstance(statement.call, str)
    first, others = operands[: len(targets)], operands[len(targets) :]
    for target, operand in zip(targets, first, strict=True):
        if target != operand:
            yield Line([target], read(operand))
    times = f"self.{statement.times.name}" if isinstance(statement.times, Attribute) else str(statement.times)
    yield Line(targets, _called(statement.call, [*targets, *others]), times=times)


def _guarded(targets: list[str], value: Part, flag: str, otherwise: str) -> Line:
    """``targets = value``, where an attribute says so if there is a flag, and ``otherwise`` passes where not."""
    if not flag or targets == [otherwise]:
        return Line(targets, value, flag=flag)
    return Line(targets, read(f"{flat(value)} if self.{flag} else {otherwise}"))
