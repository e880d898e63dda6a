import numpy as np


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Head:
    """One attention head. x is (tokens, d_model)."""

    def __init__(self, d_model, d_key, d_val, d_out, rng):
        self.params = {
            "q": rng.normal(size=(d_model, d_key)) * 0.7,
            "k": rng.normal(size=(d_model, d_key)) * 0.7,
            "v": rng.normal(size=(d_model, d_val)) * 0.7,
            "o": rng.normal(size=(d_val, d_out)) * 0.7,
        }
        self.grads = {}

    def __call__(self, x):
        p = self.params
        Q = x @ p["q"]
        K = x @ p["k"]
        V = x @ p["v"]
        scale = 1.0 / np.sqrt(Q.shape[1])
        att = softmax(Q @ K.T * scale)
        mix = att @ V
        out = mix @ p["o"]
        self.saved = (x, Q, K, V, att, mix, scale)
        return out

    def backprop(self, dout):
        p = self.params
        x, Q, K, V, att, mix, scale = self.saved
        dmix = dout @ p["o"].T
        datt = dmix @ V.T
        dV = att.T @ dmix
        # softmax, row by row
        dscore = att * (datt - np.sum(att * datt, axis=1, keepdims=True))
        dscore = dscore * scale
        dQ = dscore @ K
        dK = dscore.T @ Q
        self.grads["o"] = mix.T @ dout
        self.grads["v"] = x.T @ dV
        self.grads["k"] = x.T @ dK
        self.grads["q"] = x.T @ dQ

    def fit_once(self, x, want):
        out = self(x)
        self.backprop(out - want)
        return self.grads
