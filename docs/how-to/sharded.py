"""Train the digits on more than one device, each batch's examples spread over a mesh of JAX's.

    python docs/how-to/sharded.py --devices 8      eight, simulated on the CPU
    python docs/how-to/sharded.py                  those that this machine has

The two modules know nothing of it. The arrays say where they lie: X and Y are spread along their
axis of examples, and every device has all parameters. Forward and backward, each example is on its
own until dW and db sum over all of them, and J too; there XLA puts in one all-reduce. (It takes up
to 256 arrays together, which is enough for 127 layers.) On JAX's default mesh, whose axes are
Explicit, ``jax.sharding.auto_axes(…, out_sharding=…)`` around the step says where dW is to lie.

On several hosts the same program runs on each. ``jax.distributed.initialize`` makes one mesh of all
their devices, and each process holds its share of the examples:
``jax.make_array_from_process_local_data`` makes of the shares one array that no host has whole. One
host is the coordinator, and where SLURM, Open MPI or Kubernetes has started the processes JAX finds
out by itself; ``--distributed`` alone will do.

    … --coordinator 10.0.0.1:1234 --processes 2 --process 0   on one host
    … --coordinator 10.0.0.1:1234 --processes 2 --process 1   on the other
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from shapecheck_bp import column, row
from shapecheck_bp.data import digits
from shapecheck_bp.data.settings import whole_number
from shapecheck_bp.network import Network

CONVENTIONS = {"column": column, "row": row}
COLLECTIVES = (
    "all-reduce",
    "all-gather",
    "all-to-all",
    "collective-broadcast",
    "collective-permute",
    "reduce-scatter",
)


def collectives(program: str) -> Counter[str]:
    """How often each kind of exchange between devices stands in a compiled program's text.

    >>> collectives("%d, %e = (f64[3], f64[]) all-reduce(%b, %c), to_apply=%add")
    Counter({'all-reduce': 1})
    """
    return Counter(re.findall(rf"\b({'|'.join(COLLECTIVES)})(?:-start)?\(", program))


def batches(
    m: int, batch_size: int, devices: int, random: np.random.Generator
) -> Iterator[np.ndarray[Any, Any]]:
    """One epoch's batches, as ``fit`` draws them, each as many examples to every device.

    What of m does not divide by the number of devices sits out; in the next epoch it is others.

    >>> [len(batch) for batch in batches(23, 8, 4, np.random.default_rng(0))]
    [8, 8, 4]
    """
    order = random.permutation(m)[: m - m % devices]
    return (order[start : start + batch_size] for start in range(0, len(order), batch_size))


def run(
    bp: ModuleType, *, epochs: int, batch_size: int, learning_rate: float, seed: int = 0
) -> None:
    """Train on all devices of all processes, and print what came of it.

    Args:
        bp: ``shapecheck_bp.column`` or ``shapecheck_bp.row``.
        epochs: how often the digits are gone through.
        batch_size: examples to a step, a multiple of the number of devices.
        learning_rate: the step's size.
        seed: of the parameters at the start, and of the order of examples.
    """
    jax: Any = import_module("jax")
    devices, processes = jax.device_count(), jax.process_count()
    axis = bp.EXAMPLES_AXIS
    mesh = jax.make_mesh((devices,), ("m",), axis_types=(jax.sharding.AxisType.Auto,))
    everywhere = jax.sharding.NamedSharding(mesh, jax.P())
    spread = jax.sharding.NamedSharding(mesh, jax.P(*[None] * axis, "m"))

    net = Network((64, 32, 10))
    train, held_out = digits(bp.__name__.rpartition(".")[2])
    m = train.X.shape[axis]

    def step(params: Any, X: Any, Y: Any) -> Any:
        J, grads = bp.gradients(net, params, X, Y)
        return J, bp.update(params, grads, learning_rate)

    def place(array: np.ndarray[Any, Any], batch: np.ndarray[Any, Any]) -> Any:
        mine = np.split(batch, processes)[jax.process_index()]
        share = np.take(array, mine, axis=axis)
        return jax.make_array_from_process_local_data(spread, share)

    jitted = jax.jit(step, out_shardings=everywhere)
    params = jax.device_put(bp.init(net, seed), everywhere)
    print(f"process {jax.process_index()} of {processes}, {devices} devices: {mesh}")
    rest = f"; {m % devices} sit out, others in each epoch" if m % devices else ""
    print(f"{m} digits in batches of {batch_size}{rest}")
    some = np.arange(batch_size)
    program = jitted.lower(params, place(train.X, some), place(train.Y, some)).compile().as_text()
    print(f"the compiled step has {dict(collectives(program)) or 'no exchange between devices'}")

    random = np.random.default_rng(seed)
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in batches(m, batch_size, devices, random):
            J, params = jitted(params, place(train.X, batch), place(train.Y, batch))
            total += float(J) * len(batch)
        print(f"epoch {epoch:2}   cost J {total / (m - m % devices):.12f}")

    labels = bp.predict(net, jax.device_get(params), held_out.X)
    print(f"held-out accuracy {np.mean(labels == held_out.labels):.2%}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, tell JAX about devices and hosts, and train."""
    parser = argparse.ArgumentParser(
        prog="python docs/how-to/sharded.py",
        description="Train the digits with each batch's examples spread over JAX's devices.",
    )
    add = parser.add_argument
    add("--convention", choices=CONVENTIONS, default="column", help="default: column")
    add("--epochs", type=positive, default=5, metavar="N", help="default: 5")
    add("--batch-size", type=positive, default=32, metavar="N", help="default: 32")
    add("--learning-rate", type=float, default=0.3, metavar="R", help="default: 0.3")
    add("--devices", type=positive, metavar="N", help="simulate N on this machine's CPU")
    add = parser.add_argument_group("several hosts").add_argument
    add("--distributed", action="store_true", help="this process is one of several")
    add("--coordinator", metavar="HOST:PORT", help="where process 0 listens")
    add("--processes", type=positive, metavar="N", help="how many there are")
    add("--process", type=int, metavar="I", help="which this one is, from 0")
    options = parser.parse_args(arguments)

    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    if options.devices is not None:
        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_num_cpu_devices", options.devices)
    named = (options.coordinator, options.processes, options.process)
    if options.distributed or any(one is not None for one in named):
        jax.distributed.initialize(*named)
    if options.batch_size % jax.device_count():
        parser.error(
            f"--batch-size: expected a multiple of the {jax.device_count()} devices;"
            f" got {options.batch_size}"
        )
    run(
        CONVENTIONS[options.convention],
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
    )


def positive(text: str) -> int:
    """A whole number from 1 up, as an option."""
    return whole_number("the number", int(text), least=1)


if __name__ == "__main__":
    main()
