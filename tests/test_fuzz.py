"""A few hundred of the cases of ``fuzz.py``, the same at every run."""

from __future__ import annotations

from itertools import islice

import pytest
from fuzz import check
from mutations import cases
from sampling import few


@pytest.mark.parametrize("seed", few(range(10), 3))
def test_the_compiler_answers_whatever_a_spec_says(seed):
    for case in islice(cases(seed), 50):
        check(case)
