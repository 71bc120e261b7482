"""What may stand in a file of an export, cell by cell, and how much of it."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from musebar_core.errors import UsageError
from study.results import exported as module
from study.results.columns import BASELINES, CURVES, RESULTS, VERSION_KEY
from study.results.exported import Row, read_facts, read_table

HALF = {"pitch_frequencies": 3.0, "markov": 2.0, "repeat_last": 4}
FACTS = {"fingerprint": "abc", "baselines": {"validation": HALF, "test": HALF}}


def changed(folder, table, column, value):
    """Put a value into the first row of a table."""
    frame = pd.read_parquet(folder / f"{table}.parquet")
    values = frame[column].astype(object)
    values.iloc[0] = value
    frame[column] = values
    frame.to_parquet(folder / f"{table}.parquet")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("study", "x" * 256),
        ("genre", " "),
        ("genre", None),
        ("config_id", "0123456789a"),
        ("config_id", "0123456789AB"),
        ("config_id", None),
        ("seed", -1),
        ("seed", 2**53),
        ("phase", "training"),
        ("state", "splendid"),
        ("state", None),
        ("attempts", 0),
        ("attempts", 2**31),
        ("config", None),
        ("config", "x" * 100_001),
        ("failure", "x" * 100_001),
        ("latent_length", 2**53),
        ("latent_length", 2.5),
        ("validation_bce", np.inf),
        ("validation_collapsed", 2),
        ("test_bce", 1e308),
        ("last_test_elbo", -1.1e12),
        ("seconds", 1e13),
        ("validation_n_snippets", 0),
        ("last_test_n_snippets", -1),
        ("best_epoch", -(2**53)),
        ("finished_at", "2026-13-01"),
        ("finished_at", "2026-01-01" + " " * 60),
    ],
)
def test_a_cell_beyond_its_bounds_is_refused_by_its_column(exported, column, value):
    changed(exported, "results", column, value)
    with pytest.raises(UsageError, match=rf"results\.parquet, row 0: {column} "):
        read_table(exported, "results", RESULTS)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("epoch", -1),
        ("epoch", 2**53),
        ("weight", np.nan),
        ("train_bce", None),
        ("train_kl_bars", np.inf),
        ("seed", None),
        ("validation_bce", -np.inf),
        ("validation_bce", 1e308),
        ("validation_n_snippets", 0),
        ("train_bce", -1e308),
    ],
)
def test_a_curve_has_an_epoch_and_what_was_trained(exported, column, value):
    changed(exported, "curves", column, value)
    with pytest.raises(UsageError, match=rf"curves\.parquet, row 0: {column} "):
        read_table(exported, "curves", CURVES)


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        ("study", "x" * 255, "x" * 255),
        ("attempts", 2**31 - 1, 2**31 - 1),
        ("seed", 0, 0),
        ("seed", 2**53 - 1, 2**53 - 1),
        ("failure", None, None),
        ("validation_bce", np.nan, None),
        ("validation_kl", 3.0, 3.0),
        ("test_bce", 1e12, 1e12),
        ("test_n_snippets", 1, 1),
        ("best_epoch", None, None),
        ("versions", None, None),
        ("finished_at", None, None),
        ("finished_at", "2026-01-01T10:00:00+00:00", "2026-01-01T10:00:00+00:00"),
    ],
)
def test_a_cell_at_its_bounds_is_taken(exported, column, value, read):
    changed(exported, "results", column, value)
    first, second = read_table(exported, "results", RESULTS)
    assert first.cells[column] == read
    assert second.text("failure") == "NaN"


def test_the_row_that_is_wrong_is_named(exported):
    frame = pd.read_parquet(exported / "results.parquet")
    frame["attempts"] = [1, 0]
    frame.to_parquet(exported / "results.parquet")
    with pytest.raises(UsageError, match=r"row 1: attempts 0: input should be greater"):
        read_table(exported, "results", RESULTS)


def test_of_a_cell_that_is_wrong_the_first_eighty_characters_are_told(exported):
    changed(exported, "results", "study", "x" * 256)
    with pytest.raises(UsageError) as caught:
        read_table(exported, "results", RESULTS)
    assert f"row 0: study '{'x' * 79}: string should have at most 255" in str(caught.value)


def test_cells_are_read_as_their_kind():
    row = Row({"name": "a", "nothing": None, "count": 3, "share": 0.5})
    assert (row.text("name"), row.text("nothing"), row.text("count")) == ("a", "", "")
    assert (row.whole("count"), row.number("count"), row.number("share")) == (3, 3.0, 0.5)
    assert row.number("nothing") is None
    with pytest.raises(TypeError, match="nothing is None"):
        row.whole("nothing")


def size_of(file):
    metadata = pq.ParquetFile(file).metadata
    return sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))


@pytest.mark.parametrize("bound", ["MOST_ROWS", "MOST_BYTES"])
def test_a_table_may_be_as_large_as_is_said_and_no_larger(exported, monkeypatch, bound):
    file = exported / "results.parquet"
    most = 2 if bound == "MOST_ROWS" else max(size_of(file), pq.read_table(file).nbytes)
    monkeypatch.setattr(module, bound, most)
    assert len(read_table(exported, "results", RESULTS)) == 2
    least = 1 if bound == "MOST_ROWS" else size_of(file) - 1
    monkeypatch.setattr(module, bound, least)
    with pytest.raises(UsageError, match=rf"2 rows of {size_of(file)} bytes: .* at most"):
        read_table(exported, "results", RESULTS)


def test_what_a_table_unpacks_to_is_counted_as_it_comes(exported, monkeypatch):
    file = exported / "results.parquet"
    frame = pd.read_parquet(file)
    frame.iloc[[0] * 20_000].assign(node="x" * 90_000).to_parquet(file)
    monkeypatch.setattr(module, "MOST_BYTES", 10**8)
    assert size_of(file) < 10**8
    with pytest.raises(UsageError, match=r"results\.parquet unpacks to over 100000000 bytes"):
        read_table(exported, "results", RESULTS)


def test_nothing_is_read_beyond_the_first_bad_row(exported, monkeypatch):
    file = exported / "results.parquet"
    frame = pd.read_parquet(file)
    frame.iloc[[0] * 2_000].assign(attempts=0, node="x" * 90_000).to_parquet(file)
    monkeypatch.setattr(module, "MOST_BYTES", 10**8)
    with pytest.raises(UsageError, match=r"results\.parquet, row 0: attempts 0"):
        read_table(exported, "results", RESULTS)


@pytest.mark.parametrize("version", [b"two", b"", b"-1", b"1234567890", b"v" * 30])
def test_a_version_that_is_no_number_is_refused(exported, version):
    file = exported / "results.parquet"
    pq.write_table(pq.read_table(file).replace_schema_metadata({VERSION_KEY: version}), file)
    with pytest.raises(UsageError, match=re.escape(f"have version {version[:20]!r}: no number")):
        read_table(exported, "results", RESULTS)


@pytest.mark.parametrize(
    "metadata",
    [{VERSION_KEY: b"1"}, {VERSION_KEY: b"2"}, {VERSION_KEY: b"000000002"}, {}],
)
def test_a_table_of_this_version_or_an_earlier_one_is_read(exported, metadata):
    file = exported / "results.parquet"
    pq.write_table(pq.read_table(file).replace_schema_metadata(metadata), file)
    assert len(read_table(exported, "results", RESULTS)) == 2


def test_a_table_that_nothing_is_said_of_is_of_the_first_version(exported):
    file = exported / "results.parquet"
    pq.write_table(pq.read_table(file).replace_schema_metadata(None), file, store_schema=False)
    assert pq.ParquetFile(file).metadata.metadata is None
    assert len(read_table(exported, "results", RESULTS)) == 2


def test_what_is_no_number_is_empty_where_a_cell_may_be(exported):
    file = exported / "results.parquet"
    table = pq.read_table(file)
    place = table.schema.get_field_index("validation_kl")
    column = pa.array([float("nan"), 3.0], from_pandas=False)
    pq.write_table(table.set_column(place, "validation_kl", column), file)
    found = [row.cells["validation_kl"] for row in read_table(exported, "results", RESULTS)]
    assert found == [None, 3.0]


def written(folder, genres):
    file = folder / "genres.json"
    file.write_text(json.dumps(genres))
    return file


@pytest.mark.parametrize(
    ("genre", "change", "said"),
    [
        (" ", {}, "string should match pattern"),
        ("x" * 256, {}, "at most 255"),
        ("jazz", {"fingerprint": ""}, "fingerprint"),
        ("jazz", {"fingerprint": "x" * 201}, "fingerprint"),
        ("jazz", {"train_songs": -1}, "train_songs"),
        ("jazz", {"test_snippets": 2**53}, "test_snippets"),
        ("jazz", {"train_songs": 1.5}, "train_songs"),
        ("jazz", {"mood": "blue"}, "mood"),
        ("jazz", {"baselines": {"validation": HALF}}, "jazz: baselines.test needs"),
        ("jazz", {"baselines": {"test": HALF}}, "jazz: baselines.validation needs"),
        ("jazz", {"baselines": {"validation": HALF, "test": {"markov": 2.0}}}, "markov"),
        ("jazz", {"baselines": {"validation": HALF, "test": HALF | {"best": 1}}}, "baselines.test"),
        ("jazz", {"baselines": {"validation": HALF, "test": HALF | {"markov": 1e400}}}, "markov"),
        ("jazz", {"baselines": {"validation": HALF, "test": HALF | {"markov": 1e308}}}, "markov"),
        ("jazz", {"baselines": {"validation": HALF, "train": HALF}}, "train"),
        ("jazz", {"baselines": FACTS["baselines"] | {"curve": {}}}, "baselines.curve needs"),
        ("jazz", {"baselines": {"validation": HALF, "test": HALF | {"markov": "2.0"}}}, "markov"),
        ("jazz", {"baselines": {"validation": HALF, "test": HALF | {"markov": True}}}, "markov"),
    ],
)
def test_facts_of_another_kind_are_refused(tmp_path, genre, change, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        read_facts(written(tmp_path, {genre: FACTS | change}))


def test_facts_are_read_as_they_stand_and_nothing_is_added(tmp_path):
    curve = {"baselines": FACTS["baselines"] | {"curve": HALF}}
    most = FACTS | {"train_songs": 0, "test_snippets": 2**53 - 1} | curve
    read = read_facts(written(tmp_path, {"jazz": FACTS, "x" * 255: most}))
    assert read == {"jazz": FACTS, "x" * 255: most}
    assert set(read["jazz"]["baselines"]["test"]) == set(BASELINES)


def test_facts_may_be_as_large_as_is_said_and_no_larger(tmp_path, monkeypatch):
    file = written(tmp_path, {"jazz": FACTS})
    monkeypatch.setattr(module, "MOST_FACTS_BYTES", file.stat().st_size)
    assert read_facts(file) == {"jazz": FACTS}
    monkeypatch.setattr(module, "MOST_FACTS_BYTES", file.stat().st_size - 1)
    with pytest.raises(UsageError, match="over 0 MiB: it is something else"):
        read_facts(file)
    file.write_bytes(b" " * (3 * 2**20 + 1))
    monkeypatch.setattr(module, "MOST_FACTS_BYTES", 3 * 2**20)
    with pytest.raises(UsageError, match="over 3 MiB: it is something else"):
        read_facts(file)


def test_facts_of_as_many_genres_as_a_study_may_have_are_read(tmp_path):
    genres = {f"g{i}": FACTS for i in range(10_000)}
    assert len(read_facts(written(tmp_path, genres))) == 10_000
    with pytest.raises(UsageError, match="10000"):
        read_facts(written(tmp_path, genres | {"one more": FACTS}))


def test_facts_nested_without_end_are_no_json(tmp_path):
    (tmp_path / "genres.json").write_text("[" * 100_000)
    with pytest.raises(UsageError, match=r"genres\.json is not valid JSON"):
        read_facts(tmp_path / "genres.json")


def test_bounds_leave_room_for_a_study_of_100000_runs():
    """Of fifty evaluations, of 200 bytes each; a run has some 1,400."""
    runs, evaluations = 100_000, 5_000_000
    assert evaluations <= module.MOST_ROWS < 3 * evaluations
    assert max(1400 * runs, 200 * evaluations) < module.MOST_BYTES < 2**32
    assert 2**20 < module.MOST_FACTS_BYTES < 2**26


def test_an_export_that_cannot_be_read_says_where_one_comes_from(tmp_path):
    with pytest.raises(UsageError, match=r"holds no results\.parquet: name a folder of 'musebar s"):
        read_table(tmp_path, "results", RESULTS)


def test_a_file_that_is_no_table_says_why_in_a_line(exported):
    (exported / "results.parquet").write_text("bce,1")
    with pytest.raises(UsageError) as caught:
        read_table(exported, "results", RESULTS)
    said = str(caught.value)
    assert said.startswith(f"{exported / 'results.parquet'} is no table: ")
    assert "\n" not in said
    assert said[-1] != " "
