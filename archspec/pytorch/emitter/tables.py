"""Tables as loops over their rows: a copy for each, whose arguments are functions of the row.

What follows from no name of the row, such as the channels that a copy takes from the one before, is a column more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archspec.language.algebra import Code, literal, names, same, substituted
from archspec.language.definition import Definition, Table
from archspec.network import Block, Node
from archspec.network.content import Copies
from archspec.pytorch.emitter.code import Call, Part, Repeated, Tabled, asked
from archspec.pytorch.emitter.instances import Instances
from archspec.pytorch.emitter.model import Hints, Made, Uses
from archspec.pytorch.emitter.parameters import columns
from archspec.pytorch.emitter.scope import Mismatch, Scope, Spot
from archspec.pytorch.emitter.translation import Names


class TableLoop:
    """The loop over the rows of one table, in all instances of a class.

    Attributes:
        instances: The blocks of the network.
        names: What the expressions of the class know.
        repeats: The tables with their copies, by instance.
        indexed: The copies by the number of their row, for each instance.
        table: The table as the spec writes it.
        template: The network or block that has it.
        count: How many rows there are.
        places: The instance and the row of each copy, in order.
        scope: The variables in the loop: those of the class, and the columns.
        items: For each column that the spec names, what it calls it.
    """

    def __init__(
        self,
        instances: Instances,
        names: Names,
        repeats: Mapping[int, Block],
        indexed: Mapping[int, Mapping[int, Block | Node]],
    ) -> None:
        self.instances = instances
        self.names = names
        self.repeats = repeats
        self.indexed = indexed
        first = next(iter(repeats.values()))
        assert first.step is not None
        assert first.step.each is not None
        self.table: Table = first.step.each
        self.template: Definition = first.template
        self.count = len(next(iter(indexed.values())))
        self.places = [(number, row) for number in indexed for row in range(self.count)]
        self.scope: Scope = names.scope.of_copies([number for number, _ in self.places])
        self.items: dict[str, str] = {}

    def made(self, operands: Hints, make: Callable[[Scope, Uses, Hints], Made]) -> Made | None:
        """The loop, and hints at the channels of what it gives; None where one expression cannot make all the copies.

        Args:
            operands: Channels of the tensors that it takes.
            make: Writes the call that makes some copies, over the variables of a scope.

        Raises:
            Mismatch: The rows differ between instances.
        """
        self._name_columns()
        taken = self._taken(operands)
        uses: dict[Spot, Block | Node] = {
            (place, None): self.indexed[number][row] for place, (number, row) in enumerate(self.places)
        }
        try:
            part, channels = make(self.scope, uses, [taken, *operands])
        except Mismatch:
            return None
        used = [each for each in self.scope.parameters if each in asked(part)]
        used.sort(key=lambda each: each in self.items)  # first what only Python needs
        return self._written(part, channels, used, operands)

    def _name_columns(self) -> None:
        """A column for each name of the rows; ``row.channels`` for each item of rows that are mappings."""
        rows = [self._values(number, row) for number, row in self.places]
        for each in rows[0] if rows else ():
            for item, values in columns(each, [row[each] for row in rows]):
                self.scope.known[item] = self._column(item.rpartition(".")[2], values, item)

    def _column(self, wanted: str, values: list[Any], item: str) -> Code:
        code = self.scope.add(wanted, values)
        self.items[code.id] = item
        return code

    def _values(self, number: int, row: int) -> Mapping[str, Any]:
        return _row(self.repeats[number], row)

    def _taken(self, operands: Hints) -> Code | None:
        """The channels that a copy takes: a column more, where nothing else says them."""
        taken = [self.instances.taken(self.indexed[number][row])[0] for number, row in self.places]
        shapes = list(map(self.instances.shape, taken))
        if not all(shapes):
            return None
        values: dict[Spot, Any] = {(place, None): shape[0] for place, shape in enumerate(shapes)}
        usual = literal(shapes[0][0])
        found = next((code for code in [*operands, usual] if code is not None and self.scope.gives(code, values)), None)
        if found is not None:
            return found
        wanted = "in_features" if all(len(shape) == 1 for shape in shapes) else "in_channels"
        return self.scope.add(wanted, [shape[0] for shape in shapes])

    def _written(self, part: Part, channels: Hints, used: list[str], operands: Hints) -> Made:
        """The loop as the class says it, its cells over the variables of the class.

        Raises:
            Mismatch: They differ between instances.
        """
        rows: list[dict[str, Code]] = []
        given: list[Code | None] = [*operands]
        scope, frozen = self.names.scope, self.names.scope.frozen
        scope.frozen = True
        try:
            for row in range(self.count):
                rows.append({each: self._cell(each, row, given) for each in used})
                given = [code and _outside(code, rows[-1], self.scope) for code in channels]
        finally:
            scope.frozen = frozen
        if not used:
            return Call("nn.Sequential", (("", Repeated(part, "_", (literal(self.count),))),)), given
        loop = Tabled(part, tuple(used), tuple(tuple(cells.values()) for cells in rows))
        return Call("nn.Sequential", (("", loop),)), given

    def _cell(self, column: str, row: int, given: Hints) -> Code:
        values = self.scope.parameters[column].values
        places = range(row, len(self.places), self.count)
        seen: dict[Spot, Any] = {(self.places[place][0], None): values[place] for place in places}
        item = self.items.get(column)
        hints = given if item is None else [self.names.code(self.template.cell(self.table, row, item))]
        return self.names.scope.resolve(seen, hints, column)


def row_of(tables: Mapping[int, Block], row: int) -> dict[str, Code]:
    """What the names of a row stand for, where that is the same in all instances."""
    rows = [_row(table, row) for table in tables.values()]
    found = ((item, values) for each in rows[0] for item, values in columns(each, [named[each] for named in rows]))
    return {item: literal(first) for item, (first, *others) in found if all(same(other, first) for other in others)}


def _row(table: Block, row: int) -> Mapping[str, Any]:
    copies = table.content.uses
    assert isinstance(copies, Copies)
    return copies.named_values(row)


def _outside(code: Code, cells: Mapping[str, Code], scope: Scope) -> Code | None:
    """An expression over the columns of a row as one over the variables of the class."""
    return substituted(code, cells) if names(code).isdisjoint(scope.parameters.keys() - cells.keys()) else None
