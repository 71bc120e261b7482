from __future__ import annotations

import numpy as np
import pytest

from musebar_core.corpus.melody import from_midi, melody_score
from musebar_core.corpus.notes import Notes, Track


def walk(n: int = 64, start: int = 67) -> Notes:
    """Quarter notes up and down a scale."""
    degrees = [0, 2, 4, 5, 7, 5, 4, 2]
    return Notes.of([(float(i), 1.0, start + degrees[i % 8]) for i in range(n)])


def moved(notes: Notes, semitones: int) -> Notes:
    return Notes(notes.onsets, notes.durations, notes.pitches + semitones)


def test_a_title_that_every_track_carries_names_no_melody():
    tracks = [
        Track("Lead me home", moved(walk(), -30)),
        Track("Lead me home", walk()),
        Track("Lead me home", moved(walk(), -40)),
    ]
    melody = from_midi(tracks)
    assert melody.reason.startswith("most melody-like of 3 tracks")
    assert np.median(melody.notes.pitches) > 60


@pytest.mark.parametrize(
    "name",
    [
        "Lead Guitar",
        "Lead 2 (sawtooth)",
        "Lead 8 (bass + lead)",
        "Melodic Tom",
        "Voice Pad",
        "Voc Harm",
    ],
)
def test_names_of_instruments_and_of_backing_name_no_melody(name):
    tracks = [Track("a", walk()), Track(name, moved(walk(), -24)), Track("b", moved(walk(), -36))]
    assert from_midi(tracks).track == "a"


@pytest.mark.parametrize(
    "name", ["MELODY", "Lead Vocal", "vox", "Voce", "Theme", "Melody (Harmonica)"]
)
def test_names_of_melodies_are_believed(name):
    tracks = [Track("a", walk()), Track(name, moved(walk(), -12)), Track("b", moved(walk(), -36))]
    assert from_midi(tracks).track == name


def test_of_two_hands_the_right_one_is_taken_even_where_it_plays_chords():
    chords = Notes.of([(float(i), 1.0, 64 + k) for i in range(48) for k in (0, 4, 7)])
    left, right = Track("one", moved(walk(), -24), program=0), Track("two", chords, program=0)
    melody = from_midi([left, right])
    assert (melody.track, melody.reason) == ("two", "higher of two tracks of one instrument")


def test_two_instruments_are_not_two_hands():
    chords = Notes.of([(float(i), 1.0, 64 + k) for i in range(48) for k in (0, 4, 7)])
    flute, piano = Track("flute", moved(walk(), -5), program=73), Track("piano", chords, program=0)
    assert from_midi([flute, piano]).track == "flute"


def test_a_few_high_notes_beside_a_full_track_are_no_right_hand():
    bells = Track("bells", moved(walk(10), 24), program=0)
    assert from_midi([bells, Track("piano", walk(), program=0)]).track == "piano"


def test_a_line_of_steps_scores_1_and_every_fault_lowers_it():
    line = walk()
    assert melody_score(line, 64.0) == 1
    leaps = Notes(line.onsets, line.durations, line.pitches + 12 * (np.arange(64) % 2))
    chords = Notes.of([(float(i), 1.0, 60 + k) for i in range(64) for k in (0, 4, 7, 9, 12)])
    faults = [
        leaps,
        chords,
        moved(line, -36),
        moved(line, 36),
        walk(16),
        Notes(line.onsets, line.durations, np.full(64, 67)),
    ]
    assert all(melody_score(fault, 64.0) < 0.9 for fault in faults)
    assert melody_score(line, 640.0) < 0.3


def test_leaps_over_a_fifth_cost_a_factor_of_e_where_there_is_nothing_else():
    zigzag = Notes.of([(float(i), 1.0, 60 + i % 5 + 12 * (i % 2)) for i in range(64)])
    assert melody_score(zigzag, 64.0) == pytest.approx(np.exp(-1))


def test_a_melody_has_an_onset_in_two_quarter_notes_of_the_piece():
    assert melody_score(walk(), 160.0) == pytest.approx(64 / 80)  # and covers 40% of it


def test_notes_that_are_held_cover_four_quarter_notes_each_and_no_more():
    pad = Notes.of([(16.0 * i, 16.0, 64 + i % 5) for i in range(16)])
    coverage, length = 16 * 4 / (0.4 * 256), 16 / 128
    assert melody_score(pad, 256.0) == pytest.approx(coverage * length)


def test_a_pad_that_sounds_all_the_time_is_no_melody_beside_a_line_with_leaps():
    pad = Track("strings", Notes.of([(8.0 * i, 8.0, 72 + i % 5) for i in range(64)]), program=48)
    line = Track(
        "guitar", Notes.of([(float(i), 1.0, 60 + i % 5 + 8 * (i % 4)) for i in range(256)])
    )
    assert from_midi([pad, line]).track == "guitar"
