"""Bad input of every kind: one plain line, exit 1 or 2, at once, and nothing of the user's lost."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from musebar.cli import COMMANDS, OWN_FAULT, main
from musebar_core import checkpoint, state
from musebar_core.corpus import store, stored
from musebar_core.metric_table import EpochMetrics, Metrics
from study.home.studies import Home
from study.ledger.reading import Runs
from study.ledger.record import SeedRun, StudyState
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.results import exchange
from study.results.tables import tables
from study.spec import specfile
from study.spec.sections import Phase

SECRET = "hunter2"
PRECIOUS = "years of work"
CONTROL = "\x1b]0;owned\x07\x1b[2J"
MOST_SECONDS = 5
"""Of the processor, which a loaded machine does not lengthen, for what is refused."""
WAITING_SECONDS = 120
"""Of the clock, for what waits and computes nothing."""


@pytest.fixture(scope="module", autouse=True)
def imported():
    """What a command imports is no part of the time that it takes to refuse."""
    for module in {place.split(":")[0] for place, _ in COMMANDS.values()} | LATE:
        importlib.import_module(module)


LATE = {"optuna", "ray", "reports.output.site", "study.run.dispatch", "study.results.exchange"}


@pytest.fixture(scope="module")
def material(tmp_path_factory, corpus):
    """A folder with an export, a corpus, a checkpoint and a home, all of them sound."""
    folder = tmp_path_factory.mktemp("material")
    _export(folder)
    shutil.copytree(corpus.path, folder / "corpus")
    _checkpoint(folder / "model.safetensors", folder / "corpus", corpus)
    config = {
        "genre": "low",
        "config": _configuration().to_dict(),
        "corpus": str(folder / "corpus"),
    }
    (folder / "good.yaml").write_text(json.dumps(config))
    return folder


def _configuration():
    from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig

    training = TrainingConfig(epochs=4, batch=4, evaluate_every=2, evaluation_snippets=16)
    return Configuration(Grid(1, 4, 16), ModelConfig(8, 1, 4, 2), training=training)


def _checkpoint(path, folder, corpus):
    config = _configuration()
    music = corpus.genre("low")
    made = state.start(config, music, seed=0)
    made.best_weights = {k: v.clone() for k, v in made.model.state_dict().items()}
    identity = checkpoint.Identity(config, "low", music.fingerprint, str(folder), 0)
    checkpoint.save_weights(path, identity, made)


def _export(folder):
    spec = specfile.load("paper-methods", ["corpus.genres=[fiddle]", "seeds.confirm=2"])
    study = Home(folder / "home").create(spec)
    configurations = list(spec.methods.values())
    study.ledger.add_configurations(spec.name, configurations)
    baselines = dict.fromkeys(("pitch_frequencies", "markov", "repeat_last"), 1.0)
    counts = ("train_songs", "validation_songs", "test_songs")
    facts = dict.fromkeys((*counts, "validation_snippets", "test_snippets"), 7)
    facts |= {"fingerprint": "abc", "baselines": {"validation": baselines, "test": baselines}}
    study.ledger.set_corpus(spec.name, "somewhere", {"fiddle": facts})
    numbers = {
        "bce": 1.5,
        "kl": 0.5,
        "kl_bars": 0.25,
        "elbo": -2.0,
        "mi_lower": 0.0,
        "mi_upper": 0.0,
        "mi_cap": 2.0,
        "active_units": 0,
        "informative_share": None,
        "collapsed": True,
        "n_snippets": 7,
    }
    found = Metrics.from_dict(numbers)
    done = SeedRunResult(
        metrics=RunMetrics(found, found, found, found),
        curve=(EpochMetrics(60, 0.5, 2.0, 1.0, found),),
        best_epoch=60,
        seconds=1.25,
        node="a",
        device="cpu",
        versions={"torch": "2"},
        finished_at="2026-01-01",
    )
    first, second = (
        SeedRun("fiddle", c.config_id, 1000, Phase.CONFIRM) for c in configurations[:2]
    )
    study.ledger.end(spec.name, first, done)
    study.ledger.end(spec.name, second, SeedRunResult(failure=Failure("NaN", FailureKind.DIVERGED)))
    record = study.ledger.read(spec.name, runs=Runs.WITH_CURVES)
    exchange.export(tables(spec.name, record, StudyState.STOPPED), record, folder / "export")
    study.ledger.close()


class Answer:
    """What a command said, and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


@contextlib.contextmanager
def limited(arguments, seconds):
    """Raise in the block where it takes longer."""

    def late(*_):
        raise AssertionError(f"hangs: {arguments}")

    handlers = {number: signal.signal(number, late) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITING_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def ask(*arguments, seconds=60):
    """Run the command line in this process, for so many seconds of the processor at most."""
    before = sys.argv, sys.stdout, sys.stderr
    out, err = io.StringIO(), io.StringIO()
    sys.argv, sys.stdout, sys.stderr = ["musebar", *map(str, arguments)], out, err
    code = None
    try:
        with limited(arguments, seconds):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.argv, sys.stdout, sys.stderr = before
    return Answer(code, out.getvalue(), err.getvalue())


def refused(*arguments):
    """One plain line on stderr, exit 1 or 2; the line."""
    answer = ask(*arguments, seconds=MOST_SECONDS)
    lines = [line for line in answer.err.splitlines() if line.startswith("Error: ")]
    assert answer.code in {1, 2}, (answer.code, answer.out, answer.err)
    assert len(lines) == 1, answer.err
    assert "Traceback" not in answer.err
    assert OWN_FAULT not in answer.err
    assert SECRET not in answer.out + answer.err
    assert not set(answer.out + answer.err) & set("\x1b\x07\x08\x00\x9b\r")
    return lines[0]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSEBAR_HOME", str(tmp_path / "studies"))
    (tmp_path / "thesis.tex").write_text(PRECIOUS)
    yield tmp_path
    assert (tmp_path / "thesis.tex").read_text() == PRECIOUS


SPECS = [
    "",
    "{",
    "[]",
    "[1, 2",
    "- a",
    "null",
    "42",
    "text",
    "a: b: c",
    "\t",
    "name: x\nname: y",
    "name: [x]",
    "name: {a: 1}",
    "name: ''",
    "name: ../x",
    "name: /etc",
    "name: -x",
    "name: 'a b'",
    "name: " + "x" * 300,
    'name: "a\\x1b[2J"',
    "name: 12",
    "nmae: x",
    "corpus: 1",
    "corpus: []",
    "corpus: {source: ''}",
    "corpus: {source: 1}",
    "corpus: {source: nowhere}",
    "corpus: {genres: []}",
    "corpus: {genres: jazz}",
    "corpus: {genres: [1]}",
    "corpus: {genres: [overall]}",
    "corpus: {songs_per_genre: 0}",
    "corpus: {songs_per_genre: -1}",
    "corpus: {songs_per_genre: 1.5}",
    "corpus: {songs_per_genre: yes}",
    "corpus: {grid: {snippet_steps: 0}}",
    "corpus: {grid: {snippet_steps: 241}}",
    "corpus: {grid: {steps_per_bar: 7}}",
    "corpus: {grid: {steps_per_quarter: 1e9}}",
    "corpus: {grid: {snippet_steps: 99999999999}}",
    "corpus: {labels: []}",
    "corpus: {genre_map: x}",
    "corpus: {matches: some}",
    "model: []",
    "model: {hidden: 0}",
    "model: {hidden: 99999999999}",
    "model: {layers: 1000000}",
    "model: {layers: true}",
    "model: {latent_length: -4}",
    "model: {regularizers: 7}",
    "model: {regularizers: {every: 7}}",
    "model: {regularizers: {each: 2}}",
    "model: {pooling: sum}",
    "model: {bidirectional: 1}",
    "training: x",
    "training: {epochs: 0}",
    "training: {epochs: 1e3}",
    "training: {epochs: .inf}",
    "training: {epochs: 99999999999}",
    "training: {batch: 0}",
    "training: {batch: all}",
    "training: {learning_rate: -1}",
    "training: {learning_rate: .nan}",
    "training: {learning_rate: fast}",
    "training: {profile: fast}",
    "training: {precision: fp8}",
    "training: {free_bits: -1}",
    "training: {input_dropout: 1}",
    "training: {warm_up: 2}",
    "training: {decay: step}",
    "training: {evaluation_snippets: 1}",
    "search: 1",
    "search: {protocol: race}",
    "search: {space: nowhere}",
    "search: {space: ../../etc/passwd}",
    "search: {space_content: []}",
    "search: {fixed: 1}",
    "search: {fixed: {nothing: 1}}",
    "search: {fixed: {latent_length: [1]}}",
    "search: {choices: {latent_length: []}}",
    "search: {choices: {latent_length: 8}}",
    "search: {choices: {latent_length: [x]}}",
    "search: {choices: {regularizers: [7]}}",
    "search: {sampler: magic}",
    "search: {configurations: 0}",
    "search: {configurations: 99999999}",
    "search: {finalists: 0}",
    "search: {rungs: [1]}",
    "search: {rungs: [8, 6]}",
    "search: {objective: loss}",
    "search: {objective: []}",
    "search: {objective: [mi_lower]}",
    "search: {seed: -1}",
    "search: {seed: 99999999999999999999}",
    "seeds: 3",
    "seeds: {confirm: 99999999999}",
    "seeds: {confirm: 0}",
    "seeds: {search: 1001}",
    "seeds: {search: 1.5}",
    "resources: many",
    "resources: {slots: 0}",
    "resources: {slots: some}",
    "resources: {gpus_per_trial: -1}",
    "resources: {cpus_per_trial: 0}",
    "resources: {max_attempts: 0}",
    "storage: sqlite",
    "storage: {ledger: 1}",
    "storage: {ledger: nonsense}",
    "storage: {ledger: 'foo://x'}",
    "storage: {patience_seconds: -1}",
    "storage: {patience_seconds: .inf}",
    "storage: {home: 1}",
    "!!python/object:os.system x",
    "a: &a [*a]",
    "%YAML 1.1\n---\na: 1",
    "a: 1\n---\nb: 2",
    "? [a]\n: 1",
    "name: *nothing",
    "a: " + "[" * 60,
    "x: 1" * 200_000,
    (
        "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
        "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
        "name: [*d,*d,*d,*d,*d,*d,*d,*d,*d]"
    ),
    "x: &x {a: 1}\ny: {<<: [" + ",".join(["*x"] * 9000) + "]}",
    "".join(f"k{i}: {{a: 1}}\n" for i in range(9000)),
    "? a\n" * 50_000,
    "- " * 100_000,
    "[" * 200_000,
    f"a: !{'x' * 500_000} 1",
    f"a: &{'x' * 500_000} 1",
    "'x': 1\nx: 2",
    "seeds: {confirm: 2, confirm: 3}",
    " " * 500_000,
    'name: "\\0"',
    "name: \x07",
    "seeds: {confirm: 010101010101010101010101010101010101}",
]


@pytest.mark.parametrize("text", SPECS, ids=range(len(SPECS)))
def test_a_bad_spec_is_refused(here, text):
    (here / "spec.yaml").write_text(text)
    source = [] if "corpus" in text else ["--set", "corpus.source=nowhere"]
    refused("study", "launch", "spec.yaml", *source)
    assert not (here / "studies").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00n", b"\x00" * 64, bytes(range(256))])
def test_a_spec_that_is_no_text_is_refused(here, content):
    (here / "spec.yaml").write_bytes(content)
    refused("study", "launch", "spec.yaml")


SETTINGS = [
    "",
    "=",
    "x",
    "=1",
    "a.=1",
    ".a=1",
    "training=1",
    "training.epochs",
    "training.epochs=[",
    "training.epochs=*a",
    "training.epochs.x=1",
    "name=[",
    "name=" + CONTROL,
    CONTROL + "=1",
    "training." + CONTROL + "=1",
    "corpus.source=" + CONTROL,
    "corpus.genres=[" + CONTROL + "]",
    "." * 100 + "=1",
    "training.epochs=" + "9" * 400,
    "search.space=" + CONTROL + ".yaml",
    "name=&a [*a]",
    "corpus.source=\ud800",
    "a\nb=1",
    "name=a\nb",
]


@pytest.mark.parametrize("setting", SETTINGS, ids=range(len(SETTINGS)))
def test_a_bad_setting_is_refused(here, setting):
    refused("study", "launch", "quickstart", "--set", "corpus.source=nowhere", "--set", setting)


URLS = [
    "postgresql://u:hunter2@h:port/d",
    "postgresql//u:hunter2@h/d",
    "postgres:/u:hunter2@h/d",
    "postgresql://u:hunter2@h:99999999/d",
    "postgresql+foo://u:hunter2@h/d",
    "postgresql://u:p#hunter2@h/d",
    "://u:hunter2@h",
    "postgresql://u:hunter2 h/d",
    "host=h user=u password=hunter2",
    "postgresql://h/d?password=hunter2&x",
    "u:hunter2@h/d",
    "postgresql://u:hunter2@[::1/d",
    "postgresql:u:hunter2@h/d",
    "postgresql://u:a@hunter2@h:x/d",
    "postgresql+psycopg://u:hun@ter:hunter2@127.0.0.1:1/d",
]
FORMS = [
    'storage.ledger="{}"',
    "storage={}",
    "storage.ledger=[{}]",
    "storage.ledger={}: oops",
    "storage.ledger=[{}",
    "storage.{}=1",
    "{}",
    "ledger={}",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("url", URLS)
def test_no_malformed_url_shows_its_password(here, url, form):
    setting = form.replace("{}", url)
    refused("study", "launch", "quickstart", "--set", "corpus.source=nowhere", "--set", setting)


NAMES = ["", " ", ".", "..", "../x", "/", "a/b", CONTROL, "x" * 5000, "\ud800", "a\nb", "*", "~"]
ASKED = [
    ("study", "status"),
    ("study", "stop"),
    ("study", "resume"),
    ("study", "export"),
    ("report", "build"),
    ("recommend", "jazz", "--study"),
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("command", ASKED, ids=" ".join)
def test_a_bad_name_is_refused(here, command, name):
    refused(*command, name)


def column(name, value, table="results"):
    """Put a value into a column of an export's table."""

    def change(folder):
        file = folder / f"{table}.parquet"
        frame = pd.read_parquet(file)
        frame[name] = pd.Series([value] * len(frame), dtype=object if value is None else None)
        frame.to_parquet(file)

    change.__name__ = f"{table}.{name}={value!r:.30}"
    return change


def text(name, content):
    def change(folder):
        (folder / name).write_bytes(content)

    change.__name__ = f"{name}={content[:20]!r}"
    return change


def dropped(name, table="results"):
    def change(folder):
        file = folder / f"{table}.parquet"
        pd.read_parquet(file).drop(columns=name).to_parquet(file)

    change.__name__ = f"{table} without {name}"
    return change


def twice(table):
    def change(folder):
        file = folder / f"{table}.parquet"
        frame = pd.read_parquet(file)
        pd.concat([frame, frame]).to_parquet(file)

    change.__name__ = f"{table} twice"
    return change


def version(value):
    def change(folder):
        file = folder / "results.parquet"
        table = pq.read_table(file)
        pq.write_table(table.replace_schema_metadata({b"musebar_schema": value}), file)

    change.__name__ = f"version {value!r}"
    return change


IMPORTS = [
    *(
        text(name, content)
        for name in ("results.parquet", "curves.parquet")
        for content in (b"", b"PAR1", b"PAR1" + b"\0" * 60 + b"PAR1", b"not a table")
    ),
    *(
        text("genres.json", content)
        for content in (
            b"",
            b"{",
            b"[]",
            b"null",
            b"1",
            b'{"fiddle": 1}',
            b'{"fiddle": {}}',
            b"[" * 100_000,
            b'{"fiddle": {"fingerprint": 1, "baselines": {}}}',
            b'{"fiddle": {"fingerprint": "a", "baselines": {}}}',
            b'{"fiddle": {"fingerprint": "a", "baselines": {"validation": {"markov": "x"}}}}',
            b'{"fiddle": {"fingerprint": "a", "baselines": [1]}}',
            b"\xff\xfe",
        )
    ),
    *(text("study.yaml", content) for content in (b"", b"{", b"[]", b"nmae: x", b"\xff")),
    *(column("seed", value) for value in ("x", -1, 1.5, 2**60, None)),
    *(column(name, value) for name in ("seed", "config") for value in ([1], {"a": 1}, b"\xff")),
    *(column("phase", value) for value in ("x", "", 1, None)),
    *(column("state", value) for value in ("x", 1, None)),
    *(column("genre", value) for value in ("", 1, None, CONTROL, "x" * 300)),
    *(column("config_id", value) for value in ("", "x", 1, None, "0" * 13, "0" * 12, CONTROL)),
    *(column("config", value) for value in ("", "{", "[]", "1", "{}", "[" * 10_000, 1, None)),
    *(column("attempts", value) for value in ("x", 0, None)),
    *(column("best_epoch", value) for value in ("x", 1.5)),
    *(column("seconds", value) for value in ("x", float("inf"))),
    *(column("validation_bce", value) for value in ("x", float("inf"), None)),
    *(column("versions", value) for value in ("{", "[]", 1)),
    *(column("node", value) for value in (1, "x" * 200_000)),
    *(column("epoch", value, "curves") for value in ("x", -1, None)),
    *(column("seed", value, "curves") for value in ("x", -1)),
    *(column("genre", value, "curves") for value in (1, None)),
    *(column("validation_bce", value, "curves") for value in ("x", float("inf"))),
    *(dropped(name) for name in ("seed", "config", "state", "genre", "attempts")),
    *(dropped(name, "curves") for name in ("epoch", "weight")),
    twice("results"),
    twice("curves"),
    *(version(value) for value in (b"x", b"", b"99", b"-1", b"9" * 50)),
]


@pytest.mark.parametrize("change", IMPORTS, ids=lambda change: ascii(change.__name__))
def test_a_bad_export_is_refused_and_nothing_made_of_it(here, material, change):
    shutil.copytree(material / "export", here / "export")
    change(here / "export")
    refused("study", "import", "export", "--name", "guest")
    assert not (here / "studies" / "guest").exists()


def test_an_export_whose_spec_names_a_database_is_kept_here(here, material):
    shutil.copytree(material / "export", here / "export")
    file = here / "export" / "study.yaml"
    file.write_text(file.read_text().replace("ledger: sqlite", "ledger: postgresql://evil.test/d"))
    assert "evil.test" in file.read_text()
    answer = ask("study", "import", "export", "--name", "guest")
    assert answer.code == 0, answer.err
    assert (here / "studies" / "guest" / "ledger.sqlite").is_file()


def test_a_study_that_is_brought_whole_is_finished(here):
    export = Path(__file__).parents[2] / "docs" / "results" / "search-genres"
    assert "it lacks nothing" in ask("study", "import", str(export), "--name", "guest").err
    assert Home(here / "studies").open("guest").ledger.read_state("guest") is StudyState.FINISHED


def metadata(**changes):
    """Other metadata of a checkpoint; a callable changes what was there."""

    def change(path):
        with safe_open(path, framework="pt") as file:
            known = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for name, value in changes.items():
            if value is None:
                known.pop(name)
            else:
                known[name] = value(known[name]) if callable(value) else value
        save_file(tensors, path, known)

    change.__name__ = ", ".join(f"{k}={v!r:.20}" for k, v in changes.items())
    return change


def inside(*path, value):
    """Another value inside the JSON of a checkpoint's identity."""

    def edit(known):
        content = json.loads(known)
        within = content
        for part in path[:-1]:
            within = within[part]
        within[path[-1]] = value
        return json.dumps(content)

    change = metadata(identity=edit)
    change.__name__ = f"{'.'.join(path)}={value!r:.30}"
    return change


def tensors(edit):
    def change(path):
        with safe_open(path, framework="pt") as file:
            known = file.metadata()
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        edit(found)
        known["sha256"] = checkpoint._digest(found)
        save_file(found, path, known)

    change.__name__ = "other tensors"
    return change


CHECKPOINTS = [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\xff" * 64),
    lambda path: path.write_bytes((2**62).to_bytes(8, "little") + b"{}"),
    lambda path: path.write_bytes(path.read_bytes()[:-10]),
    lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x01"),
    metadata(format=None),
    metadata(format="other"),
    metadata(sha256=None),
    metadata(sha256="0"),
    metadata(identity=None),
    metadata(identity="{"),
    metadata(identity="[]"),
    metadata(identity="null"),
    metadata(identity="[" * 100_000),
    metadata(identity="{}"),
    metadata(progress=None),
    metadata(progress="{"),
    metadata(progress="[]"),
    *(inside("config", value=value) for value in (None, 1, [], {"model": 1}, {"x": {}})),
    *(inside("config", "model", "layers", value=value) for value in (1_000_000, 100, 0, "x", True)),
    *(inside("config", "model", "hidden", value=value) for value in (20_000, 10**9, -1, 8.0)),
    inside("config", "model", "latent_length", value=20_000),
    inside("config", "grid", "snippet_steps", value=10**9),
    inside("config", "annealing", value={"kind": CONTROL}),
    *(inside("genre", value=value) for value in (1, None, [CONTROL])),
    *(inside("seed", value=value) for value in ("x", -1, None, 1.5)),
    *(inside("corpus_path", value=value) for value in (1, None, {})),
    *(inside("corpus_fingerprint", value=value) for value in (1, None)),
    tensors(lambda found: found.pop(next(iter(found)))),
    tensors(lambda found: found.update({"best/more": torch.zeros(1)})),
    tensors(lambda found: found.update({k: v.double() for k, v in found.items()})),
    tensors(lambda found: found.update({"adam/0/x": torch.zeros(10**6)})),
    tensors(dict.clear),
]


@pytest.mark.parametrize("change", CHECKPOINTS, ids=range(len(CHECKPOINTS)))
@pytest.mark.parametrize("command", ["evaluate", "sample"])
def test_a_bad_checkpoint_is_refused(here, material, change, command):
    shutil.copy(material / "model.safetensors", here / "model.safetensors")
    change(here / "model.safetensors")
    refused(command, "model.safetensors")
    assert not (here / "sample.mid").exists()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("command", [["evaluate"], ["sample"], ["encode", "song.mid"]])
def test_a_checkpoint_of_numbers_that_are_not_finite_is_refused(here, material, number, command):
    shutil.copy(material / "model.safetensors", here / "model.safetensors")
    (here / "song.mid").write_bytes(b"MThd")
    name, *rest = command
    tensors(lambda found: next(iter(found.values())).view(-1)[:1].fill_(number))(
        here / "model.safetensors"
    )
    assert "not finite" in refused(name, "model.safetensors", *rest)


@pytest.mark.parametrize(
    "where", ["s3://evil.test/x", "http://evil.test/", "ftp://u:hunter2@evil.test/x", "", "nowhere"]
)
def test_evaluate_asks_no_address_that_only_the_checkpoint_names(here, material, where):
    shutil.copy(material / "model.safetensors", here / "model.safetensors")
    inside("corpus_path", value=where)(here / "model.safetensors")
    assert "--corpus" in refused("evaluate", "model.safetensors")


def test_sample_shows_no_password_of_an_address_that_a_checkpoint_names(here, material):
    shutil.copy(material / "model.safetensors", here / "model.safetensors")
    inside("corpus_path", value="http://u:hunter2@evil.test/x")(here / "model.safetensors")
    answer = ask("sample", "model.safetensors", seconds=MOST_SECONDS)
    assert answer.code == 0, answer.err
    assert SECRET not in answer.out + answer.err
    assert "no address is asked" in answer.out


@pytest.mark.parametrize("where", ["s3://u:hunter2@bucket", "s3://bucket/events"])
@pytest.mark.parametrize("kind", ["tensorboard", "wandb"])
def test_a_tracker_that_writes_files_takes_no_address(here, material, kind, where):
    shutil.copytree(material / "home", here / "studies")
    assert "folder of this machine" in refused(
        "study", "mirror", "paper-methods", "--to", f"{kind}={where}"
    )
    assert not list(here.glob("s3:*"))


def test_a_home_that_is_no_url_is_refused(here):
    refused("--home", "s3://[::1/x", "study", "list")


@pytest.mark.parametrize("command", [("study", "list"), ("recommend", "jazz")])
def test_a_home_whose_server_is_away_is_no_empty_home(musebar, monkeypatch, command):
    settings = {
        "ENDPOINT_URL": "http://127.0.0.1:9",
        "ACCESS_KEY_ID": "a",
        "SECRET_ACCESS_KEY": "b",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    ended = musebar("--home", "s3://bucket/x", *command)
    assert ended.returncode == 2
    assert "Error: cannot read the home 's3://bucket/x': " in ended.stderr
    assert "NETWORK_CONNECTION" in ended.stderr


@pytest.mark.parametrize("where", [f"genre {CONTROL}", CONTROL])
def test_a_checkpoints_genre_reaches_the_terminal_written_out(here, material, where):
    shutil.copy(material / "model.safetensors", here / "model.safetensors")
    inside("genre", value=where)(here / "model.safetensors")
    assert "\\x1b" in refused("evaluate", "model.safetensors")


CORPORA = [
    (name, content)
    for name in ("songs.parquet", "pitches.npy", "corpus.json", "fingerprint")
    for content in (b"", b"{", b"\xff" * 100, b"[]", b"null")
]


@pytest.mark.parametrize(("name", "content"), CORPORA)
def test_a_bad_corpus_is_refused(here, material, name, content):
    shutil.copytree(material / "corpus", here / "corpus")
    (here / "corpus" / name).write_bytes(content)
    refused("corpus", "describe", "corpus")


@pytest.mark.parametrize("key", ["steps_per_quarter", "steps_per_bar", "format_version"])
@pytest.mark.parametrize("value", [None, "x", [], 0, -1, 10**12])
def test_a_corpus_that_says_nonsense_of_itself_is_refused(here, material, key, value):
    shutil.copytree(material / "corpus", here / "corpus")
    file = here / "corpus" / "corpus.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    refused("corpus", "describe", "corpus")


def songs(**columns):
    """Other songs of a corpus; None leaves a column out, a callable changes what was there."""

    def edit(table, pitches):
        for name, value in columns.items():
            if value is None:
                table = table.drop(columns=name)
            else:
                table[name] = value(table[name]) if callable(value) else value
        return table, pitches

    edit.__name__ = ", ".join(f"{k}={v!r:.20}" for k, v in columns.items())
    return edit


def second(value):
    def change(values):
        return values.where(values.index != 1, value)

    return change


CRAFTED = [
    lambda table, pitches: (table, np.where(np.arange(len(pitches)) == 5, 200, pitches)),
    lambda table, pitches: (table, pitches.astype(np.int64) - 200),
    lambda table, pitches: (table, pitches.astype(np.float32)),
    lambda table, pitches: (table, np.stack([pitches, pitches], 1)),
    lambda table, pitches: (table.iloc[:0], pitches[:0]),
    lambda table, pitches: (table.assign(n_steps=[0] * len(table)), pitches[:0]),
    songs(n_steps=second(-5)),
    songs(n_steps=second(0)),
    songs(n_steps=second(None)),
    songs(n_steps=lambda values: values.astype(str)),
    songs(offset=second(10**12)),
    songs(offset=second(-1)),
    songs(offset=second(2**63 - 1)),
    songs(split=second("other")),
    songs(genre=second(None)),
    songs(agreement=lambda values: [[1.0]] * len(values)),
    *(
        songs(**{name: value})
        for name in ("title", "source", "track", "track_reason", "damage", "reader")
        for value in (None, 1)
    ),
    songs(agreement=None),
]


@pytest.mark.parametrize("edit", CRAFTED, ids=range(len(CRAFTED)))
def test_a_corpus_crafted_to_match_its_fingerprint_is_refused(here, material, edit):
    folder = here / "corpus"
    shutil.copytree(material / "corpus", folder)
    known = pd.read_parquet(folder / "songs.parquet")
    table, pitches = edit(known, np.load(folder / "pitches.npy"))
    table.to_parquet(folder / "songs.parquet")
    np.save(folder / "pitches.npy", pitches)
    with contextlib.suppress(TypeError, KeyError):
        name = store.fingerprint(table, pitches, store.TimeGrid(1, 4))
        (folder / "fingerprint").write_text(name)
    assert "is damaged" in refused("corpus", "describe", "corpus")


@pytest.mark.parametrize(
    "content", [b"", b"a\n1\n", b'file,reason\n"', b"file,reason\na,b,c\n", b"\xff"]
)
def test_a_bad_account_of_rejected_files_is_refused(here, material, content):
    shutil.copytree(material / "corpus", here / "corpus")
    (here / "corpus" / "rejected.csv").write_bytes(content)
    assert "is damaged" in refused("corpus", "describe", "corpus")


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("name", ["songs.parquet", "pitches.npy", "rejected.csv", "corpus.json"])
def test_a_corpus_of_files_that_never_end_is_refused(here, material, name, kind):
    shutil.copytree(material / "corpus", here / "corpus")
    file = here / "corpus" / name
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")
    assert f"{name} is missing or no regular file" in refused("corpus", "describe", "corpus")


def test_a_corpus_whose_songs_unpack_to_too_much_is_refused(here, material, monkeypatch):
    monkeypatch.setattr(stored, "MOST_TABLE_BYTES", 10**8)
    shutil.copytree(material / "corpus", here / "corpus")
    file = here / "corpus" / "songs.parquet"
    table = pd.read_parquet(file).iloc[[0] * 20_000].assign(title="x" * 100_000)
    table.to_parquet(file)
    assert file.stat().st_size < 10**6
    assert "unpacks to over" in refused("corpus", "describe", "corpus")


RECOMMENDATIONS = [
    "",
    "{",
    "[]",
    "genre: x",
    "config: {}",
    "genre: low\nconfig: 1",
    "genre: low\nconfig: {x: 1}",
    "genre: low\nconfig: {}\ncorpus: [1]",
    "genre: low\nconfig: {}\ncorpus: nowhere",
    "genre: low\nconfig: {model: {layers: 1000000}}\ncorpus: nowhere",
    "genre: low\nconfig: {}\ncorpus: {path: 1}",
    "genre: low\nconfig: {}",
    "genre: &a [*a]",
]


@pytest.mark.parametrize("content", RECOMMENDATIONS, ids=range(len(RECOMMENDATIONS)))
def test_a_bad_recommendation_is_refused(here, content):
    (here / "best.yaml").write_text(content)
    refused("train", "--config", "best.yaml")


BROKEN = {
    "brace": lambda folder: (folder / "study.yaml").write_text("{"),
    "list": lambda folder: (folder / "study.yaml").write_text("[]"),
    "nothing": lambda folder: (folder / "study.yaml").write_text(""),
    "bytes": lambda folder: (folder / "study.yaml").write_bytes(b"\xff\xfe"),
    "folder": lambda folder: ((folder / "study.yaml").unlink(), (folder / "study.yaml").mkdir()),
    "ledger": lambda folder: (folder / "ledger.sqlite").write_text("no database"),
    "empty": lambda folder: (folder / "ledger.sqlite").write_text(""),
    "metrics": lambda folder: poison(
        folder, 'seed_runs SET metrics = \'{"validation": {"bce": "x"}}\''
    ),
    "nested": lambda folder: poison(
        folder, 'seed_runs SET metrics = \'{"validation":{"bce":[1]}}\''
    ),
    "split": lambda folder: poison(folder, "seed_runs SET metrics = '{\"validation\": 1}'"),
    "text": lambda folder: poison(folder, "seed_runs SET metrics = 1.5"),
    "shape": lambda folder: poison(folder, "seed_runs SET metrics = '[1]'"),
    "json": lambda folder: poison(folder, "seed_runs SET metrics = '{'"),
    "phase": lambda folder: poison(folder, "seed_runs SET phase = 'x'"),
    "seconds": lambda folder: poison(folder, "seed_runs SET seconds = 'long'"),
    "state": lambda folder: poison(folder, "studies SET state = 'x'"),
    "spec": lambda folder: poison(folder, "studies SET spec = '[]'"),
    "config": lambda folder: poison(folder, "configurations SET config = '{\"model\": 1}'"),
    "facts": lambda folder: poison(folder, "genres SET facts = '[]'"),
    "renamed": lambda folder: poison(folder, "studies SET study = 'other'"),
}


def poison(folder, statement):
    import sqlite3

    with sqlite3.connect(folder / "ledger.sqlite") as db:
        db.execute(f"UPDATE musebar_{statement}")
    db.close()


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_study_is_named_in_a_line_and_hides_no_other(here, material, kind):
    shutil.copytree(material / "home" / "paper-methods", here / "studies" / "paper-methods")
    spec = specfile.load("paper-methods", ["corpus.genres=[fiddle]"], "sound")
    Home(here / "studies").create(spec).ledger.close()
    BROKEN[kind](here / "studies" / "paper-methods")
    listed = ask("study", "list")
    assert (listed.code, "sound  created" in listed.out) == (0, True), listed.err
    (line,) = listed.err.splitlines()
    assert line.startswith("paper-methods: ")
    refused("study", "status", "paper-methods")
    assert ask("study", "status", "sound").code == 0


def test_a_renamed_study_folder_says_which_name_it_had(here, material):
    shutil.copytree(material / "home" / "paper-methods", here / "studies" / "mine")
    assert "rename it back to 'paper-methods'" in refused("study", "status", "mine")


@pytest.mark.parametrize(
    "command",
    [
        ("report", "build", "paper-methods", "--no-listen", "--out"),
        ("study", "export", "paper-methods", "--out"),
        ("report", "table", "paper-methods", "--out"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["index.html", "contents.txt", "results.parquet", "study.yaml"])
def test_no_out_costs_a_file_of_the_users(here, material, command, name):
    home = material / "home"
    out = here / "mine"
    (out / "mine").mkdir(parents=True)
    (out / name).write_text(f"{PRECIOUS}\n{name}\nmine.txt\n")
    (out / "mine.txt").write_text(PRECIOUS)
    before = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in out.rglob("*") if p.is_file()}
    ask("--home", home, *command, out)
    after = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in before if p.is_file()}
    assert after == before


@pytest.mark.parametrize("command", ["report build", "study export"])
def test_what_we_wrote_is_replaced_and_what_was_changed_since_is_not(here, material, command):
    home, out = material / "home", here / "out"
    arguments = ["--home", home, *command.split(), "paper-methods", "--out", out]
    arguments += ["--no-listen"] if "report" in command else []
    for _ in range(2):
        answer = ask(*arguments)
        assert answer.code == 0, answer.err
    file = next(path for path in sorted(out.iterdir()) if path.name != ".musebar.json")
    file.write_text(PRECIOUS)
    refused(*arguments)
    assert file.read_text() == PRECIOUS


MARKS = {
    "text": lambda mark: mark.write_text(PRECIOUS),
    "link": lambda mark: mark.symlink_to("thesis.tex"),
    "link to nothing": lambda mark: mark.symlink_to("nothing"),
    "report": lambda mark: mark.write_text('{"musebar": "report", "files": {}}'),
}


@pytest.mark.parametrize("kind", MARKS)
def test_an_export_leaves_a_mark_that_is_not_its_own(here, material, kind):
    mark = here / "out" / ".musebar.json"
    mark.parent.mkdir()
    MARKS[kind](mark)
    before = mark.lstat().st_ino
    said = refused("--home", material / "home", "study", "export", "paper-methods", "--out", "out")
    assert ".musebar.json is there and is not of this export" in said
    assert mark.lstat().st_ino == before
    assert list(mark.parent.iterdir()) == [mark]


FOLDERS = {
    "study export": ("study", "export", "paper-methods"),
    "report build": ("report", "build", "paper-methods", "--no-listen"),
    "corpus describe": ("corpus", "describe", "{corpus}"),
}


@pytest.mark.parametrize("command", FOLDERS)
@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("thesis.tex/x", "thesis.tex is a file"),
        ("thesis.tex", "thesis.tex is a file"),
        ("nowhere", "nowhere is a link to nothing"),
        ("nowhere/x", "nowhere is a link to nothing"),
    ],
)
def test_what_is_in_the_way_of_a_folder_is_named_as_wrong_use(here, material, command, out, said):
    (here / "nowhere").symlink_to("gone")
    command = [each.format(corpus=material / "corpus") for each in FOLDERS[command]]
    answer = ask("--home", material / "home", *command, "--out", out)
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer.err
    assert said in answer.err
    assert sorted(path.name for path in here.iterdir()) == ["nowhere", "thesis.tex"]


@pytest.mark.parametrize("command", ["sample", "interpolate"])
def test_a_midi_file_of_the_users_is_not_replaced(here, material, command, music):
    song = here / "song.mid"
    shutil.copy(music / "low" / "00.mid", song)
    before = song.read_bytes()
    refused(command, material / "model.safetensors", "--out", song)
    assert song.read_bytes() == before
    assert ask(command, material / "model.safetensors", "--out", here / "ours.mid").code == 0
    assert ask(command, material / "model.safetensors", "--out", here / "ours.mid").code == 0


def test_weights_of_the_users_are_not_replaced(here, material):
    save_file({"mine": torch.ones(3)}, here / "mine.safetensors")
    before = (here / "mine.safetensors").read_bytes()
    refused("train", "--config", material / "good.yaml", "--out", "mine.safetensors")
    assert (here / "mine.safetensors").read_bytes() == before


@pytest.mark.parametrize("name", ["quickstart", "corpora", "trained"])
def test_a_folder_of_the_users_does_not_become_a_study(here, name, music):
    folder = here / "studies" / name
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text(PRECIOUS)
    refused("study", "launch", "quickstart", "--name", name, "--set", f"corpus.source={music}")
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["corpus.json", "songs.parquet", "fingerprint"])
def test_a_folder_that_only_looks_like_a_corpus_is_not_replaced(here, music, name):
    (here / "mine").mkdir()
    for one in {name, "corpus.json"}:
        (here / "mine" / one).write_text('{"mine": 1}')
    refused("corpus", "build", music, "--out", "mine", "--force")
    assert (here / "mine" / name).read_text() == '{"mine": 1}'


PIPES = [
    ("study", "launch", "pipe.yaml"),
    ("train", "--config", "pipe.yaml"),
    ("cluster", "check", "pipe.yaml"),
    ("corpus", "build", "music", "--labels", "pipe.yaml"),
    ("corpus", "build", "music", "--labels", "labels.cls", "--genre-map", "pipe.yaml"),
]


@pytest.mark.parametrize("command", PIPES, ids=" ".join)
def test_a_pipe_is_refused_and_not_waited_for(here, command):
    os.mkfifo(here / "pipe.yaml")
    (here / "music" / "A").mkdir(parents=True)
    (here / "labels.cls").write_text("TRAAAAK128F9318786\tJazz\n")
    assert "pipe.yaml is a pipe or a device: name a file" in refused(*command)


@pytest.mark.parametrize("value", ["nan", "inf"])
@pytest.mark.parametrize(
    "command", [("report", "serve"), ("study", "watch"), ("study", "mirror")], ids=" ".join
)
def test_looks_are_a_finite_time_apart(here, command, value):
    to = ("--to", "tensorboard") if "mirror" in command else ()
    said = refused(*command, "nothing", *to, "--interval", value)
    assert f"{value} is no finite number" in said


def table(material, *arguments):
    return "--home", material / "home", "report", "table", "paper-methods", *arguments


def test_a_table_keeps_the_link_the_mode_and_the_ends_of_lines_of_its_file(here, material):
    (here / "real.md").write_bytes(b"# mine\r\n\r\ntext\r\n")
    (here / "real.md").chmod(0o600)
    (here / "r.md").symlink_to("real.md")
    for _ in range(2):
        answer = ask(*table(material, "--out", "r.md"))
        assert answer.code == 0, answer.err
    written = (here / "real.md").read_bytes()
    assert written.startswith(b"# mine\r\n\r\ntext\r\n\r\n<!-- results of paper-methods -->\r\n")
    assert written.count(b"\n") == written.count(b"\r\n")
    assert (here / "r.md").is_symlink()
    assert (here / "real.md").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["table", "build"])
def test_a_link_to_nothing_is_written_through(here, material, command):
    (here / "r.md").symlink_to("folder/real.md")
    more = ["--single-file"] if command == "build" else []
    home = material / "home"
    answer = ask("--home", home, "report", command, "paper-methods", *more, "--out", "r.md")
    assert answer.code == 0, answer.err
    assert (here / "r.md").is_symlink()
    assert (here / "folder" / "real.md").is_file()


TABLES = [
    (["--out", "r"], "has no ending"),
    (["--out", "folder"], "is a folder"),
    (["--out", "."], "is a folder"),
    (["--out", "pipe.md"], "is no file"),
    (["--out", "/dev/null"], "has no ending"),
    (["--out", "circle.md"], "is no file"),
    (["--out", "thesis.tex/r.md"], "thesis.tex is a file"),
    (["nosuch", "--out", "r.md"], "unknown study 'nosuch'"),
    (["--out", "x" * 300 + ".md"], "is too long"),
    (["--out", "x/" * 3000 + "r.md"], "is too long"),
]


@pytest.mark.parametrize(("arguments", "said"), TABLES, ids=range(len(TABLES)))
def test_a_table_that_cannot_be_written_leaves_nothing(here, material, arguments, said):
    (here / "folder").mkdir()
    (here / "circle.md").symlink_to("circle.md")
    os.mkfifo(here / "pipe.md")
    answer = ask(*table(material, *arguments))
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer.err
    assert said in answer.err
    left = ["circle.md", "folder", "pipe.md", "thesis.tex"]
    assert sorted(path.name for path in here.rglob("*")) == left


HOMES = [
    "thesis.tex",
    "thesis.tex/x",
    "foo://x",
    "s3://u:hunter2@b",
    "ftp://u:hunter2@h/x",
    "\ud800/x",
]


@pytest.mark.parametrize("home", HOMES, ids=range(len(HOMES)))
def test_a_bad_home_is_refused(here, home):
    refused("--home", home, "study", "status", "x")
