"""The Lakh MIDI Dataset's layouts, a few files each."""

from __future__ import annotations

import hashlib
import json

import pytest

from musebar_core.corpus.labels import LabelOptions
from musebar_core.corpus.sources import list_source
from musebar_core.errors import UnknownNameError, UsageError

ROCK, JAZZ, REGGAE, NONE = (
    "TRAAAAK128F9318786",
    "TRAABJL12903CDCF1A",
    "TRAACPE128F421C1B9",
    "TRZZZZZ128F9318786",
)
LABELS = f"# tagtraum\n{ROCK}\tRock\n{JAZZ}\tJazz\tBlues\n{REGGAE}\tReggae\n"


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "labels.cls"
    path.write_text(LABELS)
    return path


@pytest.fixture
def lakh(tmp_path):
    """Writes files of the dataset; the scores stand beside the folder."""

    def write(folder: str, files: dict[str, bytes], scores: dict | None = None):
        for name, content in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if scores is not None:
            (tmp_path / "match_scores.json").write_text(json.dumps(scores))
        return tmp_path / folder

    return write


def matched(track: str, content: bytes) -> str:
    return f"{track[2]}/{track[3]}/{track[4]}/{track}/{md5(content)}.mid"


def genres(listing) -> dict[str, str]:
    return {item.source: item.genre for item in listing.items}


def test_lmd_matched_is_labelled_by_the_folder_of_the_track(lakh, labels):
    files = {matched(t, t.encode()): t.encode() for t in (ROCK, JAZZ, REGGAE, NONE)}
    rock, jazz, reggae, none = files
    listing = list_source(lakh("lmd_matched", files), labels=LabelOptions((labels,)))
    assert listing.kind == "lakh"
    assert genres(listing) == {rock: "rock", jazz: "jazz"}
    assert dict(listing.rejected) == {
        reggae: "label 'Reggae' is in no genre of the map",
        none: "no genre label",
    }


def test_of_several_matches_of_a_track_the_best_scoring_is_taken(lakh, labels):
    contents = [b"one", b"two", b"three"]
    one, two, three = (matched(ROCK, content) for content in contents)
    scores = {ROCK: dict(zip(map(md5, contents), (0.5, 0.9, 0.7), strict=True))}
    folder = lakh("lmd_matched", dict(zip((one, two, three), contents, strict=True)), scores)
    listing = list_source(folder, labels=LabelOptions((labels,)))
    assert genres(listing) == {two: "rock"}
    reason = f"another MIDI of its track is taken: {two} (it matches better)"
    assert dict(listing.rejected) == {one: reason, three: reason}


def test_all_matches_of_a_track_can_be_taken_and_are_one_group(lakh, labels):
    files = {matched(ROCK, content): content for content in (b"one", b"two")}
    files[matched(JAZZ, b"three")] = b"three"
    options = LabelOptions((labels,), matches="all")
    listing = list_source(lakh("lmd_matched", files), labels=options)
    assert sorted(item.group for item in listing.items) == ["", ROCK, ROCK]
    assert listing.rejected == ()


def test_without_scores_the_first_by_name_is_taken_and_nothing_is_said_of_scores(lakh, labels):
    files = {matched(ROCK, content): content for content in (b"one", b"two")}
    first, second = sorted(files)
    listing = list_source(lakh("lmd_matched", files), labels=LabelOptions((labels,)))
    assert genres(listing) == {first: "rock"}
    assert dict(listing.rejected) == {second: f"another MIDI of its track is taken: {first}"}


def test_lmd_full_is_labelled_through_the_match_scores(lakh, labels):
    files = {f"{md5(content)[0]}/{md5(content)}.mid": content for content in (b"a", b"b", b"c")}
    one, two, _ = files
    scores = {ROCK: {md5(b"a"): 0.6}, JAZZ: {md5(b"a"): 0.8, md5(b"b"): 0.9}}
    listing = list_source(lakh("lmd_full", files, scores), labels=LabelOptions((labels,)))
    assert genres(listing) == {two: "jazz"}
    assert dict(listing.rejected)[one].startswith("another MIDI of its track is taken")


def test_a_label_file_may_name_midi_files_by_md5(lakh, tmp_path):
    files = {f"{md5(content)[0]}/{md5(content)}.mid": content for content in (b"a", b"b")}
    own = tmp_path / "own.cls"
    own.write_text(f"{md5(b'a').upper()}\tElectronic\n")
    listing = list_source(lakh("lmd_full", files), labels=LabelOptions((own,)))
    assert list(genres(listing).values()) == ["electronic"]
    assert [reason for _, reason in listing.rejected] == ["no genre label"]


def test_a_file_without_a_label_is_rejected_by_its_name_alone(lakh, labels):
    files = {f"a/{md5(b'a')}.mid": b"a", f"b/{md5(b'b')}.mid": b"not what its name says"}
    scores = {ROCK: {md5(b"a"): 1}, JAZZ: {md5(b"not what its name says"): 1}}
    listing = list_source(lakh("lmd_full", files, scores), labels=LabelOptions((labels,)))
    assert list(dict(listing.rejected).values()) == ["no genre label"]


def test_the_clean_subset_is_found_by_content_and_grouped_by_artist(lakh, labels):
    files = {"ABBA/Waterloo.mid": b"a", "ABBA/Waterloo.1.mid": b"b", "Aqua/Barbie Girl.mid": b"c"}
    scores = {ROCK: {md5(b"a"): 0.6}, JAZZ: {md5(b"c"): 0.8}}
    listing = list_source(lakh("clean_midi", files, scores), labels=LabelOptions((labels,)))
    assert [(i.source, i.genre, i.group) for i in listing.items] == [
        ("ABBA/Waterloo.mid", "rock", "ABBA"),
        ("Aqua/Barbie Girl.mid", "jazz", "Aqua"),
    ]
    assert dict(listing.rejected) == {"ABBA/Waterloo.1.mid": "no genre label"}


def test_artist_and_title_come_from_the_tracks_of_the_million_song_dataset(lakh, labels, tmp_path):
    (tmp_path / "unique_tracks.txt").write_text(
        f"{NONE}<SEP>SOAAA<SEP>Other<SEP>Song\n{ROCK}<SEP>SOQQQ<SEP>The <b>Band</b><SEP>A Tune\n"
    )
    folder = lakh("lmd_matched", {matched(ROCK, b"a"): b"a"})
    (item,) = list_source(folder, labels=LabelOptions((labels,))).items
    assert (item.group, item.title) == ("The <b>Band</b>", "A Tune")


def test_an_artist_whose_name_begins_with_a_dot_is_no_hidden_folder(lakh, labels):
    name = ".38 Special/Caught Up in You.mid"
    files = {name: b"a", ".38 Special/._Caught Up in You.mid": b"of macOS", ".DS_Store": b"x"}
    folder = lakh("clean_midi", files, {ROCK: {md5(b"a"): 0.6}})
    listing = list_source(folder, labels=LabelOptions((labels,)))
    assert [(i.source, i.group) for i in listing.items] == [(name, ".38 Special")]
    assert (listing.rejected, listing.n_ignored) == ((), 1)


def test_a_title_is_the_name_that_the_file_had_where_no_track_says_it(lakh, labels, tmp_path):
    names = {md5(b"a"): ["Midis Pop\\/Lobao - A Queda.mid", "x.mid"], md5(b"b"): []}
    (tmp_path / "md5_to_paths.json").write_text(json.dumps(names).replace("\\\\/", "\\/"))
    files = {matched(ROCK, b"a"): b"a", matched(JAZZ, b"b"): b"b"}
    listing = list_source(lakh("lmd_matched", files), labels=LabelOptions((labels,)))
    assert [item.title for item in listing.items] == ["Lobao - A Queda", ""]


@pytest.mark.parametrize("text", ["[]", '{"a": "x"}', '{"a": [1]}'])
def test_paths_of_another_form_are_refused(lakh, labels, tmp_path, text):
    folder = lakh("lmd_matched", {matched(ROCK, b"a"): b"a"})
    (tmp_path / "md5_to_paths.json").write_text(text)
    with pytest.raises(UsageError, match="paths of the MIDI files"):
        list_source(folder, labels=LabelOptions((labels,)))


@pytest.mark.parametrize("folder", ["clean_midi", "lmd_full"])
def test_the_dataset_without_labels_says_what_is_missing(lakh, folder):
    files = {"ABBA/Waterloo.mid": b"a"} if folder == "clean_midi" else {f"0/{md5(b'a')}.mid": b"a"}
    with pytest.raises(UsageError, match=r"Lakh MIDI Dataset.*--labels"):
        list_source(lakh(folder, files))


def test_a_source_none_of_whose_files_is_labelled_gives_counts_and_a_hint(lakh, labels):
    folder = lakh("lmd_full", {f"0/{md5(b'a')}.mid": b"a"})
    with pytest.raises(UsageError, match=r"none of its 1 files .*1: no genre label.*match-scores"):
        list_source(folder, labels=LabelOptions((labels,)))


@pytest.mark.parametrize("text", ["[", "[]", '{"TR": 1}', '{"TR": {"a": "x"}}'])
def test_scores_of_another_form_are_refused(lakh, labels, tmp_path, text):
    folder = lakh("lmd_full", {f"0/{md5(b'a')}.mid": b"a"})
    (tmp_path / "match_scores.json").write_text(text)
    with pytest.raises(UsageError, match="match scores"):
        list_source(folder, labels=LabelOptions((labels,)))


def test_a_companion_that_is_named_must_be_there(lakh, labels, tmp_path):
    folder = lakh("lmd_matched", {matched(ROCK, b"a"): b"a"})
    options = LabelOptions((labels,), match_scores=tmp_path / "none.json")
    with pytest.raises(UsageError, match=r"no file .*none\.json"):
        list_source(folder, labels=options)


def test_only_the_genres_asked_for_are_taken(lakh, labels):
    files = {matched(t, t.encode()): t.encode() for t in (ROCK, JAZZ)}
    folder, options = lakh("lmd_matched", files), LabelOptions((labels,))
    assert list_source(folder, ["jazz"], options).genres == ("jazz",)
    with pytest.raises(UnknownNameError, match="unknown genre 'folk'"):
        list_source(folder, ["folk"], options)


def test_another_label_is_another_source(lakh, labels):
    folder = lakh("lmd_matched", {matched(ROCK, b"a"): b"a"})
    before = list_source(folder, labels=LabelOptions((labels,)))
    labels.write_text(f"{ROCK}\tJazz\n")
    assert list_source(folder, labels=LabelOptions((labels,))).signature != before.signature


def test_labels_for_a_table_of_songs_are_refused(tmp_path, labels):
    (tmp_path / "songs.csv").write_text("file,genre\n")
    with pytest.raises(UsageError, match="leave the label files out"):
        list_source(tmp_path / "songs.csv", labels=LabelOptions((labels,)))
