from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from musebar_core.corpus.melody import from_midi, from_score, melody_score, skyline
from musebar_core.corpus.notes import Notes, Track, UnreadableError


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
        *["Lead gtr", "Lead2", "Single coil", "Vocal backing", "Choir voice", "Chorus voice"],
        *["Voice ooh", "Voice aahs", "Vocal bgv", "Invoice", "Avocado", "Misleading", "Themes"],
    ],
)
def test_names_of_instruments_and_of_backing_name_no_melody(name):
    tracks = [Track("a", walk()), Track(name, moved(walk(), -24)), Track("b", moved(walk(), -36))]
    assert from_midi(tracks).track == "a"


@pytest.mark.parametrize(
    "name",
    [
        *["MELODY", "Lead Vocal", "vox", "Voce", "Theme", "Melody (Harmonica)", "Melodie"],
        *["Lead", "Leadsheet", "Voice 1", "Singer", "sing", "Canto", "main theme"],
    ],
)
def test_names_of_melodies_are_believed(name):
    tracks = [Track("a", walk()), Track(name, moved(walk(), -12)), Track("b", moved(walk(), -36))]
    assert from_midi(tracks).track == name


def overlapping(share: float) -> Notes:
    """A line whose notes last so long that its monophony is ``share``."""
    line = walk()
    return Notes(line.onsets, np.full(64, 1 / share), line.pitches)


@pytest.mark.parametrize(("notes", "is_believed"), [(walk(8), True), (walk(7), False)])
def test_a_named_track_of_fewer_than_eight_notes_is_a_caption(notes, is_believed):
    tracks = [Track("a", walk()), Track("Melody", notes), Track("b", walk(start=40))]
    assert (from_midi(tracks).track == "Melody") is is_believed


@pytest.mark.parametrize(("share", "is_believed"), [(0.82, True), (0.78, False)])
def test_a_named_track_is_the_melody_if_it_is_fairly_monophonic(share, is_believed):
    low = Notes(
        *(getattr(overlapping(share), name) for name in ("onsets", "durations")),
        walk(start=45).pitches,
    )
    tracks = [Track("a", walk()), Track("Melody", low), Track("b", walk(start=40))]
    assert (from_midi(tracks).track == "Melody") is is_believed


@pytest.mark.parametrize(("n", "is_believed"), [(1, True), (2, True), (3, False)])
def test_a_name_that_more_than_half_of_the_tracks_carry_says_nothing(n, is_believed):
    named = [Track("Melody", walk(start=40 + k)) for k in range(n)]
    others = [Track(f"x{k}", walk()) for k in range(4 - n)]
    assert from_midi([*others, *named]).reason.startswith("named") is is_believed


def test_of_tracks_that_are_as_melodic_the_first_is_taken():
    tracks = [Track(name, walk()) for name in "abc"]
    assert from_midi(tracks).track == "a"
    assert from_midi(tracks).reason == "most melody-like of 3 tracks (1.00)"


@pytest.mark.parametrize("seed", range(40))
def test_of_any_tracks_the_one_of_the_highest_score_is_taken(seed):
    rng = np.random.default_rng(seed)
    tracks = []
    for place in range(4):
        n = int(rng.integers(2, 80))
        lasts = rng.choice([0.25, 1.0, 2.0, 8.0], n)
        onsets = np.sort(rng.choice(120, n, replace=False)).astype(float)
        pitches = rng.integers(50, 90, n) if seed % 2 else rng.choice([64, 67, 72, 74], n)
        tracks.append(Track(f"{place}", Notes.of_columns(onsets, lasts, pitches), program=place))
    span = max(float(track.notes.ends.max()) for track in tracks)
    scores = [melody_score(track.notes, span) for track in tracks]
    assert from_midi(tracks).track == f"{scores.index(max(scores))}"


def test_a_note_that_sounds_on_over_lower_ones_is_one_in_the_skyline():
    line = skyline(Notes.of([(0.0, 4.0, 72), (1.0, 1.0, 60), (2.0, 1.0, 62), (3.5, 1.0, 60)]))
    assert line.pitches.tolist() == [72, 60]
    assert line.durations.tolist() == [4, 0.5]


def test_a_track_without_a_name_has_its_number_counted_with_drums():
    tracks = [Track("kit", walk(), is_drum=True), Track("", Notes.of([])), Track("", walk())]
    melody = from_midi(tracks)
    assert (melody.track, melody.reason, melody.n_part) == ("track 3", "only track", 64)


def test_two_tracks_of_which_one_is_named_are_no_hands():
    high, low = Track("Piano", walk(), program=0), Track("Voice", walk(start=48), program=0)
    assert from_midi([high, low]).track == "Voice"


@pytest.mark.parametrize(("n", "reason"), [(16, "higher of two"), (15, "most melody-like")])
def test_a_hand_has_a_quarter_of_the_others_notes_at_least(n, reason):
    hands = [Track("a", walk(n, start=70)), Track("b", walk(64, start=50))]
    assert from_midi(hands).reason.startswith(reason)
    assert from_midi(hands[::-1]).reason.startswith(reason)


def test_a_track_of_no_notes_but_drums_says_how_many():
    with pytest.raises(UnreadableError, match="no notes but 9 of drums"):
        from_midi([Track("kit", walk(9), is_drum=True), Track("x", Notes.of([]))])
    with pytest.raises(UnreadableError, match=r"^no notes$"):
        from_midi([])


def test_of_a_score_the_highest_part_of_half_the_notes_of_any_is_the_melody():
    parts = [Track("low", walk(64, start=50)), Track("high", walk(32, start=72))]
    melody = from_score(parts, "Title")
    assert (melody.track, melody.reason, melody.title, melody.n_part) == (
        *["high", "highest of 2 parts", "Title", 32],
    )
    assert from_score([parts[0], Track("high", walk(31, start=72))]).track == "low"


def test_of_parts_of_equal_median_pitch_the_first_is_taken():
    far = Notes.of([(0.0, 1.0, 127), (1.0, 1.0, 60), (2.0, 1.0, 60)])
    near = Notes.of([(0.0, 1.0, 60), (1.0, 1.0, 60), (2.0, 1.0, 60)])
    assert from_score([Track("a", near), Track("b", far)]).track == "a"


def test_a_part_without_a_name_has_its_number_and_empty_parts_are_none():
    melody = from_score([Track("x", Notes.of([])), Track("", walk())])
    assert (melody.track, melody.reason) == ("part 2", "only part")
    with pytest.raises(UnreadableError, match=r"^no notes$"):
        from_score([Track("x", Notes.of([]))])


def of_pitches(*pitches: int, n: int = 64) -> Notes:
    """Quarter notes that go round these pitches."""
    return Notes.of([(float(i), 1.0, pitches[i % len(pitches)]) for i in range(n)])


@pytest.mark.parametrize(
    ("median", "factor"),
    [
        (60, 1),
        (84, 1),
        (59, 23 / 24),
        (48, 1 / 2),
        (85, 11 / 12),
        (90, 1 / 2),
        (36, 0),
        (20, 0),
        (110, 0),
    ],
)
def test_a_melody_lies_in_the_two_octaves_above_middle_c(median, factor):
    line = of_pitches(*(median + step for step in (0, 1, 2, -1, -2)), n=65)
    assert melody_score(line, 65.0) == pytest.approx(factor)


def test_a_melody_has_five_pitches():
    for n in (1, 3, 5, 7):
        line = of_pitches(*range(65, 65 + n), n=70)
        assert melody_score(line, 70.0) == pytest.approx(min(n / 5, 1))


def test_a_fifth_is_no_leap_and_a_sixth_is_one():
    fifths = of_pitches(60, 67, 61, 68, 62, n=65)
    assert melody_score(fifths, 65.0) == 1
    sixths = of_pitches(60, 68, 61, 69, 62, 70, n=66)
    n_leaps = sum(abs(a - b) > 7 for a, b in pairwise(sixths.pitches.tolist()))
    assert melody_score(sixths, 66.0) == pytest.approx(np.exp(-n_leaps / 65))


def test_notes_that_overlap_lower_the_score_by_their_share():
    assert melody_score(overlapping(0.5), 64.0) == pytest.approx(65 / 128)


def test_a_note_that_ends_beneath_a_higher_one_does_not_come_back():
    line = skyline(Notes.of([(0.0, 2.0, 60), (1.0, 1.0, 67), (2.0, 1.0, 60)]))
    assert line.pitches.tolist() == [60, 67, 60]
    assert line.onsets.tolist() == [0, 1, 2]


def test_notes_that_touch_but_for_rounding_are_left_as_they_are():
    notes = Notes.of([(0.0, 1 + 1e-10, 60), (1.0, 1.0, 67)])
    assert skyline(notes) is notes
    assert skyline(Notes.of([(0.0, 1.1, 60), (1.0, 1.0, 67)])).durations.tolist() == [1, 1]


def test_the_skyline_of_many_notes_is_that_of_their_blocks(monkeypatch):
    notes = Notes.of([(0.5 * i, 3.0, 40 + 7 * i % 50) for i in range(60)])
    whole = skyline(notes)
    monkeypatch.setattr("musebar_core.corpus.melody._AT_ONCE", 4)
    small = skyline(notes)
    for name in ("onsets", "durations", "pitches"):
        assert getattr(small, name).tolist() == getattr(whole, name).tolist()


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
