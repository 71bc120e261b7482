"""What an error says, and what a command ends with because of it."""

from __future__ import annotations

import pytest

from musebar_core.errors import (
    CheckpointError,
    ConfigurationError,
    CorpusError,
    DivergedError,
    MuseBarError,
    StudyError,
    UnknownNameError,
    UsageError,
    WorkError,
    nearest,
)


@pytest.mark.parametrize(
    ("family", "errors", "code"),
    [
        (UsageError, (ConfigurationError, UnknownNameError), 2),
        (WorkError, (CorpusError, CheckpointError, DivergedError, StudyError), 1),
    ],
)
def test_what_was_typed_wrong_ends_with_2_and_what_failed_at_work_with_1(family, errors, code):
    assert (MuseBarError.exit_code, family.exit_code) == (1, code)
    for error in (family, *errors):
        assert issubclass(error, family)
        assert issubclass(error, MuseBarError)
        assert error.exit_code == code


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("serach", ("search", "ablation"), ": did you mean 'search'? (known: ablation, search)"),
        ("xyz", ("search", "ablation"), " (known: ablation, search)"),
        ("search", (), ": make one first"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_and_all_that_are_known(name, known, said):
    error = UnknownNameError("preset", name, known, "make one first")
    assert str(error) == f"unknown preset '{name}'{said}"


def test_where_nothing_is_known_and_nothing_can_be_done_the_name_is_all_that_is_said():
    assert str(UnknownNameError("genre", "jazz", [])) == "unknown genre 'jazz'"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jaz", ": did you mean 'jazz', of study 'old'? (known: jazz, polka)"),
        ("polak", ": did you mean 'polka'? (known: jazz, polka)"),
    ],
)
def test_the_nearest_name_is_told_with_its_place_where_that_is_known(name, said):
    error = UnknownNameError("genre", name, ["polka", "jazz"], places={"jazz": "study 'old'"})
    assert str(error) == f"unknown genre '{name}'{said}"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("abxy", {}, ": did you mean 'abcd'?"),  # half of it is the same
        ("axyz", {}, ""),
        ("abxy", {"cutoff": 0.6}, ""),
        ("abcx", {"cutoff": 0.7, "prefix": "search."}, ": did you mean 'search.abcd'?"),
        ("klmx", {}, ": did you mean 'klmn'?"),
    ],
)
def test_the_nearest_name_is_near_enough(name, options, said):
    assert nearest(name, iter(("abcd", "klmn")), **options) == said
