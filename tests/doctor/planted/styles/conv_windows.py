import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


# x: (batch, channels, rows, cols)     w: (out, in, k, k), k odd, output as big as the input

def conv2d(x, w):
    p = w.shape[-1] // 2
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    win = sliding_window_view(xp, w.shape[2:], axis=(2, 3))   # b c i j u v
    return np.einsum("bcijuv,ocuv->boij", win, w, optimize=True), win


def conv2d_grad(dy, win, w):
    dw = np.einsum("boij,bcijuv->ocuv", dy, win, optimize=True)
    # the input's gradient is a convolution with the turned kernels
    turned = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    dx, _ = conv2d(dy, turned)
    return dx, dw


def pool(x):
    return 0.25 * (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2])


def unpool(dy):
    return 0.25 * dy.repeat(2, axis=-2).repeat(2, axis=-1)


def relu6(x):
    return np.clip(x, 0, 6)


class SmallConvNet:
    """conv, relu6, pool, conv, relu6, mean over the picture, dense"""

    def __init__(self, channels, classes, class_weight, max_lr=0.1, seed=9):
        r = np.random.default_rng(seed)
        self.k1 = r.normal(0, 0.5, (4, channels, 3, 3))
        self.k2 = r.normal(0, 0.4, (5, 4, 3, 3))
        self.dense = r.normal(0, 1, (5, classes))
        self.bias = np.zeros(classes)
        self.class_weight = np.asarray(class_weight)
        self.max_lr = max_lr
        self.rng = r
        self.losses = []

    def gradients(self, x, y):
        z1, win1 = conv2d(x, self.k1)
        a1 = pool(relu6(z1))
        z2, win2 = conv2d(a1, self.k2)
        a2 = relu6(z2)
        feat = a2.mean(axis=(2, 3))
        logits = feat @ self.dense + self.bias
        logits -= logits.max(axis=1, keepdims=True)
        logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        cw = self.class_weight[y]
        rows = np.arange(len(y))
        loss = -np.sum(cw * logp[rows, y]) / np.sum(cw)

        dlogits = np.exp(logp)
        dlogits[rows, y] -= 1
        dlogits *= (cw / np.sum(cw))[:, None]
        ddense = feat.T @ dlogits
        dbias = dlogits.sum(axis=0)
        dfeat = dlogits @ self.dense.T
        area = z2.shape[2] * z2.shape[3]
        dz2 = dfeat[:, :, None, None] / area * ((z2 > 0) & (z2 < 6))
        da1, dk2 = conv2d_grad(dz2, win2, self.k2)
        dz1 = unpool(da1) * ((z1 > 0) & (z1 < 6))
        _, dk1 = conv2d_grad(dz1, win1, self.k1)
        return loss, (dk1, dk2, ddense, dbias)

    def fit(self, X, y, epochs=1, batch_size=32):
        for epoch in range(epochs):
            # cosine schedule
            lr = 0.5 * self.max_lr * (1 + np.cos(np.pi * epoch / epochs))
            order = self.rng.permutation(len(X))
            for start in range(0, len(X), batch_size):
                part = order[start:start + batch_size]
                loss, (dk1, dk2, ddense, dbias) = self.gradients(X[part], y[part])
                self.k1 -= lr * dk1
                self.k2 -= lr * dk2
                self.dense -= lr * ddense
                self.bias -= lr * dbias
                self.losses.append(loss)
        return self.losses[-1]
