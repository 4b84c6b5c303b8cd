"""Tables as loops over their rows: a copy for each, whose arguments are functions of the row.

What follows from no name of the row, such as the channels that a copy takes from the one before, is a column more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archspec.language.algebra import Code, literal, names, substituted
from archspec.language.definition import Definition, Table
from archspec.language.expr import is_expression
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Scalar, Value
from archspec.language.source import Sequence as SequenceValue
from archspec.network import Block, Node
from archspec.network.content import Copies
from archspec.pytorch.emitter.code import Call, Part, Repeated, Tabled, asked
from archspec.pytorch.emitter.parameters import items_of
from archspec.pytorch.emitter.scope import Mismatch, Scope, Spot

if TYPE_CHECKING:
    from archspec.pytorch.emitter.construction import Construction

Made = tuple[Part, list[Code | None]]


class TableLoop:
    """The loop over the rows of one table, in all instances of a class.

    Attributes:
        around: What writes the class.
        repeats: The tables with their copies, by instance.
        indexed: The copies by the number of their row, for each instance.
        table: The table as the spec writes it.
        template: The network or block that has it.
        count: How many rows there are.
        places: The instance and the row of each copy, in order.
        scope: The variables in the loop: those of the class, and the columns.
        cells: For each column that is a name of the spec, its values as written.
    """

    def __init__(
        self, around: Construction, repeats: Mapping[int, Block], indexed: Mapping[int, Mapping[int, Block | Node]]
    ) -> None:
        self.around = around
        self.repeats = repeats
        self.indexed = indexed
        first = next(iter(repeats.values()))
        assert first.step is not None and first.step.each is not None
        self.table: Table = first.step.each
        self.template: Definition = first.template
        self.count = len(next(iter(indexed.values())))
        self.places = [(number, row) for number in indexed for row in range(self.count)]
        self.scope: Scope = around.scope.of_copies([number for number, _ in self.places])
        self.cells: dict[str, list[Value | None]] = {}

    def made(self, operands: Sequence[Code | None]) -> Made | None:
        """The loop, and hints at the channels of what it gives; None where one expression cannot make all the copies.

        Raises:
            Mismatch: The rows differ between instances.
        """
        self._name_columns()
        taken = self._taken(operands)
        inner = self.around.over(self.scope)
        uses = {(place, None): self.indexed[number][row] for place, (number, row) in enumerate(self.places)}
        try:
            part, channels = inner.made(uses, [taken, *operands], "")
        except Mismatch:
            return None
        columns = [each for each in self.scope.parameters if each in asked(part)]
        columns.sort(key=lambda each: each in self.cells)  # first what only Python needs
        return self._written(part, channels, columns, operands)

    def _name_columns(self) -> None:
        """A column for each name of the rows; ``row.channels`` for each item of rows that are mappings."""
        rows = [self._values(number, row) for number, row in self.places]
        for each in rows[0] if rows else ():
            for item, values in items_of(each, [row[each] for row in rows]):
                self.scope.known[item] = self._column(item.rpartition(".")[2], values, self._written_cells(item))

    def _column(self, wanted: str, values: list[Any], written: list[Value | None]) -> Code:
        code = self.scope.add(wanted, values)
        self.cells[code.id] = written
        return code

    def _values(self, number: int, row: int) -> Mapping[str, Any]:
        copies = self.repeats[number].content.uses
        assert isinstance(copies, Copies)
        return copies.named_values(row)

    def _written_cells(self, item: str) -> list[Value | None]:
        """The values of an item as the spec writes them, where it does."""
        table: Value | None = self.table.rows
        if isinstance(table, Scalar) and is_expression(table.value) and str(table.value)[1:] in self.template.params:
            table = self.template.param_value(str(table.value)[1:])
        first, *items = item.split(".")
        place = [each.value for each in self.table.names].index(first)
        path: list[str | int] = [*([place] if self.table.unpacks else []), *items]
        return [_located(table, [row, *path]) for row in range(self.count)]

    def _taken(self, operands: Sequence[Code | None]) -> Code | None:
        """The channels that a copy takes: a column more, where nothing else says them."""
        instances = self.around.instances
        shapes = [instances.shape(instances.taken(self.indexed[number][row])[0]) for number, row in self.places]
        if not all(shapes):
            return None
        values: dict[Spot, Any] = {(place, None): shape[0] for place, shape in enumerate(shapes)}
        found = self.scope.find(values, operands)
        if found is not None:
            return found
        wanted = "in_features" if all(len(shape) == 1 for shape in shapes) else "in_channels"
        return self.scope.add(wanted, [shape[0] for shape in shapes])

    def _written(
        self, part: Part, channels: Sequence[Code | None], columns: list[str], operands: Sequence[Code | None]
    ) -> Made:
        """The loop as the class says it, its cells over the variables of the class.

        Raises:
            Mismatch: They differ between instances.
        """
        rows: list[dict[str, Code]] = []
        given: list[Code | None] = [*operands]
        scope, frozen = self.around.scope, self.around.scope.frozen
        scope.frozen = True
        try:
            for row in range(self.count):
                rows.append({each: self._cell(each, row, given) for each in columns})
                given = [code and _outside(code, rows[-1], self.scope) for code in channels]
        finally:
            scope.frozen = frozen
        if not columns:
            return Call("nn.Sequential", (("", Repeated(part, "_", (literal(self.count),))),)), given
        loop = Tabled(part, tuple(columns), tuple(tuple(cells.values()) for cells in rows))
        return Call("nn.Sequential", (("", loop),)), given

    def _cell(self, column: str, row: int, given: Sequence[Code | None]) -> Code:
        values = self.scope.parameters[column].values
        seen: dict[Spot, Any] = {
            (number, None): values[place] for place, (number, at) in enumerate(self.places) if at == row
        }
        written = self.cells[column][row] if column in self.cells else None
        hints = given if written is None else [self.around.names.code(written)]
        return self.around.scope.resolve(seen, hints, column)


def _located(value: Value | None, path: Sequence[str | int]) -> Value | None:
    """The value at the end of a path of keys and indices; None where it is not written out."""
    for step in path:
        if isinstance(value, MappingValue) and isinstance(step, str):
            value = value.entries.get(step)
        elif isinstance(value, SequenceValue) and isinstance(step, int) and step < len(value.items):
            value = value.items[step]
        else:
            return None
    return value


def _outside(code: Code, cells: Mapping[str, Code], scope: Scope) -> Code | None:
    """An expression over the columns of a row as one over the variables of the class."""
    return substituted(code, cells) if names(code).isdisjoint(scope.parameters.keys() - cells.keys()) else None
