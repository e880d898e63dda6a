"""What the soak holds the library to: its shape law and its formulas, said once more and otherwise.

``verdict`` judges a call by a table of axes, and ``answer`` computes what it should give, with
examples as columns and in long doubles. Neither shares code with the library.
"""

from operator import index

import numpy as np

from shapecheck_bp import Cache, Gradient, Layer, Network

FLOATS = ("float16", "float32", "float64")
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "identity")

# Arguments by name, with their axes as ``column`` has them; "net", "params", … are read below.
TABLE = {
    "linear_forward": {"A_prev": "n_in m", "W": "n_out n_in", "b": "n_out 1"},
    "softmax": {"Z": "n m"},
    "log_softmax": {"Z": "n m"},
    "activation_forward": {"Z": "n m", "activation": "name"},
    "activation_backward": {"dA": "n m", "Z": "n m", "activation": "name"},
    "weights_backward": {"dZ": "n_out m", "A_prev": "n_in m"},
    "linear_backward": {"dZ": "n_out m", "A_prev": "n_in m", "W": "n_out n_in"},
    "init": {"net": "net", "seed": "seed", "dtype": "dtype"},
    "forward": {"net": "net", "params": "params", "X": "n0 m"},
    "cost": {"net": "net", "cache": "cache", "Y": "nL m"},
    "backward": {"net": "net", "params": "params", "cache": "cache", "Y": "nL m"},
    "gradients": {"net": "net", "params": "params", "X": "n0 m", "Y": "nL m", "block_size": "size"},
    "update": {"params": "params", "grads": "grads", "learning_rate": "rate"},
    "predict": {"net": "net", "params": "params", "X": "n0 m"},
    "one_hot": {"labels": "labels", "classes": "classes", "dtype": "dtype"},
    "check_data": {"net": "net", "X": "n0 m", "Y": "nL m"},
}


class Misfit(Exception):
    """The call should be a ShapeError."""


class Fault(Exception):
    """The call should be a ValueError."""


class Judge:
    """One call's axes and dtype, as they become known."""

    def __init__(self, columns):
        self.columns, self.axes, self.dtypes, self.faults = columns, {}, set(), []

    def need(self, holds):
        if not holds:
            raise Misfit

    def array(self, value, dims):
        self.need(isinstance(value, np.ndarray | np.generic))
        self.need(not isinstance(value, np.matrix | np.ma.MaskedArray))
        self.need(value.dtype.name in FLOATS)
        dims = dims.split() if self.columns else dims.split()[::-1]
        self.need(value.ndim == len(dims) and 0 not in value.shape)
        for dim, size in zip(dims, value.shape, strict=True):
            self.need((1 if dim == "1" else self.axes.setdefault(dim, size)) == size)
        self.dtypes.add(value.dtype.name)

    def layers(self, value, kind):
        self.need(isinstance(value, tuple))
        self.need(self.axes.setdefault("L", len(value)) == len(value))
        for l, layer in enumerate(value, 1):
            self.need(isinstance(layer, kind))
            self.array(layer[0], f"n{l} n{l - 1}")
            self.array(layer[1], f"n{l} 1")

    def whole(self, value, least):
        try:
            # Before NumPy 2.3 its booleans have an __index__, which warns.
            old = isinstance(value, np.bool_) and hasattr(value, "__index__")
            number = least - 1 if old else index(value)
        except TypeError:
            # What has an __index__ is refused for its value, all else for its class.
            if hasattr(value, "__index__"):
                self.faults.append("no whole number")
                return
            raise Misfit from None
        if number < least:
            self.faults.append("too small")

    def argument(self, name, what, value):
        if what == "net":
            self.need(isinstance(value, Network))
            sizes = {f"n{l}": size for l, size in enumerate(value.sizes)}
            self.axes |= sizes | {"L": value.L, "nL": value.sizes[-1]}
        elif what in ("params", "grads"):
            self.layers(value, Layer if what == "params" else Gradient)
        elif what == "cache":
            self.need(isinstance(value, Cache))
            L = self.axes["L"]
            for items, first in ((value.Z, 1), (value.A, 0)):
                self.need(isinstance(items, tuple) and len(items) == L + 1 - first)
                for l, item in enumerate(items, first):
                    self.array(item, f"n{l} m")
        elif what == "name":
            self.need(isinstance(value, str))
            if value not in (*ACTIVATIONS, "softmax"):
                self.faults.append("no such activation")
        elif what == "seed":
            self.whole(value, 0)
        elif what == "classes":
            self.whole(value, 1)
        elif what == "size":
            if value is not None:
                self.whole(value, 1)
        elif what == "dtype":
            try:
                self.faults += ["dtype"] * (
                    value is not None and np.dtype(value).name not in FLOATS
                )
            except TypeError:
                self.faults.append("dtype")
        elif what == "rate":
            if isinstance(value, np.ndarray | np.generic) and not isinstance(value, float):
                self.array(value, "")
            else:
                self.need(isinstance(value, float | int))
        elif what == "labels":
            self.need(isinstance(value, np.ndarray))
            self.need(not isinstance(value, np.matrix | np.ma.MaskedArray))
            self.need(value.dtype.kind in "iu" and value.ndim == 1 and value.size > 0)
        else:
            self.array(value, what)


def verdict(name, columns, arguments):
    """Misfit, Fault or None: what a call of a public function should come to."""
    judge = Judge(columns)
    try:
        in_order = sorted(TABLE[name].items(), key=lambda one: one[1] != "net")
        for argument, what in in_order:
            if argument in arguments:
                judge.argument(argument, what, arguments[argument])
        judge.need(len(judge.dtypes) < 2)
        rate = arguments.get("learning_rate")
        wide = type(rate) is np.float64 and judge.dtypes - {"float64"}
        judge.need(not (name == "update" and wide and arguments["params"]))
    except Misfit:
        return Misfit
    if judge.faults:
        return Fault
    if name == "one_hot":
        labels, classes = arguments["labels"].tolist(), index(arguments["classes"])
        return None if all(0 <= label < classes for label in labels) else Fault
    if name == "predict":
        net = arguments["net"]
        return None if net.sizes[-1] > 1 or net.output == "sigmoid" else Fault
    if name == "check_data":
        X, Y = (np.asarray(arguments[one], dtype=float) for one in "XY")
        return None if _usable(arguments["net"].loss, X, Y if columns else Y.T) else Fault
    return None


def _usable(loss, X, Y):
    if not (np.isfinite(X).all() and np.isfinite(Y).all()):
        return False
    if loss == "squared_error":
        return True
    if Y.min() < 0 or Y.max() > 1:
        return False
    return loss == "log_loss" or bool((np.abs(Y.sum(axis=0) - 1) <= 1e-4).all())


# The formulas, with examples as columns.


def g(name, Z):
    if name == "softmax":
        return np.exp(log_softmax(Z))
    return {
        "sigmoid": lambda: np.where(Z > 0, 1, np.exp(-abs(Z))) / (1 + np.exp(-abs(Z))),
        "tanh": lambda: np.tanh(Z),
        "relu": lambda: np.where(Z > 0, Z, 0),
        "leaky_relu": lambda: np.where(Z > 0, Z, Z * np.longdouble(0.01)),
        "identity": lambda: Z,
    }[name]()


def log_softmax(Z):
    top = Z.max(axis=0)
    return Z - top - np.log(np.exp(Z - top).sum(axis=0))


def pulled_back(name, dA, Z):
    """dZ from dA."""
    A = g(name, Z)
    if name == "softmax":
        return A * dA - A * (A * dA).sum(axis=0)
    slope = {
        "sigmoid": lambda: A * g("sigmoid", -Z),
        "tanh": lambda: 1 / np.cosh(Z) ** 2,
        "relu": lambda: np.where(Z > 0, 1, 0),
        "leaky_relu": lambda: np.where(Z > 0, 1, np.longdouble(0.01)),
        "identity": lambda: 1,
    }[name]()
    return dA * slope


def forward(net, params, X):
    Z, A = [], [X]
    for l, (W, b) in enumerate(params, 1):
        Z.append(np.einsum("oi,im->om", W, A[-1]) + b)
        A.append(g(net.hidden if l < net.L else net.output, Z[-1]))
    return Cache(tuple(Z), tuple(A))


def cost(net, cache, Y):
    Z, m = cache.Z[-1], Y.shape[1]
    if net.loss == "cross_entropy":
        return -(Y * log_softmax(Z)).sum() / m
    if net.loss == "log_loss":
        return (np.where(Z > 0, Z, 0) - Y * Z + np.log1p(np.exp(-abs(Z)))).sum() / m
    return ((cache.A[-1] - Y) ** 2).sum() / m


def weights(dZ, A_prev):
    m = dZ.shape[1]
    return Gradient(np.einsum("om,im->oi", dZ, A_prev) / m, dZ.mean(axis=1)[:, None])


def backward(net, params, cache, Y):
    if net.loss == "squared_error":
        dZ = pulled_back(net.output, 2 * (cache.A[-1] - Y), cache.Z[-1])
    else:
        dZ = cache.A[-1] - Y
    found = []
    for l in range(net.L - 1, -1, -1):
        found.insert(0, weights(dZ, cache.A[l]))
        if l:
            dZ = pulled_back(net.hidden, np.einsum("oi,om->im", params[l].W, dZ), cache.Z[l - 1])
    return tuple(found)


def gradients(net, params, X, Y):
    cache = forward(net, params, X)
    return cost(net, cache, Y), backward(net, params, cache, Y)


def answer(name, arguments):
    """What a call should give, of columns in long doubles."""
    a = arguments
    if name == "linear_forward":
        return np.einsum("oi,im->om", a["W"], a["A_prev"]) + a["b"]
    if name == "linear_backward":
        dA_prev = np.einsum("oi,om->im", a["W"], a["dZ"])
        return dA_prev, *weights(a["dZ"], a["A_prev"])
    if name == "gradients":
        return gradients(*(a[one] for one in ("net", "params", "X", "Y")))
    if name == "update":
        return tuple(
            Layer(W - a["learning_rate"] * dW, b - a["learning_rate"] * db)
            for (W, b), (dW, db) in zip(a["params"], a["grads"], strict=True)
        )
    functions = {
        "softmax": lambda Z: g("softmax", Z),
        "log_softmax": log_softmax,
        "activation_forward": lambda Z, activation: g(activation, Z),
        "activation_backward": lambda dA, Z, activation: pulled_back(activation, dA, Z),
        "weights_backward": weights,
        "forward": forward,
        "cost": cost,
        "backward": backward,
        "check_data": lambda net, X, Y: None,
    }
    return functions[name](**a)


def near_a_kink(name, arguments, tolerance):
    """Whether rounding may decide on which side of a relu's kink a number lies."""
    net = arguments.get("net")
    if name == "gradients" and "relu" in f"{net.hidden} {net.output}":
        cache = forward(net, arguments["params"], arguments["X"])
        return min(float(abs(Z).min()) for Z in cache.Z) < tolerance
    return False
