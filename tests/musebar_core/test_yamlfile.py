from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from musebar_core.errors import UsageError
from musebar_core.yamlfile import MAX_BYTES, dump, parse, read_mapping
from musebar_core.yamlvalues import MAX_DEPTH, MAX_NODES


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("'true'", "true"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("-3", -3),
        ("1_000", "1_000"),
        ("190:20:30", "190:20:30"),
        ("5e-2", 0.05),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("'5e-2'", "5e-2"),
        ("! 5", "5"),
        ("!!str 5", "5"),
        ("!!float 5", 5.0),
        ("-.inf", -math.inf),
        ("2024-01-01", "2024-01-01"),
        ("~", None),
        ("", None),
        ("{1980: a, true: b, ~: c}", {"1980": "a", "true": "b", "~": "c"}),
    ],
)
def test_a_value_is_what_yaml_1_2_says_it_is(text, value):
    read = parse(text, "spec")
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "'a' stands twice, at lines 1 and 3"),
        ("s:\n  a: 1\n  b: 1\n\n  'a': 2", "'a' stands twice, at lines 2 and 5"),
        ("{a: 1, a: 1}", "'a' stands twice, at line 1"),
        ("- {b: &x {a: 1},\n   b: 2}", "'b' stands twice, at lines 1 and 2"),
        ("a: *b", "line 1, column 4: the alias *b is of no anchor before it"),
        ("a: &a [*a]", "the alias *a is of no anchor before it"),
        (f"a: !{'x' * 300} 1", "line 1, column 4: a tag of over 256 characters"),
        (f"a: !<{'x' * 300}> 1", "line 1, column 4: a tag of over 256 characters"),
        (f"a: &{'x' * 300} 1", "line 1, column 4: an anchor or alias of over 256 characters"),
        (f"a: *{'x' * 300}", "line 1, column 4: an anchor or alias of over 256 characters"),
        ("%YAML 1.1\n---\na: yes", "YAML 1.2 is read here"),
        ("a: 1\n---\na: 2", "line 2, column 1: a second document begins"),
        ("a: !!python/object:os.system {}", "the tag !!python/object:os.system"),
        ("a: !!int x", "the tag !!int does not go with this value"),
        ("a: !mine 1", "the tag !mine does not go with this value"),
        ("? [1]\n: 2", "a key is a word"),
        ("a: {<<: 3}", "<<: takes a mapping"),
        ("a: " + "9" * 5000, "a number of 5000 digits"),
        ("a: b\x00", "line 1, column 5: the control character U+0000"),
        ("x: 1\na: \x1b[31m", "line 2, column 4: the control character U+001B"),
        ("a: [1", "not valid YAML at line 1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(text, message):
    with pytest.raises(UsageError) as caught:
        parse(text, "spec")
    assert message in str(caught.value)
    assert str(caught.value).startswith("spec: ")
    assert str(caught.value).isprintable()


LAUGHS = "a0: &a0 [ha]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, f"over {MAX_NODES} values"),
        (f"[{'1,' * MAX_NODES}1]", f"over {MAX_NODES} values"),
        ("[" * 100_000, f"over {MAX_DEPTH} levels"),
        ("{a: " * 100_000, f"over {MAX_DEPTH} levels"),
        ("- " * 100_000, f"over {MAX_DEPTH} levels"),
    ],
    ids=["billion-laughs", "long", "nested-lists", "nested-mappings", "nested-dashes"],
)
def test_a_file_made_to_exhaust_its_reader_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parse(text, "spec")


def test_a_file_that_is_too_large_is_refused(tmp_path):
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(UsageError, match="over 512 KiB"):
        read_mapping(file, "spec")
    file.write_bytes(b"a: 1\n" + b"#" * (MAX_BYTES - 5))
    assert read_mapping(file, "spec") == {"a": 1}


def test_a_file_without_an_end_is_refused():
    with pytest.raises(UsageError, match="a pipe or a device"):
        read_mapping(Path("/dev/zero"), "spec")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    file = tmp_path / "mark.yaml"
    file.write_bytes(b"\xef\xbb\xbfname: mine\n")
    assert read_mapping(file, "spec") == {"name": "mine"}


def test_what_an_alias_repeats_is_a_value_of_its_own():
    read = parse("a: &x {b: [1]}\nc: *x", "spec")
    read["a"]["b"].append(2)
    assert read["c"] == {"b": [1]}


def test_a_merged_mapping_gives_way_to_the_keys_beside_it():
    assert parse("x: &x {a: 1, b: 2}\ny: {b: 3, <<: *x}", "spec")["y"] == {"a": 1, "b": 3}
    assert parse("- &x {a: 1}\n- &y {a: 2, b: 2}\n- {<<: [*x, *y]}", "spec")[2] == {"a": 1, "b": 2}


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**28), 10**28)
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.sampled_from(["yes", "010", "5e-2", "08", "1e3", "0o17", "12:30", "1_0", "~", "<<", "="]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_what_is_written_reads_the_same_by_yaml_1_2_and_by_older_readers(value):
    written = dump({"value": value})
    assert parse(written, "spec") == {"value": value}
    assert yaml.safe_load(written) == {"value": value}
