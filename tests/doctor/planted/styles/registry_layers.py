import numpy as np

LAYERS = {}


def register(name):
    def add(cls):
        LAYERS[name] = cls
        return cls
    return add


class Module:
    def __init__(self):
        self.params, self.grads = {}, {}


@register("dense")
class Dense(Module):
    def __init__(self, rng, fan_in, fan_out):
        super().__init__()
        self.params["weight"] = rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))
        self.params["bias"] = np.zeros(fan_out)

    def forward(self, x):
        self.x = x
        return x @ self.params["weight"] + self.params["bias"]

    def backward(self, g):
        self.grads["weight"] = self.x.T @ g
        self.grads["bias"] = g.sum(axis=0)
        return g @ self.params["weight"].T


@register("prelu")
class PReLU(Module):
    def __init__(self, rng, width, start=0.25):
        super().__init__()
        self.params["slope"] = np.full(width, start)

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0) + self.params["slope"] * np.minimum(x, 0)

    def backward(self, g):
        self.grads["slope"] = (g * np.minimum(self.x, 0)).sum(axis=0)
        return g * np.where(self.x > 0, 1, self.params["slope"])


@register("dropout")
class Dropout(Module):
    def __init__(self, rng, rate):
        super().__init__()
        self.rng, self.keep = rng, 1 - rate

    def forward(self, x):
        self.mask = (self.rng.random(x.shape) < self.keep) / self.keep
        return x * self.mask

    def backward(self, g):
        return g * self.mask


def build(config, rng):
    return [LAYERS[c["type"]](rng, **{k: v for k, v in c.items() if k != "type"}) for c in config]


def smooth_cross_entropy(logits, labels, smoothing=0.1):
    n, k = logits.shape
    logp = logits - logits.max(axis=1, keepdims=True)
    logp = logp - np.log(np.exp(logp).sum(axis=1, keepdims=True))
    soft = np.full((n, k), smoothing / k)
    soft[np.arange(n), labels] += 1 - smoothing
    loss = -(soft * logp).sum(axis=1).mean()
    return loss, (np.exp(logp) - soft) / n


def fit_batch(net, velocity, x, labels, lr=0.1, mu=0.9, weight_decay=1e-2):
    for layer in net:
        x = layer.forward(x)
    loss, g = smooth_cross_entropy(x, labels)
    for layer in net[::-1]:
        g = layer.backward(g)
    for i, layer in enumerate(net):
        for name, p in layer.params.items():
            v = velocity.setdefault((i, name), np.zeros_like(p))
            v *= mu
            v += layer.grads[name]
            p -= lr * (v + weight_decay * p)   # decoupled decay
    return loss
