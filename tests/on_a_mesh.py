"""A program of its own for ``test_mesh.py``: gradients on eight simulated devices, as JSON.

How many devices JAX simulates is settled when it starts, and pytest's process has one.
"""

import json
from functools import partial

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding
from problems import problem, relative

from shapecheck_bp import Network, column, row

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_enable_x64", True)

NETS = {1: Network((16, 8)), 3: Network((16, 24, 8, 8), "tanh")}
EXAMPLES = 32


def facts(program, inputs, wanted):
    """What a compiled program exchanges, and how its J and gradients compare."""
    compiled = jax.jit(program).lower(*inputs).compile()
    J, grads = compiled(*inputs)
    pairs = [(J, wanted[0])]
    for here, there in zip(grads, wanted[1], strict=True):
        pairs += [(here.dW, there.dW), (here.db, there.db)]
    return {
        "text": compiled.as_text(),
        "apart": max(relative(np.asarray(here), there) for here, there in pairs),
        "replicated": all(here.sharding.is_fully_replicated for here, _ in pairs),
    }


def refusal(program, inputs):
    """What JAX says instead of compiling it."""
    try:
        jax.jit(program).lower(*inputs)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def told(bp, depth):
    """One convention and depth, on each kind of mesh, and with features spread instead."""
    net, *arrays = problem(bp, NETS[depth], m=EXAMPLES)
    wanted = bp.gradients(net, *arrays)
    gradients = partial(bp.gradients, net)
    axis = bp.EXAMPLES_AXIS

    def mesh(*axis_types):
        return jax.make_mesh((8,), ("m",), *axis_types)

    def spread(mesh, axis):
        params, *data = arrays
        along = NamedSharding(mesh, jax.P(*[None] * axis, "m"))
        return jax.device_put(params, NamedSharding(mesh, jax.P())), *jax.device_put(data, along)

    auto, explicit, default = mesh((AxisType.Auto,)), mesh((AxisType.Explicit,)), mesh()
    everywhere = NamedSharding(default, jax.P())
    on_default = jax.sharding.auto_axes(gradients, out_sharding=everywhere)
    return {
        "auto": facts(gradients, spread(auto, axis), wanted),
        "default": facts(on_default, spread(default, axis), wanted),
        "features": facts(gradients, spread(auto, 1 - axis), wanted),
        "refused": refusal(gradients, spread(explicit, axis)),
    }


if __name__ == "__main__":
    found = {
        bp.__name__.rpartition(".")[2]: {depth: told(bp, depth) for depth in NETS}
        for bp in (column, row)
    }
    print(json.dumps(found))
