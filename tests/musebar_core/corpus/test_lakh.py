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


@pytest.mark.parametrize("beside", [True, False])
def test_a_companion_stands_in_the_source_or_beside_it_and_the_one_in_it_counts(
    lakh, labels, beside
):
    name = matched(ROCK, b"a")
    folder = lakh("lmd_matched", {name: b"a"})
    (folder.parent / "unique_tracks.txt").write_text(f"{ROCK}<SEP>S<SEP>Beside<SEP>Tune\n")
    if not beside:
        (folder / "unique_tracks.txt").write_text(f"{ROCK}<SEP>S<SEP>Within<SEP>Tune\n")
    (item,) = list_source(folder, labels=LabelOptions((labels,))).items
    assert item.group == ("Beside" if beside else "Within")


def test_a_companion_is_looked_for_beside_what_a_link_points_at(lakh, labels, tmp_path):
    folder = lakh("real/lmd_matched", {matched(ROCK, b"a"): b"a"})
    (folder.parent / "unique_tracks.txt").write_text(f"{ROCK}<SEP>S<SEP>Artist<SEP>Tune\n")
    (tmp_path / "link").symlink_to(folder)
    (item,) = list_source(tmp_path / "link", labels=LabelOptions((labels,))).items
    assert item.group == "Artist"


def test_a_companion_that_is_named_is_read(lakh, labels, tmp_path):
    content = b"a"
    folder = lakh("lmd_full", {f"0/{md5(content)}.mid": content})
    (tmp_path / "mine.json").write_text(json.dumps({JAZZ: {md5(content): 1}}))
    (tmp_path / "mine.txt").write_text(
        f"{JAZZ}<SEP>S<SEP>  An  Artist <SEP> A \t Tune \n", "latin-1"
    )
    options = LabelOptions(
        (labels,), match_scores=tmp_path / "mine.json", tracks=tmp_path / "mine.txt"
    )
    (item,) = list_source(folder, labels=options).items
    assert (item.genre, item.group, item.title) == ("jazz", "An Artist", "A Tune")


def test_a_name_of_no_utf_8_in_the_tracks_is_read_with_a_sign_in_its_place(lakh, labels, tmp_path):
    (tmp_path / "unique_tracks.txt").write_bytes(
        f"{ROCK}<SEP>S<SEP>Bj".encode() + b"\xf6rk<SEP>T\n"
    )
    folder = lakh("lmd_matched", {matched(ROCK, b"a"): b"a"})
    (item,) = list_source(folder, labels=LabelOptions((labels,))).items
    assert item.group == "Bj\ufffdrk"


def test_of_several_tracks_of_a_file_the_best_of_its_genre_names_it(lakh, labels, tmp_path):
    """The best is not labelled; of the others the best that is labelled so decides."""
    scores = {NONE: {md5(b"a"): 0.9}, ROCK: {md5(b"a"): 0.5}, JAZZ: {md5(b"a"): 0.7}}
    (tmp_path / "unique_tracks.txt").write_text(
        "".join(f"{track}<SEP>S<SEP>{track[3:5]}<SEP>Tune\n" for track in (ROCK, JAZZ, NONE))
    )
    folder = lakh("lmd_full", {f"0/{md5(b'a')}.mid": b"a"}, scores)
    (item,) = list_source(folder, labels=LabelOptions((labels,))).items
    assert (item.genre, item.group) == ("jazz", JAZZ[3:5])


def test_tracks_of_one_score_come_by_name(lakh, labels):
    scores = {JAZZ: {md5(b"a"): 0.5}, ROCK: {md5(b"a"): 0.5}}
    folder = lakh("lmd_full", {f"0/{md5(b'a')}.mid": b"a"}, scores)
    assert list(genres(list_source(folder, labels=LabelOptions((labels,)))).values()) == ["rock"]


def test_a_label_of_the_file_comes_before_that_of_its_track(lakh, labels):
    labels.write_text(LABELS + f"{md5(b'a')}\tElectronic\n")
    folder = lakh("lmd_matched", {matched(ROCK, b"a"): b"a"})
    assert list_source(folder, labels=LabelOptions((labels,))).genres == ("electronic",)


def test_a_name_in_capitals_is_an_md5_too(lakh, labels, tmp_path):
    name = f"0/{md5(b'a').upper()}.mid"
    (tmp_path / "md5_to_paths.json").write_text(json.dumps({md5(b"a"): ["x/  A   Tune.mid"]}))
    folder = lakh("lmd_full", {name: b"other"}, {ROCK: {md5(b"a"): 1}})
    (item,) = list_source(folder, labels=LabelOptions((labels,))).items
    assert (item.source, item.genre, item.group, item.title) == (name, "rock", "", "A Tune")


def test_files_that_are_matched_as_well_are_taken_by_name_and_nothing_is_said_of_better(
    lakh, labels
):
    files = {matched(ROCK, content): content for content in (b"one", b"two")}
    scores = {ROCK: {md5(content): 0.5 for content in (b"one", b"two")}}
    first, second = sorted(files)
    listing = list_source(lakh("lmd_matched", files, scores), labels=LabelOptions((labels,)))
    assert listing.rejected == ((second, f"another MIDI of its track is taken: {first}"),)


def test_files_of_no_track_are_songs_of_their_own(lakh, tmp_path):
    own = tmp_path / "own.cls"
    own.write_text("".join(f"{md5(content)}\tJazz\n" for content in (b"a", b"b")))
    files = {f"x/{name}.mid": name.encode() for name in "ab"}
    listing = list_source(lakh("clean_midi", files), labels=LabelOptions((own,)))
    assert list(genres(listing)) == ["x/a.mid", "x/b.mid"]


def test_rejected_files_come_by_name_and_others_are_counted(lakh, labels):
    files = {"b/x.mid": b"1", "a/x.mid": b"2", "a/cover.jpg": b"3", "a/text.txt": b"4"}
    files[matched(ROCK, b"a")] = b"a"
    listing = list_source(lakh("lmd", files), labels=LabelOptions((labels,)))
    assert [name for name, _ in listing.rejected] == ["a/x.mid", "b/x.mid"]
    assert listing.n_ignored == 2


def test_a_source_without_midi_says_so(lakh, labels):
    folder = lakh("lmd_full", {"0/cover.jpg": b"a"})
    with pytest.raises(UsageError, match=r"holds no MIDI file$"):
        list_source(folder, labels=LabelOptions((labels,)))


def test_a_source_that_no_label_fits_names_its_three_commonest_reasons(lakh, labels, tmp_path):
    kinds = {"Reggae": 4, "Polka": 3, "Ska": 2, "Dub": 1}
    lines, files = [], {}
    for n, (label, count) in enumerate(kinds.items()):
        for k in range(count):
            track = f"TRAAA{'ABCD'[n]}{'ABCD'[k]}128F9318786"
            lines.append(f"{track}\t{label}")
            files[matched(track, track.encode())] = track.encode()
    labels.write_text("\n".join(lines))
    other = tmp_path / "other.cls"
    other.write_text(f"{NONE}\tJazz\n")
    with pytest.raises(UsageError) as error:
        list_source(lakh("lmd_matched", files, {}), labels=LabelOptions((labels, other)))
    said = str(error.value)
    assert f"none of its 10 files has a genre by {labels}, {other} (4: label 'Reggae'" in said
    assert "3: label 'Polka'" in said
    assert "2: label 'Ska' is in no genre of the map); files that are not in folders" in said


def test_nothing_is_said_of_scores_where_there_are_some(lakh, labels):
    folder = lakh("lmd_full", {f"0/{md5(b'a')}.mid": b"a"}, {ROCK: {md5(b"b"): 1}})
    with pytest.raises(UsageError, match=r"\(1: no genre label\)$"):
        list_source(folder, labels=LabelOptions((labels,)))


@pytest.mark.parametrize(("n_named", "is_lakh"), [(19, True), (18, False)])
def test_a_folder_whose_names_are_md5s_but_for_a_few_looks_like_the_dataset(lakh, n_named, is_lakh):
    names = [md5(bytes([n])) if n < n_named else f"song{n}" for n in range(20)]
    folder = lakh("music", {f"{n % 3}/{name}.mid": b"x" for n, name in enumerate(names)})
    if is_lakh:
        with pytest.raises(UsageError, match="Lakh MIDI Dataset"):
            list_source(folder)
    else:
        assert len(list_source(folder).items) == 20


def test_a_genre_of_more_than_a_letter_is_none_of_the_dataset(lakh):
    folder = lakh("music", {f"{genre}/{md5(b'a')}.mid": b"x" for genre in ("a", "jazz")})
    assert list_source(folder).genres == ("a", "jazz")


def test_a_link_to_the_clean_subset_is_the_clean_subset(lakh, tmp_path):
    folder = lakh("clean_midi", {"ABBA/Waterloo.mid": b"a"})
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(UsageError, match="Lakh MIDI Dataset"):
        list_source(tmp_path / "link")


def test_a_file_that_cannot_be_read_is_matched_to_nothing(lakh, labels):
    folder = lakh("clean_midi", {"ABBA/Waterloo.mid": b"a"}, {ROCK: {md5(b"a"): 1}})
    (folder / "ABBA" / "Lost.mid").symlink_to("gone.mid")
    listing = list_source(folder, labels=LabelOptions((labels,)))
    assert listing.rejected == (("ABBA/Lost.mid", "no genre label"),)


def test_an_artist_is_the_folder_right_above_the_file(lakh, labels):
    folder = lakh("clean_midi", {"A/ABBA/Waterloo.mid": b"a"}, {ROCK: {md5(b"a"): 1}})
    (item,) = list_source(folder, labels=LabelOptions((labels,))).items
    assert item.group == "ABBA"


def test_labels_for_what_is_no_folder_are_refused(tmp_path, labels):
    with pytest.raises(UsageError, match="does not exist"):
        list_source(tmp_path / "nowhere", labels=LabelOptions((labels,)))


def test_scores_that_are_no_json_are_told_in_a_line(lakh, labels, tmp_path):
    folder = lakh("lmd_full", {f"0/{md5(b'a')}.mid": b"a"})
    (tmp_path / "match_scores.json").write_text("[\n\n")
    with pytest.raises(
        UsageError, match=r"^cannot read the match scores .*Expecting value"
    ) as error:
        list_source(folder, labels=LabelOptions((labels,)))
    assert "\n" not in str(error.value)
    (tmp_path / "match_scores.json").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot read the match scores"):
        list_source(folder, labels=LabelOptions((labels,)))


def test_the_artist_of_a_track_comes_before_that_of_a_folder(lakh, labels, tmp_path):
    (tmp_path / "unique_tracks.txt").write_text(f"{ROCK}<SEP>S<SEP>The Band<SEP>Tune\n")
    folder = lakh("clean_midi", {"ABBA/Waterloo.mid": b"a"}, {ROCK: {md5(b"a"): 1}})
    (item,) = list_source(folder, labels=LabelOptions((labels,))).items
    assert item.group == "The Band"
