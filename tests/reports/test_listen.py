import io
import re
import wave
from dataclasses import dataclass, replace

import numpy as np
import pytest

from musebar_core.annealing import Schedule
from musebar_core.checkpoint import Identity, save_weights
from musebar_core.generation import REST, Note, notes, one_line
from musebar_core.state import start
from musebar_core.training import fit
from reports.answers.summaries import summaries
from reports.music.audio import RATE, wav
from reports.music.listen import Piece, SilentError, play
from reports.output.site import build_report
from reports.pages.listen import roll


@dataclass(frozen=True)
class Played:
    study: object
    folder: object


@pytest.fixture(scope="module")
def played(corpus, tmp_path_factory):
    """A study of one configuration, two seeds, with real checkpoints."""
    from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig

    folder = tmp_path_factory.mktemp("study")
    training = TrainingConfig(
        epochs=4, evaluate_every=4, batch=4, learning_rate=0.01, evaluation_snippets=8
    )
    config = Configuration(Grid(1, 4, 16), ModelConfig(8, 1, 4, 2), Schedule(), training)
    view = corpus.genre("low")
    for seed in (1000, 1001):
        state = start(config, view, seed)
        list(fit(config, view, seed, state))
        identity = Identity(config, "low", view.fingerprint, str(corpus.path), seed)
        save_weights(folder / f"{seed}.safetensors", identity, state)
    return config, folder


@pytest.fixture
def study(played, make_study):
    config, _ = played
    found = make_study(genres=("low",), confirm=2)
    found.add(config, [500.0, 510.0], genre="low")
    for row in found.rows:
        row["checkpoint"] = f"{row['seed']}.safetensors"
    return found


def test_notes_are_read_from_a_line():
    line = np.array([60, 60, REST, 62, 62, 62, 60], dtype=np.uint8)
    assert notes(line) == [Note(60, 0, 2), Note(62, 3, 6), Note(60, 6, 7)]
    assert notes(np.array([REST, REST], dtype=np.uint8)) == []


def test_melodies_stand_one_after_the_other_with_a_bar_of_rest():
    line = one_line(np.array([[60, 61], [62, 63]], dtype=np.uint8), 1)
    assert line.tolist() == [60, 61, *[REST] * 4, 62, 63, *[REST] * 4]


def test_sound_is_as_long_as_its_steps_and_at_the_notes_pitch():
    sound = wav([Note(69, 0, 4)], 4, 0.25)
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getframerate() == RATE
        assert file.getnframes() == pytest.approx(RATE, rel=0.06)
        samples = np.frombuffer(file.readframes(RATE), dtype="<i2")
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * RATE / len(samples) == pytest.approx(440, abs=2)
    assert sound == wav([Note(69, 0, 4)], 4, 0.25)


def test_silence_is_a_file_too():
    with wave.open(io.BytesIO(wav([], 4, 0.25))) as file:
        assert set(file.readframes(RATE)) == {0}


def test_a_configuration_plays_samples_pairs_and_a_walk(played, study, tmp_path):
    (row,) = summaries(study.tables(), "low")
    found = play(study.tables(), row, played[1], tmp_path)
    assert found.seed == 1000  # the lower of the middle two
    assert (len(found.samples), found.missing) == (3, "")
    assert len(found.pairs) >= 2
    stems = {piece.stem for pair in found.pairs for piece in pair}
    stems |= {piece.stem for piece in (*found.samples, found.walk)}
    written = {path.name for path in (tmp_path / "listen").iterdir()}
    assert written == {f"{stem}.{end}" for stem in stems for end in ("mid", "wav")}
    original, reconstruction = found.pairs[0]
    assert original.steps == reconstruction.steps == 16
    assert original.notes


@pytest.fixture
def two(played, study, corpus):
    """The study with a second configuration, that of the paper's default, of a longer code."""
    config, folder = played
    model = replace(config.model, latent_length=6)
    other, view = replace(config, model=model), corpus.genre("low")
    for seed in (1000, 1001):
        state = start(other, view, seed)
        list(fit(other, view, seed, state))
        identity = Identity(other, "low", view.fingerprint, str(corpus.path), seed)
        save_weights(folder / f"other-{seed}.safetensors", identity, state)
    study.add(other, [520.0, 530.0], genre="low", phase="methods", method="musebar_bow")
    for row in study.rows[2:]:
        row["checkpoint"] = f"other-{row['seed']}.safetensors"
    return study


def test_two_configurations_decode_the_same_codes_side_by_side(played, two, tmp_path):
    first, second = sorted(summaries(two.tables(), "low"), key=lambda row: row.phase)
    found = play(two.tables(), first, played[1], tmp_path, second)
    alone = play(two.tables(), first, played[1], tmp_path / "alone")
    assert found.samples == alone.samples
    assert found.other.row == second
    assert [piece.title for piece in found.other.samples] == ["Sample 1", "Sample 2", "Sample 3"]
    index = build_report(two.tables(), tmp_path / "report", played[1])
    text = (index.parent / "listen.html").read_text()
    assert "Samples, A against B" in text
    assert "B is MuseBar-BOW" in text
    names = re.findall(r'<audio [^>]*aria-label="([^"]*)"', text)
    assert "Sample 1, A, low" in names
    assert "Sample 1, B, low" in names
    assert len(set(names)) == len(names)


def test_without_a_checkpoint_of_the_other_the_samples_stand_alone(played, two, tmp_path):
    for row in two.rows[2:]:
        row["checkpoint"] = None
    index = build_report(two.tables(), tmp_path / "report", played[1])
    text = (index.parent / "listen.html").read_text()
    assert "<h3>Samples</h3>" in text
    assert "against B" not in text


def test_two_builds_with_music_are_byte_identical(played, study, tmp_path):
    reports = [build_report(study.tables(), tmp_path / name, played[1]) for name in ("a", "b")]
    first, second = (
        {path.name: path.read_bytes() for path in index.parent.rglob("*.*")} for index in reports
    )
    assert first == second
    assert "low-sample-1.wav" in first
    assert b"listen/low-sample-1.mid" in first["listen.html"]


def test_without_its_corpus_there_are_no_reconstructions_and_the_page_says_so(
    played, study, tmp_path, monkeypatch
):
    from musebar_core.corpus import Corpus
    from musebar_core.errors import CorpusError

    def gone(path):
        raise CorpusError(f"{path}: no corpus")

    monkeypatch.setattr(Corpus, "load", gone)
    index = build_report(study.tables(), tmp_path / "report", played[1])
    text = (index.parent / "listen.html").read_text()
    assert "No reconstructions" in text
    assert "Original against reconstruction" not in text


def test_without_checkpoints_nothing_plays_and_there_is_no_page(study, tmp_path):
    (row,) = summaries(study.tables(), "low")
    with pytest.raises(SilentError, match="no checkpoint of"):
        play(study.tables(), row, tmp_path, tmp_path)
    index = build_report(study.tables(), tmp_path / "report", tmp_path)
    assert not (index.parent / "listen.html").exists()
    assert "no checkpoint of" in index.read_text()


def test_a_roll_has_a_box_a_note_higher_notes_above(played, study, tmp_path):
    (row,) = summaries(study.tables(), "low")
    piece = play(study.tables(), row, played[1], tmp_path).pairs[0][0]
    drawn = roll(piece, 4)
    assert len(drawn.notes) == len(piece.notes)
    by_pitch = sorted(zip(piece.notes, drawn.notes, strict=True), key=lambda pair: pair[0].pitch)
    assert by_pitch[0][1].y >= by_pitch[-1][1].y
    assert drawn.bars == (150.0, 300.0, 450.0)


def test_an_original_and_its_reconstruction_have_one_scale_of_pitches():
    first = Piece("a", "A", "", (Note(60, 0, 2), Note(64, 2, 4)), 4)
    second = Piece("b", "B", "", (Note(72, 0, 4),), 4)
    own, pair, other = roll(first, 2), roll(first, 2, second), roll(second, 2, first)
    assert own.notes[0].height > pair.notes[0].height == other.notes[0].height
    assert pair.notes[0].y - pair.notes[1].y == pytest.approx(4 * pair.notes[0].height, abs=0.02)
    assert pair.notes[0].y - other.notes[0].y == pytest.approx(12 * pair.notes[0].height, abs=0.1)
    assert pair.said == "2 notes from pitch 60 to 64, 4 steps"


def test_a_genre_of_hostile_letters_is_text_and_its_files_have_safe_names(
    played, make_study, tmp_path
):
    name = '<img src=x onerror="alert(1)">&"\' 🎷 ' + "long " * 60
    found = make_study(genres=(name,), confirm=2)
    found.add(played[0], [500.0, 510.0], genre=name)
    for row in found.rows:
        row["checkpoint"] = f"{row['seed']}.safetensors"
    index = build_report(found.tables(), tmp_path / "report", played[1])
    text = (index.parent / "listen.html").read_text()
    assert "<img" not in text
    assert "&lt;img src=x onerror=" in text
    files = [file.name for file in (index.parent / "listen").iterdir()]
    assert files
    assert all(re.fullmatch(r"[a-z0-9-]{1,90}\.(wav|mid)", file) for file in files)
