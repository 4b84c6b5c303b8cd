"""Import of an ``nn.Module``: one run of it on tensors without data becomes a spec worth editing.

`recording` follows a run, `batches` compares two, `drafting` makes graphs of the calls with the ops that `functions`
has for torch's, `tidying` leaves out what nothing takes, `folding` makes blocks of the graphs, `renaming` the rules of
``weights:``, and `verification` compares the spec with the module. `sources` finds a module by its name.
"""

from archspec.importers.module.importing import from_module
from archspec.importers.module.verification import ModuleReport

__all__ = ["ModuleReport", "from_module"]
