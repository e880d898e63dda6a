import numpy as np


def relu(Z):
    A = np.maximum(Z, 0)
    return A, Z


def sigmoid(Z):
    A = 1 / (1 + np.exp(-Z))
    return A, Z


def model_forward(X, parameters):
    L = len(parameters) // 2
    caches = []
    A = X
    for l in range(1, L + 1):
        A_prev = A
        W = parameters["W" + str(l)]
        b = parameters["b" + str(l)]
        Z = W.dot(A_prev) + b
        if l < L:
            A, kept = relu(Z)
        else:
            A, kept = sigmoid(Z)
        caches.append((A_prev, W, kept))
    return A, caches


def compute_cost(AL, Y):
    m = Y.shape[1]
    losses = Y * np.log(AL) + (1 - Y) * np.log(1 - AL)
    cost = -np.sum(losses) / m
    return cost


def relu_back(dA, Z):
    dZ = dA.copy()
    dZ[Z <= 0] = 0
    return dZ


def sigmoid_back(dA, Z):
    s = 1 / (1 + np.exp(-Z))
    return dA * s * (1 - s)


def linear_back(dZ, A_prev, W):
    m = A_prev.shape[1]
    dW = (1 / m) * np.dot(dZ, A_prev.T)
    db = (1 / m) * np.sum(dZ, axis=1, keepdims=True)
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def model_backward(AL, Y, caches):
    grads = {}
    L = len(caches)
    dA = (1 - Y) / (1 - AL) - Y / AL
    for l in reversed(range(L)):
        A_prev, W, Z = caches[l]
        if l == L - 1:
            dZ = sigmoid_back(dA, Z)
        else:
            dZ = relu_back(dA, Z)
        dA, dW, db = linear_back(dZ, A_prev, W)
        grads["dW" + str(l + 1)] = dW
        grads["db" + str(l + 1)] = db
    return grads


def update_parameters(parameters, grads, learning_rate):
    new = {}
    for l in range(1, len(parameters) // 2 + 1):
        new["W" + str(l)] = parameters["W" + str(l)] - learning_rate * grads["dW" + str(l)]
        new["b" + str(l)] = parameters["b" + str(l)] - learning_rate * grads["db" + str(l)]
    return new


def iteration(X, Y, parameters, learning_rate=0.05):
    AL, caches = model_forward(X, parameters)
    cost = compute_cost(AL, Y)
    grads = model_backward(AL, Y, caches)
    parameters = update_parameters(parameters, grads, learning_rate)
    return parameters, cost
