"""What an optimiser step draws: each part from its own stream, and none that is not asked for."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from musebar_core.corpus import SnippetSampler
from musebar_core.draws import draw
from musebar_core.errors import ConfigurationError
from musebar_core.randomness import Purpose, keep_mask, latent_noise, stream


@pytest.fixture
def drawn(corpus):
    def make(config, seed=3, epoch=1, *inner):
        return draw(config, SnippetSampler(corpus.genre("low"), config.grid), seed, epoch, *inner)

    return make


def test_a_plain_step_draws_snippets_and_noise(configuration, drawn):
    found = drawn(configuration())
    assert (found.pitches.shape, found.noise.shape) == ((4, 16), (4, 4))
    assert (found.keep, found.own) == (None, None)


def test_what_else_is_asked_for_leaves_the_snippets_and_the_noise_as_they_are(configuration, drawn):
    plain = drawn(configuration())
    more = drawn(configuration(input_dropout=0.5, scheduled_sampling=1.0))
    assert torch.equal(plain.pitches, more.pitches)
    assert torch.equal(plain.noise, more.noise)
    assert (more.keep.shape, more.own.shape) == ((4, 16, 1), (4, 16, 1))
    assert more.keep.unique().tolist() == [0.0, 1.0]


@pytest.mark.parametrize("other", [(4, 1), (3, 2), (3, 1, 0), (3, 1, 1)])
def test_another_seed_epoch_or_inner_step_draws_anew(configuration, drawn, other):
    config = configuration(input_dropout=0.5, scheduled_sampling=1.0)
    one, its = drawn(config), drawn(config, *other)
    for name in ("pitches", "noise", "keep", "own"):
        mine, theirs = getattr(one, name), getattr(its, name)
        assert theirs is None or not torch.equal(mine, theirs), name
    assert torch.equal(drawn(config, *other).noise, its.noise)


def test_own_samples_grow_with_the_epoch(configuration, drawn):
    config = configuration(scheduled_sampling=1.0)
    early, late = (drawn(config, 3, epoch).own for epoch in (1, 12))
    assert early is None or (early >= 0).double().mean() < 0.2
    assert (late >= 0).double().mean() > 0.8


def test_transposed_snippets_move_by_at_most_what_is_asked(configuration, drawn):
    plain, moved = drawn(configuration()).pitches, drawn(configuration(transposition=3)).pitches
    apart = (moved.int() - plain.int())[plain != 128].abs()
    assert 0 < int(apart.max()) <= 3
    assert torch.equal(moved == 128, plain == 128)


def test_a_batch_of_two_can_be_normalised_and_one_of_one_cannot(configuration, corpus, drawn):
    config = configuration(batch="per_group")
    config = replace(config, model=replace(config.model, batch_norm=0.5))
    genre = corpus.genre("low")
    for artists, refused in ((["a"], True), (["a", "b"], False)):
        groups = [artists[at % len(artists)] for at in range(len(genre.table))]
        sampler = SnippetSampler(
            replace(genre, table=genre.table.assign(group=groups)), config.grid
        )
        if refused:
            with pytest.raises(ConfigurationError, match="draws one snippet a step"):
                draw(config, sampler, 3, 1)
        else:
            assert len(draw(config, sampler, 3, 1).pitches) == 2


def test_streams_are_told_apart_by_everything_that_names_them():
    named = [(0, Purpose.SNIPPETS), (1, Purpose.SNIPPETS), (0, Purpose.GENERATION)]
    named += [(0, Purpose.SNIPPETS, 1), (0, Purpose.SNIPPETS, 1, 1), ("0", Purpose.SNIPPETS, 2)]
    named += [(0, Purpose.SNIPPETS, 11)]
    assert len({stream(*each).random() for each in named}) == len(named)
    assert stream(0, Purpose.SNIPPETS, 1).random() == stream("0", Purpose.SNIPPETS, "1").random()


def test_noise_is_standard_normal_of_single_precision():
    noise = latent_noise(stream(0, Purpose.LATENT_NOISE), 4000, 3)
    assert (noise.shape, noise.dtype) == ((4000, 3), torch.float32)
    assert noise.mean().item() == pytest.approx(0, abs=0.03)
    assert noise.std().item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(("drop", "kept"), [(0.0, 1.0), (1.0, 0.0)])
def test_nothing_or_everything_may_be_dropped(drop, kept):
    mask = keep_mask(stream(0, Purpose.INPUT_DROPOUT), (3, 4), drop)
    assert (mask.shape, mask.unique().tolist()) == ((3, 4, 1), [kept])


WORDS = (
    *("initialisation", "snippets", "latent noise", "input dropout", "scheduled sampling"),
    *("transposition", "evaluation", "generation"),
)


@pytest.mark.parametrize("word", WORDS)
def test_a_stream_that_was_drawn_from_once_is_the_same_ever_after(word):
    """Figures on record are those of SEED/PURPOSE/DETAIL, hashed."""
    digest = hashlib.sha256(f"3/{word}/7".encode()).digest()
    same = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    assert stream(3, Purpose(word), 7).random() == same.random()


def test_dropout_sampling_and_transposition_draw_each_from_a_stream_of_its_own(
    configuration, drawn
):
    config = configuration(input_dropout=0.5, scheduled_sampling=1.0, transposition=6)
    found = drawn(config, 3, 12)
    keep = keep_mask(stream(3, Purpose.INPUT_DROPOUT, 12), (4, 16), 0.5)
    assert torch.equal(found.keep, keep)
    noise = latent_noise(stream(3, Purpose.LATENT_NOISE, 12), 4, 4)
    assert torch.equal(found.noise, noise)
    one, other = (drawn(config, 3, 12, inner).pitches.int() for inner in (0, 1))
    plain = [drawn(configuration(), 3, 12, inner).pitches.int() for inner in (0, 1)]
    assert not torch.equal(one - plain[0], other - plain[1])


def test_the_share_of_own_samples_is_that_of_the_epoch(configuration, drawn):
    """In the last of two epochs all of training is done: 99.3% of the largest share."""
    config = configuration(epochs=2, scheduled_sampling=1.0)
    shares = [float((drawn(config, 3, epoch).own >= 0).double().mean()) for epoch in (1, 2)]
    assert shares == pytest.approx([0.5, 0.993], abs=0.12)
