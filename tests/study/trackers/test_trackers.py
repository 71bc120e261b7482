"""Mirrors of a study in trackers, each really written and read back by the tracker itself."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from musebar_core.errors import MuseBarError, StudyError, UsageError
from musebar_core.metric_table import EpochMetrics, Metrics
from study.home.studies import Home
from study.ledger import live
from study.ledger.record import SeedRun
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.spec import specfile
from study.spec.sections import Phase
from study.trackers.mirror import Mirror, tracker
from study.trackers.tensorboard import read_told
from tests.conftest import PATIENCE
from tests.services import missing

ROOT = Path(__file__).parents[3]


def metrics(bce):
    numbers = {"bce": bce, "kl": 0.5, "kl_bars": 0.25, "elbo": -bce - 0.5, "mi_lower": 0.1}
    numbers |= {"mi_upper": 0.6, "mi_cap": 2.0, "active_units": 1, "informative_share": None}
    return Metrics.from_dict(numbers | {"collapsed": False, "n_snippets": 7})


def curve(*epochs):
    return tuple(EpochMetrics(at, 1.0, 100.0 - at, 0.25, metrics(90.0 - at)) for at in epochs)


def done(*epochs):
    found = metrics(80.0)
    return SeedRunResult(
        metrics=RunMetrics(found, found, found, found),
        curve=curve(*epochs),
        best_epoch=epochs[-1],
        seconds=10.0,
        node="a",
        device="cpu",
        versions={"torch": "2"},
        finished_at="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def study(tmp_path):
    """A study with a run that is done, one that failed, and room for more."""
    spec = specfile.load("paper-methods", ["corpus.genres=[fiddle]", "seeds.confirm=3"], "demo")
    made = Home(tmp_path / "home").create(spec)
    configurations = list(spec.methods.values())
    made.ledger.add_configurations("demo", configurations)
    baselines = dict.fromkeys(("pitch_frequencies", "markov", "repeat_last"), 100.0)
    facts = dict.fromkeys(("train_songs", "validation_songs", "test_songs"), 7)
    facts |= {"validation_snippets": 7, "test_snippets": 7, "fingerprint": "abc"}
    facts |= {"baselines": {"validation": baselines, "test": baselines}}
    made.ledger.set_corpus("demo", "somewhere", {"fiddle": facts})
    made.ledger.end("demo", named(made, 1000), done(2, 4, 6))
    failed = SeedRunResult(failure=Failure("NaN by epoch 3", FailureKind.DIVERGED))
    made.ledger.end("demo", named(made, 1001), failed)
    yield made
    made.ledger.close()


def named(study, seed):
    first = next(iter(study.ledger.read("demo").configurations.values()))
    return SeedRun("fiddle", first.config_id, seed, Phase.CONFIRM)


def under_way(study, *epochs, seed=1002, afresh=True):
    run = named(study, seed)
    folder = study.folder / "runs" / run.genre / run.config_id / str(run.seed)
    folder.mkdir(parents=True, exist_ok=True)
    live.write(folder / live.LIVE_FILE, curve(*epochs), afresh=afresh)


def scalars(folder):
    """TensorBoard's own reading: folder to tag to (step, value)."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for file in sorted(folder.rglob(live.EVENTS_FILE)):
        read = EventAccumulator(str(file.parent))
        read.Reload()
        found[file.parent.name.split("-", 1)[1]] = {
            tag: [(event.step, round(event.value, 3)) for event in read.Scalars(tag)]
            for tag in read.Tags()["scalars"]
        }
    return found


def test_tensorboard_reads_every_run_with_its_curve_and_what_came_of_it(study, tmp_path):
    mirror = Mirror(study, tracker(study, f"tensorboard={tmp_path / 'events'}"))
    assert mirror.tell() == 2
    read = scalars(tmp_path / "events")
    assert read["1000"]["validation/bce"] == [(2, 88.0), (4, 86.0), (6, 84.0)]
    assert read["1000"]["reported/test_bce"] == [(6, 80.0)]
    assert read["1001"] == {"reported/failed": [(0, 1.0)]}


def test_event_files_grow_as_a_run_trains_and_mirroring_again_doubles_nothing(study):
    def told():
        Mirror(study, tracker(study, "tensorboard")).tell()  # as a later process would
        return scalars(study.folder / "tensorboard")

    under_way(study, 2)
    assert told()["1002"]["validation/bce"] == [(2, 88.0)]
    under_way(study, 4, afresh=False)
    assert told()["1002"]["validation/bce"] == [(2, 88.0), (4, 86.0)]
    before = {f: f.read_bytes() for f in study.folder.rglob(live.EVENTS_FILE)}
    told()
    assert {f: f.read_bytes() for f in study.folder.rglob(live.EVENTS_FILE)} == before
    under_way(study, 2)  # its worker died, and it began again
    assert told()["1002"]["validation/bce"] == [(2, 88.0), (4, 86.0)]
    study.ledger.end("demo", named(study, 1002), done(2, 4, 6))
    for _ in range(2):
        assert told()["1002"]["validation/bce"] == [(2, 88.0), (4, 86.0), (6, 84.0)]


def test_a_record_that_a_kill_broke_off_is_written_over(study):
    mirror = Mirror(study, tracker(study, "tensorboard"))
    mirror.tell()
    (file,) = study.folder.rglob(f"confirm-1000/{live.EVENTS_FILE}")
    whole = file.read_bytes()
    for size in (0, 5, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        Mirror(study, tracker(study, "tensorboard")).tell()
        assert file.read_bytes() == whole
    assert read_told(file).ended


def test_a_worker_writes_its_curve_as_it_trains_and_leaves_nothing_of_it(
    corpus, configuration, tmp_path, monkeypatch
):
    from study.run import attempt
    from tests.study.run.oneseed import assignment_of, run_seed

    folder, seen = tmp_path / "runs", []
    assigned = assignment_of(
        corpus, configuration(), folder, keep_model=False, checkpoint_seconds=1e9
    )
    show = attempt._Training.show

    def spied(self):
        show(self)
        seen.append([row.epoch for row in live.read(folder / "0" / live.LIVE_FILE)])

    monkeypatch.setattr(attempt._Training, "show", spied)
    assert run_seed(assigned, 0).done
    assert seen == [[4], [4, 8], [4, 8, 12]]
    assert not (folder / "0" / live.LIVE_FILE).exists()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("tensorbord", "did you mean 'tensorboard'"),
        ("mlflow", "name the server"),
        ("tensorboard=FILE", "is a file"),
    ],
)
def test_a_target_that_is_none_is_named(study, tmp_path, target, said):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match=said):
        tracker(study, target.replace("FILE", str(tmp_path / "file")))


def test_a_file_that_is_no_event_file_is_left_alone(study):
    mirror = Mirror(study, tracker(study, "tensorboard"))
    mirror.tell()
    (file,) = study.folder.rglob(f"confirm-1000/{live.EVENTS_FILE}")
    file.write_bytes(b"years of work" * 100)
    with pytest.raises(StudyError, match="is no event file"):
        Mirror(study, tracker(study, "tensorboard")).tell()
    assert file.read_bytes() == b"years of work" * 100


def needs(package):
    try:
        __import__(package)
    except ImportError:
        missing(f"{package} is not installed: make trackers")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """An MLflow server on SQLite, on loopback."""
    binary = ROOT / ".venv-mlflow" / "bin" / "mlflow"
    if not binary.exists():
        missing("MLflow's server is not installed: make trackers")
    from tests.postgres import free_port

    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    process = subprocess.Popen(
        [binary, "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
         "--artifacts-destination", folder / "artifacts", "--host", "127.0.0.1",
         "--port", str(port), "--workers", "1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, process)
        yield url
    finally:
        import os
        import signal

        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def wait_for(url, process):
    import urllib.error
    import urllib.request

    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).read()
        except (OSError, urllib.error.URLError):
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the MLflow server did not start")


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.filterwarnings("ignore")
def test_an_mlflow_server_has_every_ended_run_once(study, server):
    needs("mlflow")
    from mlflow.tracking import MlflowClient

    under_way(study, 2)
    for _ in range(2):
        assert Mirror(study, tracker(study, f"mlflow={server}")).tell() == 2
    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name("musebar/demo")
    runs = {
        run.data.tags["musebar.seed"]: run for run in client.search_runs([experiment.experiment_id])
    }
    assert len(client.search_runs([experiment.experiment_id])) == 2
    assert {seed: run.info.status for seed, run in runs.items()} == {
        "1000": "FINISHED", "1001": "FAILED",
    }  # fmt: skip
    told = client.get_metric_history(runs["1000"].info.run_id, "validation_bce")
    assert sorted((each.step, each.value) for each in told) == [(2, 88.0), (4, 86.0), (6, 84.0)]
    assert runs["1000"].data.metrics["reported_test_bce"] == 80.0
    assert runs["1000"].data.params["latent_length"] == "100"
    assert runs["1001"].data.tags["musebar.failure"] == "NaN by epoch 3"
    client.set_tag(runs["1000"].info.run_id, "musebar.whole", "0")  # as if it was broken off
    Mirror(study, tracker(study, f"mlflow={server}")).tell()
    assert len(client.search_runs([experiment.experiment_id])) == 2


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.filterwarnings("ignore")
def test_a_server_that_is_not_there_is_one_clear_line_and_harms_no_study(study, monkeypatch):
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = study.ledger.read("demo").ended
    with pytest.raises(MuseBarError, match=r"MLflow at http://127\.0\.0\.1:9"):
        tracker(study, "mlflow=http://127.0.0.1:9")
    assert study.ledger.read("demo").ended == before


def wandb_records(file):
    """Records of a .wandb file: LevelDB's log, in blocks of 32 KiB, after a header of 7 bytes."""
    content, at, parts = file.read_bytes(), 7, []
    while at + 7 <= len(content):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        parts.append(content[at + 7 : at + 7 + length])
        at += 7 + length
        if kind in {1, 4}:  # whole, or the last part
            yield b"".join(parts)
            parts = []


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.filterwarnings("ignore")
def test_wandb_has_an_offline_folder_for_every_ended_run_once(study, tmp_path):
    needs("wandb")
    from wandb.proto import wandb_internal_pb2

    under_way(study, 2)
    for _ in range(2):
        assert Mirror(study, tracker(study, f"wandb={tmp_path / 'w'}")).tell() == 2
    folders = sorted((tmp_path / "w" / "wandb").glob("offline-run-*"))
    assert len(folders) == 2
    steps = []
    for folder in folders:
        (file,) = folder.glob("*.wandb")
        for content in wandb_records(file):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(content)
            steps += [
                float(item.value_json)
                for item in record.history.item
                if (item.key or "/".join(item.nested_key)) == "validation_bce"
            ]
    assert steps == [88.0, 86.0, 84.0]


def test_the_command_tells_how_many_runs_it_mirrored(study, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from musebar.cli import main; main()", "--home",
         str(tmp_path / "home"), "study", "mirror", "demo", "--to", "tensorboard"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "tensorboard  2 seed runs\n"), done.stderr


def test_deleting_a_study_deletes_its_event_files_and_no_others(study, tmp_path):
    from study.home import upkeep

    Mirror(study, tracker(study, "tensorboard")).tell()
    (study.folder / "tensorboard" / "mine.txt").write_text("years of work")
    study.ledger.close()
    upkeep.delete(Home(tmp_path / "home"), "demo")
    assert [f.name for f in study.folder.rglob("*") if f.is_file()] == ["mine.txt"]
