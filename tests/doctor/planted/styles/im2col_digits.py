# small convnet for 8x8 digits. images are (N, channels, H, W)
import numpy as np


def im2col(img, k):
    N, C, H, W = img.shape
    oh, ow = H - k + 1, W - k + 1
    col = np.zeros((N, C, k, k, oh, ow))
    for dy in range(k):
        for dx in range(k):
            col[:, :, dy, dx] = img[:, :, dy:dy + oh, dx:dx + ow]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * oh * ow, C * k * k)


def col2im(dcol, shape, k):
    N, C, H, W = shape
    oh, ow = H - k + 1, W - k + 1
    dcol = dcol.reshape(N, oh, ow, C, k, k).transpose(0, 3, 4, 5, 1, 2)
    dimg = np.zeros(shape)
    for dy in range(k):
        for dx in range(k):
            dimg[:, :, dy:dy + oh, dx:dx + ow] += dcol[:, :, dy, dx]
    return dimg


def conv_forward(img, W, b, k):
    N, _, H, _ = img.shape
    col = im2col(img, k)
    out = col.dot(W) + b
    o = H - k + 1
    return out.reshape(N, o, o, -1).transpose(0, 3, 1, 2), (img.shape, col, W, k)


def conv_backward(dout, cache):
    shape, col, W, k = cache
    drows = dout.transpose(0, 2, 3, 1).reshape(-1, W.shape[1])
    dW = col.T.dot(drows)
    db = drows.sum(axis=0)
    dimg = col2im(drows.dot(W.T), shape, k)
    return dimg, dW, db


def maxpool_forward(x):
    N, C, H, W = x.shape
    tiles = x.reshape(N, C, H // 2, 2, W // 2, 2)
    best = tiles.max(axis=(3, 5))
    winners = tiles == best[:, :, :, None, :, None]
    return best, winners


def maxpool_backward(dbest, winners):
    dtiles = winners * dbest[:, :, :, None, :, None]
    N, C, h, _, w, _ = winners.shape
    return dtiles.reshape(N, C, 2 * h, 2 * w)


class ConvNet:
    def __init__(self, weights, lr=0.1, decay=0.01):
        self.weights = weights          # [W1, b1, W2, b2, W3, b3]
        self.lr, self.decay, self.t = lr, decay, 0

    def fit_batch(self, images, labels):
        W1, b1, W2, b2, W3, b3 = self.weights
        z1, c1 = conv_forward(images, W1, b1, 3)
        p1, winners = maxpool_forward(np.maximum(z1, 0))
        z2, c2 = conv_forward(p1, W2, b2, 2)
        a2 = np.maximum(z2, 0)
        flat = a2.reshape(len(a2), -1)
        scores = flat.dot(W3) + b3
        scores = scores - scores.max(axis=1, keepdims=True)
        probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        n = np.arange(len(labels))
        loss = -np.log(probs[n, labels]).mean()

        probs[n, labels] -= 1
        dscores = probs / len(labels)
        dW3, db3 = flat.T.dot(dscores), dscores.sum(axis=0)
        dz2 = dscores.dot(W3.T).reshape(a2.shape) * (z2 > 0)
        dp1, dW2, db2 = conv_backward(dz2, c2)
        dz1 = maxpool_backward(dp1, winners) * (z1 > 0)
        _, dW1, db1 = conv_backward(dz1, c1)

        rate = self.lr / (1 + self.decay * self.t)
        self.t += 1
        grads = [dW1, db1, dW2, db2, dW3, db3]
        self.weights = [w - rate * g for w, g in zip(self.weights, grads)]
        return loss
