# Ported from my Octave homework. Bias is column 0 of every Theta.
import numpy as np


def g(z):
    return 1.0 / (1.0 + np.exp(-z))


def with_ones(M):
    return np.hstack([np.ones((M.shape[0], 1)), M])


def cost_function(nn_params, n_in, n_hidden, n_labels, X, y, lam):
    cut = n_hidden * (n_in + 1)
    Theta1 = nn_params[:cut].reshape(n_hidden, n_in + 1)
    Theta2 = nn_params[cut:].reshape(n_labels, n_hidden + 1)
    m = X.shape[0]

    Y = np.eye(n_labels)[y]

    a1 = with_ones(X)
    z2 = a1 @ Theta1.T
    a2 = with_ones(g(z2))
    z3 = a2 @ Theta2.T
    h = g(z3)

    J = (-1.0 / m) * np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h))
    J = J + lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))

    Delta1 = np.zeros(Theta1.shape)
    Delta2 = np.zeros(Theta2.shape)
    for t in range(m):
        d3 = h[t] - Y[t]
        d2 = (Theta2.T @ d3)[1:] * g(z2[t]) * (1 - g(z2[t]))
        Delta1 = Delta1 + np.outer(d2, a1[t])
        Delta2 = Delta2 + np.outer(d3, a2[t])

    Theta1_grad = Delta1 / m
    Theta2_grad = Delta2 / m
    Theta1_grad[:, 1:] += lam / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lam / m * Theta2[:, 1:]

    grad = np.concatenate([Theta1_grad.ravel(), Theta2_grad.ravel()])
    return J, grad
