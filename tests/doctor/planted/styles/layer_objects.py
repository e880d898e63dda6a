import numpy as np


class Layer:
    trainable = False

    def forward(self, inp):
        raise NotImplementedError

    def backward(self, grad_out):
        raise NotImplementedError


class Dense(Layer):
    trainable = True

    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0.0, np.sqrt(2.0 / n_in), size=(n_in, n_out))
        self.b = rng.normal(0.0, 0.1, size=n_out)
        self.dW = None
        self.db = None

    def forward(self, inp):
        self.inp = inp
        return inp @ self.W + self.b

    def backward(self, grad_out):
        self.dW = self.inp.T @ grad_out
        self.db = grad_out.sum(axis=0)
        return grad_out @ self.W.T


class LeakyReLU(Layer):
    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, inp):
        self.inp = inp
        self.out = np.where(inp > 0, inp, self.slope * inp)
        return self.out

    def backward(self, grad_out):
        return grad_out * np.where(self.inp > 0, 1.0, self.slope)


class SoftmaxCrossEntropy:
    def forward(self, logits, labels):
        shifted = logits - logits.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        self.probs = e / e.sum(axis=1, keepdims=True)
        self.labels = labels
        n = logits.shape[0]
        return -np.log(self.probs[np.arange(n), labels]).mean()

    def backward(self):
        n = self.probs.shape[0]
        grad = self.probs.copy()
        grad[np.arange(n), self.labels] -= 1
        return grad / n


class Model:
    def __init__(self, layers, lr=0.05):
        self.layers = layers
        self.criterion = SoftmaxCrossEntropy()
        self.lr = lr

    def train_batch(self, x, y):
        out = x
        for layer in self.layers:
            out = layer.forward(out)
        loss = self.criterion.forward(out, y)
        grad = self.criterion.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        self.step()
        return loss

    def step(self):
        for layer in self.layers:
            if not layer.trainable:
                continue
            layer.W -= self.lr * layer.dW
            layer.b -= self.lr * layer.db
