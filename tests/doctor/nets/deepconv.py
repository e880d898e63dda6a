"""Two convolutions on top of each other, the mean over all places, and a softmax."""

import numpy as np


class Conv:
    """Stride 1, no padding; weights lie (out, in, row, column)."""

    def __init__(self, rng, c_in, c_out, size):
        self.W = rng.normal(0, 1 / np.sqrt(c_in * size * size), (c_out, c_in, size, size))
        self.b = rng.normal(0, 0.1, c_out)

    def forward(self, x):
        self.x = x
        k = self.W.shape[2]
        h, w = x.shape[2] - k + 1, x.shape[3] - k + 1
        self.out = np.empty((x.shape[0], self.W.shape[0], h, w))
        for r in range(h):
            for c in range(w):
                patch = x[:, :, r : r + k, c : c + k].reshape(len(x), -1)
                self.out[:, :, r, c] = patch @ self.W.reshape(len(self.W), -1).T + self.b
        return np.maximum(self.out, 0)

    def backward(self, dout):
        k = self.W.shape[2]
        dout = dout * (self.out > 0)
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        dx = np.zeros_like(self.x)
        for r in range(dout.shape[2]):
            for c in range(dout.shape[3]):
                g = dout[:, :, r, c]
                patch = self.x[:, :, r : r + k, c : c + k]
                self.dW += np.tensordot(g, patch, axes=(0, 0))
                spread = np.tensordot(g, self.W, axes=(1, 0))
                dx[:, :, r : r + k, c : c + k] += spread
        return dx


class ConvNet:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.conv1 = Conv(rng, 3, 3, 3)
        self.conv2 = Conv(rng, 3, 3, 2)
        self.W = rng.normal(size=(3, 3))
        self.b = np.zeros(3)

    def train(self, x, labels):
        h = self.conv2.forward(self.conv1.forward(x))
        features = h.mean(axis=(2, 3))
        scores = features @ self.W + self.b
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.mean(np.log(p[range(len(x)), labels]))

        d = (p - np.eye(3)[labels]) / len(x)
        self.dW = features.T @ d
        self.db = d.sum(axis=0)
        dfeatures = d @ self.W.T
        places = h.shape[2] * h.shape[3]
        dh = np.ones(h.shape) * dfeatures[:, :, None, None] / places
        self.conv1.backward(self.conv2.backward(dh))
        return loss


def make():
    net = ConvNet(seed=5)
    rng = np.random.default_rng(6)
    return net.train, (rng.normal(size=(2, 3, 5, 5)), np.array([0, 2]))


def layers(call):
    net = call.__self__
    return {"1": net.conv1, "2": net.conv2, "3": net}


def parameters(call, args):
    return {s + n: getattr(one, s) for n, one in layers(call).items() for s in "Wb"}


def claimed(call, args):
    call(*args)
    return {s + n: getattr(one, "d" + s) for n, one in layers(call).items() for s in "Wb"}


def cost(call, args):
    return call(*args)


BREAKS = [
    {
        "line": 26,
        "instead": "        dout = dout * (dout > 0)",
        "what": "relu's slope at the gradient",
    },
    {
        "line": 28,
        "instead": "        self.db = dout.mean(axis=(0, 2, 3))",
        "what": "mean for sum over images and places",
    },
    {
        "line": 34,
        "instead": "                self.dW = np.tensordot(g, patch, axes=(0, 0))",
        "what": "= for +=, the last place alone counts",
    },
    {
        "line": 36,
        "instead": "                dx[:, :, r : r + k, c : c + k] = spread",
        "what": "= for += where patches overlap",
    },
    {
        "line": 35,
        "instead": "                spread = np.tensordot(g, self.W, axes=(1, 1))",
        "what": "summed over the kernel's input channels",
    },
    {
        "line": 35,
        "instead": "                spread = np.tensordot(g, self.W[..., ::-1, ::-1], axes=(1, 0))",
        "what": "kernel flipped, which this loop does not want",
    },
    {
        "line": 59,
        "instead": "        dfeatures = d @ self.W",
        "what": "transpose of a square W forgotten",
    },
    {
        "line": 61,
        "instead": "        dh = np.ones(h.shape) * dfeatures[:, :, None, None]",
        "what": "the mean-pool's 1/n forgotten",
    },
]
