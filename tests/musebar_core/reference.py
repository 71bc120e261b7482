"""The model's equations, slowly, in NumPy float64: a second opinion for the tests.

Written from the equations (Hochreiter and Schmidhuber 1997 with forget gates; MuseBar, section 3),
one snippet, one step and one gate at a time, gradients by hand. Nothing here imports torch or the
product.

Names: x roll ``[T, P]``; h, c states ``[H]``; mu, logvar ``[r, L]``; d... a derivative of the loss.
Parameters go by the names that PyTorch gives them, gates in its order i, f, g, o.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def roll_of(pitches, n_pitches=128):
    """0/1 roll ``[T, P]``; symbol P is a rest, the all-zero vector."""
    x = np.zeros((len(pitches), n_pitches))
    for t, pitch in enumerate(pitches):
        if pitch < n_pitches:
            x[t, pitch] = 1
    return x


@dataclass
class Lstm:
    """Layers of one LSTM, each (W_ih, W_hh, b_ih, b_hh), and their gradients."""

    layers: list
    grads: list

    @classmethod
    def of(cls, parameters, prefix):
        layers = []
        while f"{prefix}.weight_ih_l{len(layers)}" in parameters:
            k = len(layers)
            names = [f"weight_ih_l{k}", f"weight_hh_l{k}", f"bias_ih_l{k}", f"bias_hh_l{k}"]
            layers.append([parameters[f"{prefix}.{name}"] for name in names])
        return cls(layers, [[np.zeros_like(p) for p in layer] for layer in layers])

    def named_grads(self, prefix):
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return {
            f"{prefix}.{kind}_l{k}": grad
            for k, layer in enumerate(self.grads)
            for kind, grad in zip(kinds, layer, strict=True)
        }

    def forward(self, x, h0, c0):
        """Top states ``[T, H]`` and what the way back needs; h0, c0 ``[layers, H]``."""
        tape = []
        for k, (w, u, b, e) in enumerate(self.layers):
            h, c, steps, out = h0[k], c0[k], [], []
            for xt in x:
                ai, af, ag, ao = np.split(w @ xt + b + u @ h + e, 4)
                i, f, g, o = sigmoid(ai), sigmoid(af), np.tanh(ag), sigmoid(ao)
                before = (xt, h, c)
                c = f * c + i * g
                h = o * np.tanh(c)
                steps.append((before, (i, f, g, o), c))
                out.append(h)
            tape.append(steps)
            x = np.array(out)
        return x, tape

    def backward(self, tape, dout):
        """From d top states ``[T, H]`` to d inputs ``[T, ...]``, d h0 and d c0 ``[layers, H]``."""
        dh0, dc0 = [None] * len(tape), [None] * len(tape)
        for k in reversed(range(len(tape))):
            w, u, _, _ = self.layers[k]
            dw, du, db, de = self.grads[k]
            dh_next = np.zeros(u.shape[1])
            dc_next = np.zeros(u.shape[1])
            dx = []
            for (xt, h, c_before), (i, f, g, o), c in reversed(tape[k]):
                dh = dout[len(tape[k]) - 1 - len(dx)] + dh_next
                dc = dc_next + dh * o * (1 - np.tanh(c) ** 2)
                da = np.concatenate(
                    [
                        dc * g * i * (1 - i),
                        dc * c_before * f * (1 - f),
                        dc * i * (1 - g**2),
                        dh * np.tanh(c) * o * (1 - o),
                    ]
                )
                dw += np.outer(da, xt)
                du += np.outer(da, h)
                db += da
                de += da
                dx.append(w.T @ da)
                dh_next, dc_next = u.T @ da, dc * f
            dout = np.array(dx[::-1])
            dh0[k], dc0[k] = dh_next, dc_next
        return dout, np.array(dh0), np.array(dc0)


@dataclass(frozen=True)
class Answer:
    """What the reference says of a batch: arrays in the shapes of the model's."""

    logits: np.ndarray
    mu: np.ndarray
    logvar: np.ndarray
    bce: np.ndarray
    kl: np.ndarray
    loss: float
    grads: dict


def answer(
    parameters,
    pitches,
    steps,
    noise,
    *,
    weight,
    keep=None,
    free_bits=0.0,
    free_nats=0.0,
    spread=0.0,
    own=None,
):
    """Forward, losses and gradients of a batch of symbols ``[N, T]``.

    ``steps``: last steps of the regularised bars; ``noise`` ``[N, L]``; ``keep`` ``[N, T]``.
    The loss is the mean BCE + weight * KL term; with ``free_bits``, the batch mean of each
    dimension's KL counts from there on, with ``free_nats`` each snippet's KL what it is over them.
    With ``spread``, mu is normalised over the batch to that standard deviation. Where ``own``
    ``[N, T]`` is no less than 0, the decoder hears the symbol that it draws by that number.
    """
    n = len(pitches)
    parts = [_Snippet(parameters, p, steps) for p in pitches]
    for part in parts:
        part.encode()
    norm = _Norm(parameters, np.array([part.read for part in parts]), spread)
    for s, part in enumerate(parts):
        kept = np.ones(len(pitches[s])) if keep is None else keep[s]
        part.decode(norm.mu[s], noise[s], kept, part.x)
        if own is not None:
            part.decode(norm.mu[s], noise[s], kept, _heard(part.x, part.logits, own[s]))
    mu, logvar = (np.array([getattr(p, name) for p in parts]) for name in ("mu", "logvar"))
    per_dimension = (mu**2 + np.exp(logvar) - 1 - logvar) / 2
    regularizer, counts = _kl_term(per_dimension, free_bits, free_nats)
    scale = weight * counts / (n * len(steps))
    grads = {name: np.zeros_like(value) for name, value in parameters.items()}
    dmu = np.array([part.decode_backward(1 / n, scale[s]) for s, part in enumerate(parts)])
    dread = norm.backward(dmu)
    for s, part in enumerate(parts):
        part.encode_backward(dread[s])
        for name, grad in part.grads.items():
            grads[name] += grad
    for name, grad in norm.grads.items():
        grads[name] += grad
    bce = np.array([part.bce for part in parts])
    return Answer(
        np.array([part.logits for part in parts]),
        mu,
        logvar,
        bce,
        per_dimension.sum(axis=2),
        bce.mean() + weight * regularizer,
        grads,
    )


def _kl_term(per_dimension, free_bits, free_nats):
    """The mean KL that counts, and where it does: 1 or 0, in the shape of ``[N, r, L]``."""
    if free_nats:
        whole = per_dimension.sum(axis=2)
        counts = (whole > free_nats)[..., None] * np.ones_like(per_dimension)
        return np.where(whole > free_nats, whole - free_nats, 0).mean(), counts
    mean_kl = per_dimension.mean(axis=0)
    counts = mean_kl > free_bits if free_bits else np.ones_like(mean_kl, dtype=bool)
    term = np.where(counts, mean_kl, free_bits).sum(axis=1).mean()
    return term, counts[None] * np.ones_like(per_dimension)


def _heard(x, logits, own):
    """The roll with a sample at each step where ``own`` is no less than 0."""
    heard = x.copy()
    for t, number in enumerate(own):
        if number < 0:
            continue
        chances = sigmoid(logits[t])
        chances = np.append(chances, max(0.0, 1 - chances.sum()))
        drawn = np.searchsorted(np.cumsum(chances / chances.sum()), number)
        heard[t] = 0
        if drawn < len(logits[t]):
            heard[t, drawn] = 1
    return heard


class _Norm:
    """mu ``[N, r, L]`` of all snippets from what it is read from ``[N, r, H]``."""

    def __init__(self, p, read, spread):
        self.p, self.read, self.spread = p, read, spread
        values = read @ p["mu.weight"].T
        self.scale = 1.0
        if spread:
            deviation = np.sqrt(((values - values.mean(axis=0)) ** 2).mean(axis=0) + 1e-5)
            values = (values - values.mean(axis=0)) / deviation
            self.scale = spread / deviation
        self.values = values
        self.mu = (spread or 1.0) * values + p["mu.bias"]

    def backward(self, dmu):
        """From d mu to d read, both for all snippets."""
        dvalues = dmu * self.scale
        if self.spread:
            along = (dvalues * self.values).mean(axis=0) * self.values
            dvalues = dvalues - dvalues.mean(axis=0) - along
        self.grads = {
            "mu.weight": np.einsum("nrl,nrh->lh", dvalues, self.read),
            "mu.bias": dmu.sum(axis=(0, 1)),
        }
        return dvalues @ self.p["mu.weight"]


def importance_nll(parameters, pitches, steps, noise):
    """Importance-weighted bound on -log p(x), nats ``[N]``; noise ``[K, N, L]``.

    Every density in full, as Burda et al. (2016) write it, and no term left out that cancels.
    """
    nll = []
    for n, symbols in enumerate(pitches):
        part, weights = _Snippet(parameters, symbols, steps), []
        part.encode()
        mu = part.read @ parameters["mu.weight"].T + parameters["mu.bias"]
        for draw in noise[:, n]:
            part.decode(mu, draw, np.ones(len(symbols)), part.x)
            variance = np.exp(part.logvar[-1])
            log_q = -0.5 * (np.log(2 * np.pi * variance) + (part.z - part.mu[-1]) ** 2 / variance)
            log_p = -0.5 * (np.log(2 * np.pi) + part.z**2)
            weights.append(-part.bce + log_p.sum() - log_q.sum())
        largest = max(weights)
        nll.append(-(largest + np.log(np.mean(np.exp(np.array(weights) - largest)))))
    return np.array(nll)


class _Snippet:
    def __init__(self, parameters, pitches, steps):
        self.p, self.steps, self.x = parameters, steps, roll_of(pitches)
        self.encoder = Lstm.of(parameters, "encoder")
        self.decoder = Lstm.of(parameters, "decoder")

    def encode(self):
        hidden = len(self.p["encoder.weight_hh_l0"][0])
        zero = np.zeros((len(self.encoder.layers), hidden))
        states, self.encoder_tape = self.encoder.forward(self.x, zero, zero)
        self.read = states[self.steps]
        self.logvar = self.read @ self.p["logvar.weight"].T + self.p["logvar.bias"]

    def decode(self, mu, noise, keep, heard):
        p, x, hidden = self.p, self.x, len(self.p["encoder.weight_hh_l0"][0])
        self.mu = mu
        self.noise, self.deviation = noise, np.exp(self.logvar[-1] / 2)
        self.z = self.mu[-1] + self.deviation * noise
        # The state layer gives h of every layer, then c of every layer.
        self.start = np.tanh(p["state.weight"] @ self.z + p["state.bias"])
        h0, c0 = self.start.reshape(2, len(self.decoder.layers), hidden)
        late = np.vstack([np.zeros(x.shape[1]), heard[:-1]]) * keep[:, None]
        inputs = np.hstack([late, np.tile(self.z, (len(x), 1))])
        self.states, self.decoder_tape = self.decoder.forward(inputs, h0, c0)
        self.logits = self.states @ p["output.weight"].T + p["output.bias"]
        q = sigmoid(self.logits)
        self.bce = -(x * np.log(q) + (1 - x) * np.log(1 - q)).sum()

    def decode_backward(self, dbce, dkl):
        """d mu ``[r, L]``; ``dkl`` ``[r, L]`` is the loss's slope in each KL."""
        p = self.p
        dlogits = dbce * (sigmoid(self.logits) - self.x)
        self.grads = {"output.weight": dlogits.T @ self.states, "output.bias": dlogits.sum(axis=0)}
        dinputs, dh0, dc0 = self.decoder.backward(self.decoder_tape, dlogits @ p["output.weight"])
        dstart = np.concatenate([dh0.ravel(), dc0.ravel()]) * (1 - self.start**2)
        self.grads |= {"state.weight": np.outer(dstart, self.z), "state.bias": dstart}
        dz = p["state.weight"].T @ dstart + dinputs[:, self.x.shape[1] :].sum(axis=0)
        dmu, dlogvar = dkl * self.mu, dkl * (np.exp(self.logvar) - 1) / 2
        dmu[-1] += dz
        dlogvar[-1] += dz * self.noise * self.deviation / 2
        self.dlogvar = dlogvar
        return dmu

    def encode_backward(self, dread):
        """Gradients by parameter name, from what reaches the states by way of mu."""
        d = self.dlogvar
        self.grads |= {"logvar.weight": d.T @ self.read, "logvar.bias": d.sum(axis=0)}
        dstates = np.zeros((len(self.x), len(self.read[0])))
        dstates[self.steps] = dread + d @ self.p["logvar.weight"]
        self.encoder.backward(self.encoder_tape, dstates)
        self.grads |= self.encoder.named_grads("encoder") | self.decoder.named_grads("decoder")
