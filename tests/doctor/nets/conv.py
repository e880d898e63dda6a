"""A tiny image classifier: one convolution, relu, 2x2 max-pooling, one linear layer."""

import numpy as np


def step(params, images, labels):
    """Cross-entropy on one batch, and its gradients. Images lie (image, channel, row, column)."""
    kernels, kernel_bias = params["kernels"], params["kernel_bias"]
    W, b = params["W"], params["b"]
    n, _, height, width = images.shape
    filters, _, k, _ = kernels.shape
    rows, cols = height - k + 1, width - k + 1

    # convolution
    z = np.zeros((n, filters, rows, cols))
    for i in range(rows):
        for j in range(cols):
            patch = images[:, :, i : i + k, j : j + k]
            z[:, :, i, j] = np.einsum("ncab,fcab->nf", patch, kernels) + kernel_bias
    a = np.maximum(z, 0)

    # pooling
    pooled = np.zeros((n, filters, rows // 2, cols // 2))
    for i in range(rows // 2):
        for j in range(cols // 2):
            pooled[:, :, i, j] = a[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(2, 3))

    # classifier
    flat = pooled.reshape(n, -1)
    logits = flat @ W + b
    logits = logits - logits.max(axis=1, keepdims=True)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(n), labels]).mean()

    # and back
    dlogits = probs.copy()
    dlogits[np.arange(n), labels] -= 1
    dlogits /= n
    dW = flat.T @ dlogits
    db = dlogits.sum(axis=0)
    dpooled = (dlogits @ W.T).reshape(pooled.shape)

    da = np.zeros_like(a)
    for i in range(rows // 2):
        for j in range(cols // 2):
            window = a[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            winner = window == pooled[:, :, i : i + 1, j : j + 1]
            grad = winner * dpooled[:, :, i : i + 1, j : j + 1]
            da[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = grad

    dz = da * (z > 0)
    dkernels = np.zeros_like(kernels)
    for i in range(rows):
        for j in range(cols):
            patch = images[:, :, i : i + k, j : j + k]
            dkernels += np.einsum("nf,ncab->fcab", dz[:, :, i, j], patch)
    dkernel_bias = dz.sum(axis=(0, 2, 3))
    return loss, {"kernels": dkernels, "kernel_bias": dkernel_bias, "W": dW, "b": db}


def make():
    rng = np.random.default_rng(1)
    params = {
        "kernels": rng.normal(0, 0.5, (3, 2, 2, 2)),
        "kernel_bias": rng.normal(0, 0.1, 3),
        "W": rng.normal(0, 0.5, (12, 4)),
        "b": np.zeros(4),
    }
    return step, (params, rng.normal(size=(2, 2, 5, 5)), np.array([3, 1]))


def parameters(call, args):
    return args[0]


def claimed(call, args):
    return call(*args)[1]


def cost(call, args):
    return call(*args)[0]


BREAKS = [
    {
        "line": 37,
        "instead": "    dlogits[:, labels] -= 1",
        "what": "every label taken off every image",
    },
    {"line": 40, "instead": "    db = dlogits.mean(axis=0)", "what": "mean for sum over the batch"},
    {
        "line": 48,
        "instead": "            grad = dpooled[:, :, i : i + 1, j : j + 1]",
        "what": "max-pool's mask left out",
    },
    {"line": 51, "instead": "    dz = da * (da > 0)", "what": "relu's slope at the gradient"},
    {
        "line": 55,
        "instead": "            patch = images[:, :, j : j + k, i : i + k]",
        "what": "row and column of the patch exchanged",
    },
    {
        "line": 56,
        "instead": '            dkernels += np.einsum("nf,ncab->fcba", dz[:, :, i, j], patch)',
        "what": "kernel's rows and columns exchanged",
    },
    {
        "line": 56,
        "instead": '            dkernels = np.einsum("nf,ncab->fcab", dz[:, :, i, j], patch)',
        "what": "= for +=, the last place alone counts",
    },
    {
        "line": 57,
        "instead": "    dkernel_bias = dz.sum(axis=0).mean(axis=(1, 2))",
        "what": "mean for sum over the places",
    },
]
