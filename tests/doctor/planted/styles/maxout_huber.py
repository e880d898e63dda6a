# -*- coding: utf-8 -*-
# Robust regression with a maxout layer (two pieces) and the Huber loss.
# Just a script: everything is global. One column = one sample.
import numpy as np

np.random.seed(33)

N_IN, N_HID, N_OUT = 4, 5, 2
DELTA = 0.8
LR0 = 0.3

X = np.random.randn(N_IN, 60)
T = np.vstack((np.abs(X[0]) - X[1], X[2] * X[3]))
T[:, ::10] += 6 * np.random.randn(2, 6)    # outliers

# the two pieces of the maxout layer
w1 = np.random.randn(N_HID, N_IN) * 0.6
c1 = np.random.randn(N_HID, 1) * 0.1
w2 = np.random.randn(N_HID, N_IN) * 0.6
c2 = np.random.randn(N_HID, 1) * 0.1
# the output
wy = np.random.randn(N_OUT, N_HID) * 0.6
cy = np.zeros((N_OUT, 1))


def huber(r):
    small = np.abs(r) <= DELTA
    return np.where(small, 0.5 * r**2, DELTA * (np.abs(r) - 0.5 * DELTA))


def huber_slope(r):
    return np.where(np.abs(r) <= DELTA, r, DELTA * np.sign(r))


def train_once(x, target, epoch=0):
    global w1, c1, w2, c2, wy, cy
    n = x.shape[1]

    piece1 = np.dot(w1, x) + c1
    piece2 = np.dot(w2, x) + c2
    first = piece1 >= piece2
    hid = np.where(first, piece1, piece2)
    y = np.dot(wy, hid) + cy
    resid = y - target
    E = np.sum(huber(resid)) / n

    # backprop
    dy = huber_slope(resid) / n
    dwy = np.dot(dy, hid.T)
    dcy = np.sum(dy, axis=1, keepdims=True)
    dhid = np.dot(wy.T, dy)
    dpiece1 = dhid * first
    dpiece2 = dhid * (1 - first)
    dw1 = np.dot(dpiece1, x.T)
    dc1 = np.sum(dpiece1, axis=1, keepdims=True)
    dw2 = np.dot(dpiece2, x.T)
    dc2 = np.sum(dpiece2, axis=1, keepdims=True)

    lr = LR0 / (1 + 0.01 * epoch)
    wy -= lr * dwy
    cy -= lr * dcy
    w1 -= lr * dw1
    c1 -= lr * dc1
    w2 -= lr * dw2
    c2 -= lr * dc2
    return E


if __name__ == "__main__":
    for epoch in range(500):
        pick = np.random.permutation(60)[:20]
        E = train_once(X[:, pick], T[:, pick], epoch)
        if epoch % 50 == 0:
            print("epoch %d: %.4f" % (epoch, E))
