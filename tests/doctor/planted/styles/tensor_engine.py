import numpy as np


class Tensor:
    """A tiny autograd engine on arrays. Every operation knows how to send its gradient back."""

    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self._send = lambda: None

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))

        def send():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad
        out._send = send
        return out

    def __add__(self, bias):
        # only matrix + row vector
        out = Tensor(self.data + bias.data, (self, bias))

        def send():
            self.grad += out.grad
            bias.grad += out.grad.sum(axis=0)
        out._send = send
        return out

    def leaky(self, slope=0.05):
        factor = np.where(self.data > 0, 1.0, slope)
        out = Tensor(self.data * factor, (self,))

        def send():
            self.grad += factor * out.grad
        out._send = send
        return out

    def sigmoid(self):
        s = 1 / (1 + np.exp(-self.data))
        out = Tensor(s, (self,))

        def send():
            self.grad += out.grad * s * (1 - s)
        out._send = send
        return out

    def mse(self, target):
        diff = self.data - target
        out = Tensor((diff ** 2).mean(), (self,))

        def send():
            self.grad += out.grad * 2 * diff / diff.size
        out._send = send
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            node._send()


def forward(params, x):
    h = Tensor(x)
    for i in range(0, len(params) - 2, 2):
        h = (h @ params[i] + params[i + 1]).leaky()
    return (h @ params[-2] + params[-1]).sigmoid()


def optimise(params, x, target, steps=1, lr=0.5):
    for _ in range(steps):
        for p in params:
            p.grad = np.zeros_like(p.data)
        loss = forward(params, x).mse(target)
        loss.backward()
        for p in params:
            p.data -= lr * p.grad
    return float(loss.data)
