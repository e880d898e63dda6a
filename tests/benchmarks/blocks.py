"""The gradients of ten million examples from a file, in the memory of one block.

    python tests/benchmarks/blocks.py
    python tests/benchmarks/blocks.py --m 1000000 --sizes 784 32 10

Makes a file of m examples (2.56 GB as it stands, in a temporary folder, deleted in the end), maps
it into memory, and goes through it in blocks in both conventions: in ``row`` one example follows
the other in the file, and in ``column``, transposed, the same file is one in Fortran's order. Shows
the time for a hundredth, a tenth and all of it; the most memory that was held, without the file's
own pages, beyond what was held before the first call; and how far the results are from those of
all examples at once, on as many as are given for that.
"""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import argparse
import threading
import time
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from shapecheck_bp import Network, column, flip, row

STATUS = Path("/proc/self/status")
AT_A_TIME = 100_000  # examples to write


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description="The gradients of a file, in blocks.")
    parser.add_argument("--m", type=int, default=10_000_000, help="examples")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 32, 10], help="of the layers")
    parser.add_argument("--block-size", type=int, default=10_000)
    parser.add_argument("--part", type=int, default=100_000, help="examples to do at once as well")
    parser.add_argument("--folder", help="where to make the file; else where temporary ones go")
    chosen = parser.parse_args()
    net, m, block_size = Network(tuple(chosen.sizes)), chosen.m, chosen.block_size
    with TemporaryDirectory(dir=chosen.folder) as folder:
        X, Y = files(Path(folder), net, m)
        held = "anonymous memory" if anonymous() else "memory by tracemalloc"
        table = Table(title=f"{net.sizes}, float32, blocks of {block_size}, X is {size(X.nbytes)}")
        for heading in ("", "examples", "seconds", "ns an example", f"peak of {held}"):
            table.add_column(heading, justify="right" if heading else "left")
        before = anonymous()
        for bp, data in ((column, flip((X, Y))), (row, (X, Y))):
            params = bp.init(net, dtype="float32")
            bp.gradients(net, params, *(first(bp, one, block_size) for one in data), block_size)
            for count in dict.fromkeys(max(1, m // share) for share in (100, 10, 1)):
                some = [first(bp, one, count) for one in data]
                seconds, peak = measured(bp, net, params, some, block_size)
                each = f"{seconds / count * 1e9:.0f}"
                table.add_row(
                    name_of(bp), f"{count:,}", f"{seconds:.2f}", each, size(peak - before)
                )
        console = Console()
        console.print(table)
        part = min(chosen.part, m)
        for bp, data in ((column, flip((X, Y))), (row, (X, Y))):
            some = [first(bp, one, part) for one in data]
            found = distance(bp, net, bp.init(net, dtype="float32"), some, block_size)
            console.print(f"{name_of(bp)}: at most {found:.1f} eps from {part:,} examples at once")
        del X, Y, data, some  # some systems keep a file that is mapped


def files(folder: Path, net: Network, m: int) -> tuple[Any, Any]:
    """Random inputs and targets as rows, written a part at a time, mapped for reading."""
    random = np.random.default_rng(0)
    n, classes = net.sizes[0], net.sizes[-1]
    opened = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", "float32", (m, width))
        for name, width in (("X", n), ("Y", classes))
    }
    for start in range(0, m, AT_A_TIME):
        count = min(AT_A_TIME, m - start)
        opened["X"][start : start + count] = random.random((count, n), dtype="float32")
        labels = random.integers(0, classes, size=count)
        opened["Y"][start : start + count] = np.eye(classes, dtype="float32")[labels]
    for array in opened.values():
        array.flush()
    opened.clear()
    X, Y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("X", "Y"))
    return X, Y


def name_of(bp: ModuleType) -> str:
    """Its name alone."""
    return bp.__name__.rpartition(".")[2]


def first(bp: ModuleType, array: Any, count: int) -> Any:
    """The first examples, still in the file."""
    return array[:, :count] if bp.EXAMPLES_AXIS else array[:count]


def distance(bp: ModuleType, net: Network, params: Any, data: Any, block_size: int) -> float:
    """The largest difference to all at once, relative to the largest entry, in units of eps."""
    found = []
    for size_ in (block_size, None):
        J, grads = bp.gradients(net, params, *data, size_)
        found.append([J, *(array for grad in grads for array in grad)])
    eps = np.finfo("float32").eps
    return max(
        float(np.max(np.abs(a - b)) / np.max(np.abs(b)) / eps) for a, b in zip(*found, strict=True)
    )


def measured(
    bp: ModuleType, net: Network, params: Any, data: Any, block_size: int
) -> tuple[float, int]:
    """The seconds that the gradients take, and the most memory that is held meanwhile."""

    def seconds() -> float:
        started = time.perf_counter()
        bp.gradients(net, params, *data, block_size)
        return time.perf_counter() - started

    if not anonymous():
        took = seconds()
        tracemalloc.start()
        seconds()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return took, peak
    most, done = [anonymous()], threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            most[0] = max(most[0], anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    took = seconds()
    done.set()
    watcher.join()
    return took, most[0]


def anonymous() -> int:
    """The bytes of this process that are no file's, where the system tells; else 0."""
    if not STATUS.exists():
        return 0
    told = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return 1024 * int(told.get("RssAnon", "0 kB").split()[0])


def size(bytes_: int) -> str:
    """In GB or MB."""
    return f"{bytes_ / 1e9:.2f} GB" if bytes_ >= 1e9 else f"{bytes_ / 1e6:.1f} MB"


if __name__ == "__main__":
    main()
