import numpy as np


class Linear:
    def __init__(self, n_from, n_to):
        self.kernel = np.random.randn(n_to, n_from) * 0.7
        self.shift = np.random.randn(n_to, 1) * 0.2

    def go(self, x):
        self.x = x
        return self.kernel @ x + self.shift

    def back(self, g_out, step):
        # what goes on to the layer below needs the kernel as it was
        g_in = self.kernel.T @ g_out
        g_kernel = g_out @ self.x.T
        self.kernel -= step * g_kernel
        self.shift -= step * g_out
        return g_in


class Swish:
    def go(self, x):
        self.x = x
        self.gate = 1 / (1 + np.exp(-x))
        return x * self.gate

    def back(self, g_out, step):
        slope = self.gate + self.x * self.gate * (1 - self.gate)
        return g_out * slope


class Softmax:
    def go(self, x):
        e = np.exp(x - np.max(x))
        self.y = e / np.sum(e)
        return self.y

    def back(self, g_out, step):
        n = self.y.size
        jacobian = (np.eye(n) - self.y.T) * self.y
        return jacobian.T @ g_out


class Residual:
    """out = in + what the parts inside make of it"""

    def __init__(self, *parts):
        self.parts = parts

    def go(self, x):
        inner = x
        for part in self.parts:
            inner = part.go(inner)
        return x + inner

    def back(self, g_out, step):
        g = g_out
        for part in self.parts[::-1]:
            g = part.back(g, step)
        return g + g_out


def surprise(truth, guess):
    return -np.sum(truth * np.log(guess))


def surprise_slope(truth, guess):
    return -truth / guess


class Chain:
    def __init__(self, *parts):
        self.parts = parts

    def __call__(self, x):
        for part in self.parts:
            x = part.go(x)
        return x

    def study(self, examples, truths, step=0.01):
        total = 0.0
        for x, truth in zip(examples, truths):
            guess = self(x)
            total += surprise(truth, guess)
            g = surprise_slope(truth, guess)
            for part in reversed(self.parts):
                g = part.back(g, step)
        return total / len(examples)
