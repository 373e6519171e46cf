"""Every rule speaks on its fault and keeps silent on the look-alike."""

from __future__ import annotations

import pytest

from compass.analysis.kubernetes.finding import ODDITY, SYMPTOM
from tests.analysis.kubernetes.cases import CASES
from tests.analysis.kubernetes.situations import Case, run


@pytest.mark.parametrize("case", CASES, ids=[f"{i}-{c.sign}" for i, c in enumerate(CASES)])
def test_speaks_on_its_fault_and_not_on_the_look_alike(case: Case) -> None:
    findings = run(case.fault(), case.probes)
    told = [f for f in findings if f.sign == case.sign and f.entity.name == case.entity]
    assert told, [(f.sign, f.entity.name, f.strength) for f in findings]
    rivals = [f for f in findings if f.strength > told[0].strength]
    assert not [f for f in rivals if f.entity != told[0].entity], [(f.sign, f.entity.name, f.strength) for f in rivals]
    loud = [f for f in run(case.like(), case.probes) if f.sign == case.sign and f.strength > ODDITY]
    assert not [f for f in loud if f.strength >= SYMPTOM], [(f.entity.name, f.strength, f.text) for f in loud]
