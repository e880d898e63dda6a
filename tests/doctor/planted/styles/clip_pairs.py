# pictures and captions into one space (contrastive, both directions), closures instead of classes
import numpy as np


def make_tower(n_features, n_hidden, n_dim, rng):
    A = rng.normal(0, n_features ** -0.5, (n_features, n_hidden))
    a = rng.normal(0, 0.1, n_hidden)
    B = rng.normal(0, n_hidden ** -0.5, (n_hidden, n_dim))
    memo = {}

    def forward(x):
        memo["x"] = x
        memo["h"] = np.maximum(x @ A + a, 0.0)
        e = memo["h"] @ B
        memo["norm"] = np.linalg.norm(e, axis=1, keepdims=True)
        memo["u"] = e / memo["norm"]
        return memo["u"]

    def backward(du, lr):
        nonlocal A, a, B
        x, h, u = memo["x"], memo["h"], memo["u"]
        # only what is tangent to the sphere
        de = (du - u * np.sum(u * du, axis=1, keepdims=True)) / memo["norm"]
        dh = de @ B.T
        dpre = np.where(h > 0, dh, 0.0)
        B = B - lr * (h.T @ de)
        A = A - lr * (x.T @ dpre)
        a = a - lr * dpre.sum(axis=0)

    return forward, backward


def log_softmax(s, axis):
    s = s - s.max(axis=axis, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=axis, keepdims=True))


def make_trainer(picture_tower, caption_tower, log_scale=1.0, lr=0.05):
    see, unsee = picture_tower
    read, unread = caption_tower
    knob = {"log_scale": log_scale}

    def train(pictures, captions):
        n = len(pictures)
        p, c = see(pictures), read(captions)
        scale = np.exp(knob["log_scale"])
        cosines = p @ c.T
        logits = scale * cosines
        by_row, by_col = log_softmax(logits, 1), log_softmax(logits, 0)
        loss = -0.5 * (np.trace(by_row) + np.trace(by_col)) / n

        right = np.eye(n)
        dlogits = 0.5 * (np.exp(by_row) - right + np.exp(by_col) - right) / n
        dlog_scale = np.sum(dlogits * logits)
        dcos = dlogits * scale
        unsee(dcos @ c, lr)
        unread(dcos.T @ p, lr)
        knob["log_scale"] -= lr * dlog_scale
        return loss

    return train
