"""Two scripts as people write them, right ones, of which tests of the doctor make others."""

COLUMN = """
import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(2, 40))
Y = (X[:1] * X[1:] > 0).astype(float)
W1, b1 = rng.normal(size=(5, 2)) / 2, np.zeros((5, 1))
W2, b2 = rng.normal(size=(1, 5)) / 2, np.zeros((1, 1))
m = X.shape[1]
for epoch in range(200):
    A1 = np.tanh(W1 @ X + b1)
    A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
    cost = -np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    W1, b1 = W1 - 0.5 * dW1, b1 - 0.5 * db1
    W2, b2 = W2 - 0.5 * dW2, b2 - 0.5 * db2
"""
ROW = """
import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(40, 2))
y = (X[:, 0] * X[:, 1] > 0).astype(float)
Y = y.reshape(-1, 1)
W1, b1 = rng.normal(size=(2, 5)) / 2, np.zeros(5)
W2, b2 = rng.normal(size=(5, 1)) / 2, np.zeros(1)
m = len(X)
for epoch in range(200):
    A1 = np.tanh(X @ W1 + b1)
    A2 = A1 @ W2 + b2
    cost = np.mean((A2 - Y) ** 2)
    dZ2 = 2 * (A2 - Y) / m
    dW2 = A1.T @ dZ2
    db2 = dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2.T * (1 - A1**2)
    dW1 = X.T @ dZ1
    db1 = dZ1.sum(axis=0)
    W1, b1 = W1 - 0.1 * dW1, b1 - 0.1 * db1
    W2, b2 = W2 - 0.1 * dW2, b2 - 0.1 * db2
"""
