"""What is true of the nets beside: each claims its cost's slope, and with one line wrong does not.

``parameters``, ``claimed`` and ``cost`` of a net run its step where they are given it; here they
are given copies, so that a state, such as a generator's, is the same each time.
"""

import copy
import importlib.util
import linecache
import sys
import zlib
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
NAMES = (
    "conv",
    "deepconv",
    "recurrent",
    "lstm",
    "batchnorm",
    "layernorm",
    "attention",
    "embedding",
    "autoencoder",
    "dropout",
)


def imported(path, name):
    """The module in this file, under this name."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def net(name):
    """One of the nets as it stands."""
    return imported(FOLDER / f"{name}.py", f"net_{name}")


def broken(net_module, break_, folder):
    """The net with one line exchanged: written into the folder, and imported from there."""
    source = Path(net_module.__file__)
    lines = source.read_text(encoding="utf-8").splitlines()
    lines[break_["line"] - 1] = break_["instead"]
    text = "\n".join(lines) + "\n"
    name = f"{source.stem}_line_{break_['line']}_{zlib.crc32(text.encode()):08x}"
    path = Path(folder) / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    linecache.checkcache(str(path))
    return imported(path, name)


def claims(net_module):
    """What one step from the start claims of each parameter's gradient."""
    return net_module.claimed(*net_module.make())


def slopes(net_module, h=1e-5):
    """The central difference of the cost along every entry of every parameter."""
    call, args = net_module.make()
    found = {}
    for name, array in net_module.parameters(call, args).items():
        found[name] = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            kept = array[index]
            costs = []
            for moved in (kept + h, kept - h):
                array[index] = moved
                costs.append(net_module.cost(*copy.deepcopy((call, args))))
            array[index] = kept
            found[name][index] = (costs[0] - costs[1]) / (2 * h)
    return found


def distance(claimed, true):
    """How far the claims are from the slopes, relatively, at the best common positive factor."""
    if {name: np.shape(a) for name, a in claimed.items()} != {n: a.shape for n, a in true.items()}:
        return np.inf
    a = np.concatenate([np.ravel(claimed[name]) for name in true])
    b = np.concatenate([np.ravel(true[name]) for name in true])
    factor = max(a @ b, 0) / (a @ a)
    return np.linalg.norm(factor * a - b) / np.linalg.norm(b)
