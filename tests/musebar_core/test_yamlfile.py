from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from musebar_core.errors import UsageError
from musebar_core.yamlfile import MAX_BYTES, dump, parse, parse_mapping, read_mapping
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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, None) for word in ("", "~", "null", "Null", "NULL", "!!null null")),
        *((word, True) for word in ("true", "True", "TRUE", "!!bool true")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, word) for word in ("nULL", "tRUE", "None", "Yes", "OFF", ".infinity", "+", ".")),
        *((word, math.inf) for word in (".inf", ".Inf", ".INF", "+.inf")),
        *((word, -math.inf) for word in ("-.Inf", "-.INF")),
        ("+7", 7),
        ("0o777", 511),
        ("0xfF", 255),
        ("!!int 7", 7),
        ("!!float 7", 7.0),
        ("!!float .5", 0.5),
        ("+.5E+2", 50.0),
        ("-1.e-1", -0.1),
        ("!!str true", "true"),
        ("! true", "true"),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
        ("%YAML 1.2\n---\na: 1", {"a": 1}),
        ("--- [1]\n...\n", [1]),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("{&k a: 1, b: *k}", {"a": 1, "b": "a"}),
        ("{a: &k word, *k : 2}", {"a": "word", "word": 2}),
        ("{'<<': {a: 1}}", {"<<": {"a": 1}}),
        ("[&x {a: 1}, {<<: *x}]", [{"a": 1}, {"a": 1}]),
    ],
    ids=repr,
)
def test_a_value_is_read_in_every_way_that_it_can_be_written(text, value):
    read = parse(text, "spec")
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_what_is_said_to_be_no_number_is_none(text):
    assert math.isnan(parse(text, "spec"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9" * 30, None),
        ("-" + "9" * 29, None),
        ("9" * 31, f"line 1, column 1: a number of 31 digits: {'9' * 10}..."),
        ("[" * 32 + "]" * 32, None),
        ("[" * 33 + "]" * 33, "over 32 levels deep"),
        ("- " * 32 + "a", None),
        ("- " * 33 + "a", "line 1, column 67: over 32 levels deep"),
        (f"&{'x' * 255} 1", None),
        (f"&{'x' * 256} 1", "line 1, column 1: an anchor or alias of over 256 characters"),
        (f"!<{'x' * 300}> 1", "line 1, column 1: a tag of over 256 characters"),
        (f"[{'1,' * 19_998}1]", None),
        (f"[{'1,' * 19_999}1]", "over 20000 values"),
        ("{" + ",".join(f"k{n}: 1" for n in range(9_999)) + "}", None),
        ("{" + ",".join(f"k{n}: 1" for n in range(10_000)) + "}", "over 20000 values"),
        (f"[&a [{'1,' * 9_997}1], *a]", None),
        (f"[&a [{'1,' * 9_998}1], *a, 1]", "over 20000 values"),
        (f"{{{'k' * 70}: 1, {'k' * 70}: 2}}", f"'{'k' * 60}' stands twice, at line 1"),
        ("? |\n  a\n: 1\na: 2\n'b': 1\nb: 2", "'b' stands twice, at lines 5 and 6"),
        ("%YAML 1.1\n--- 1", "YAML 1.2 is read here: leave the %YAML line out"),
        ("!!seq {a: 1}", "the tag !!seq does not go with this value"),
        ("!!map [1]", "the tag !!map does not go with this value"),
        ("!!bool 1", "the tag !!bool does not go with this value"),
        ("!!null 0", "the tag !!null does not go with this value"),
        ("{<<: [1]}", "<<: takes a mapping, or a list of them"),
        ("{a: &x [1], *x : 2}", "a key is a word, no list or mapping"),
        ("a: 1\n\tb: 2", "not valid YAML at line 2, column 1"),
        ("a\nb: \x07", "line 2, column 4: the control character U+0007"),
        ("\ufeff", "line 1, column 1: the control character U+FEFF"),
        ("a: 1\n--- 2", "line 2, column 1: a second document begins: one is read"),
    ],
    ids=lambda each: repr(each)[:40],
)
def test_a_text_is_read_up_to_its_bounds_and_what_is_beyond_is_named(text, said):
    if said is None:
        parse(text, "spec")
        return
    with pytest.raises(UsageError) as caught:
        parse(text, "spec")
    assert str(caught.value).startswith("spec: ")
    assert said in str(caught.value)


def test_of_mappings_that_are_merged_the_first_outranks_and_what_stands_beside_outranks_all():
    text = "[&x {a: 1, b: 1}, &y {b: 2, c: 2}, {<<: [*x, *y], c: 3}]"
    assert parse(text, "spec")[2] == {"a": 1, "b": 1, "c": 3}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "^cannot read the spec {file}: No such file or directory$"),
        (b"\xff\xfe", "^cannot read the spec {file}: it is not text$"),
        (b"- 1", "^spec {file}: not a mapping of names to values: write a: 1$"),
        (b"a: [", "^spec {file}: not valid YAML at line "),
        (b"#" * (2**19 + 1), "^spec {file}: over 512 KiB: it is something else$"),
    ],
    ids=["missing", "bytes", "list", "broken", "large"],
)
def test_a_file_that_holds_no_mapping_is_named_with_what_to_write(tmp_path, content, said):
    file = tmp_path / "file.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=said.format(file=re.escape(str(file)))):
        read_mapping(file, "spec", "write a: 1")


def test_without_a_hint_it_is_said_that_it_is_no_mapping():
    with pytest.raises(UsageError, match=r"^here: not a mapping of names to values$"):
        parse_mapping("1", "here")


class Elsewhere:
    """A file at a URL, as an error of its own tells it."""

    def open(self, _):
        raise OSError("no such bucket")

    def __str__(self):
        return "s3://bucket/spec.yaml"


def test_a_file_elsewhere_that_cannot_be_read_says_why():
    with pytest.raises(
        UsageError, match=r"^cannot read the spec s3://bucket/spec\.yaml: no such bu"
    ):
        read_mapping(Elsewhere(), "spec")


def test_what_is_written_stands_in_its_order_in_its_own_letters_and_in_lines_as_long_as_asked():
    words = {"b": "é 日本", "a": " ".join(["word"] * 30)}
    written = dump(words)
    assert written.startswith("b: é 日本\na: word")
    assert 70 < max(map(len, written.splitlines())) <= 85
    assert len(dump(words, width=1000).splitlines()) == 2
    assert parse(written, "spec") == words
