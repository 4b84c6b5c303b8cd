"""A few hundred of the cases of ``fuzz.py``, the same at every run."""

from __future__ import annotations

from itertools import islice

import pytest
import surroundings
from fuzz import check
from mutations import cases
from sampling import few
from strange_files import not_for_ever


@pytest.mark.parametrize("seed", few(range(10), 3))
def test_the_compiler_answers_whatever_a_spec_says(seed):
    for case in islice(cases(seed), 50):
        check(case)


@pytest.mark.filterwarnings("ignore")  # of PyTorch, on tensors that are new or old
@pytest.mark.parametrize("seed", few(range(10), 3))
def test_a_command_answers_whatever_its_surroundings_are(seed):
    for case in islice(surroundings.cases(seed), 40):
        with not_for_ever():
            surroundings.check(case)


def test_the_surroundings_have_every_kind():
    """Of each, some cases end well, so that the others are about what they seem to be about."""
    found = list(islice(surroundings.cases(0), 2_000))
    assert {case.way for case in found} == set(surroundings.CALLS)
    assert {case.stands for case in found} >= set(surroundings.CONTENTS)
