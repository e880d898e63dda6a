"""A bag of words: the mean of a sentence's word vectors, a linear layer, softmax, plain SGD."""

import numpy as np


def sgd_step(table, W, b, sentences, labels, lr=0.1):
    """sentences is (sentence, word) of row numbers of the table; the loss from before the step."""
    n, length = sentences.shape

    vectors = table[sentences]
    mean = vectors.sum(axis=1) / length
    scores = mean @ W + b
    scores -= scores.max(axis=1, keepdims=True)
    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    loss = -log_probs[np.arange(n), labels].sum() / n

    delta = np.exp(log_probs)
    delta[np.arange(n), labels] -= 1
    delta /= n

    grad_W = mean.T @ delta
    grad_b = delta.sum(axis=0)
    grad_mean = delta @ W.T
    grad_vectors = np.repeat(grad_mean[:, None, :], length, axis=1) / length
    grad_table = np.zeros_like(table)
    np.add.at(grad_table, sentences, grad_vectors)

    table -= lr * grad_table
    W -= lr * grad_W
    b -= lr * grad_b
    return loss


def make():
    rng = np.random.default_rng(61)
    table = rng.normal(size=(9, 4))
    W, b = rng.normal(size=(4, 3)), rng.normal(0, 0.1, 3)
    sentences = np.array(
        [[0, 3, 3, 1, 8], [2, 5, 0, 7, 0], [4, 4, 4, 6, 1], [1, 7, 2, 3, 5]],
    )
    return sgd_step, (table, W, b, sentences, np.array([2, 0, 1, 2]))


def parameters(call, args):
    return {"table": args[0], "W": args[1], "b": args[2]}


def claimed(call, args):
    now = parameters(call, args)
    before = {name: array.copy() for name, array in now.items()}
    call(*args)
    return {name: before[name] - now[name] for name in now}


def cost(call, args):
    return call(*args)


BREAKS = [
    {
        "line": 18,
        "instead": "    delta[:, labels] -= 1",
        "what": "every label taken off every sentence",
    },
    {
        "line": 21,
        "instead": "    grad_W = mean.T @ np.exp(log_probs)",
        "what": "probabilities for their error",
    },
    {
        "line": 22,
        "instead": "    grad_b = delta.mean(axis=0)",
        "what": "mean for sum over the batch",
    },
    {
        "line": 24,
        "instead": "    grad_vectors = np.repeat(grad_mean[:, None, :], length, axis=1)",
        "what": "the mean's 1/length forgotten",
    },
    {
        "line": 24,
        "instead": "    grad_vectors = np.repeat(grad_mean[:, None, :], length, axis=1) / n",
        "what": "divided by the batch for the length",
    },
    {
        "line": 26,
        "instead": "    grad_table[sentences] += grad_vectors",
        "what": "a word that comes twice counted once",
    },
    {"line": 30, "instead": "    b += lr * grad_b", "what": "sign: a step uphill"},
]
