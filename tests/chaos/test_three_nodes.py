"""Three nodes on their own addresses, one of them cut off half-way."""

from __future__ import annotations

import pytest

from tests.chaos.conftest import compared, table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]


def test_three_nodes_run_a_study_to_its_end_though_one_is_cut_off_half_way(
    lab, undisturbed, capsys
):
    driver = lab.launch("three")
    half = len(undisturbed["runs"]) // 2
    assert lab.wait_for("three", half, driver), lab.said()
    lab.network.machines[2].cut()
    try:
        resumed = lab.finish("three", driver)
    finally:
        lab.replace_node(2)
    record = lab.read("three")
    assert record is not None
    assert table(record) == undisturbed
    nodes = {ended.node for ended in record.ended.values()}
    counts = compared(lab, "three", record, undisturbed)
    with capsys.disabled():
        print(
            f"\nthree nodes, one cut off after {half} seed runs: {dict(counts)}; "
            f"driver resumed {resumed} times; {nodes}"
        )
    assert set(counts) == {"seed runs"}, "something is lost, there twice, or not equal"
