"""Files that are broken, or made to do harm: an error or the same, soon, and in little memory.

``SHAPECHECK_BP_CORRUPTED=1000 pytest tests/layouts/test_hostile.py`` breaks as many of each kind.
"""

import json
import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from shapecheck_bp import Layer, layouts
from shapecheck_bp.layouts import Activation

os.environ.setdefault("KERAS_BACKEND", "jax")
MANY = int(os.environ.get("SHAPECHECK_BP_CORRUPTED", "100"))
LAYOUT = {".npz": "torch", ".safetensors": "torch", ".keras": "keras", ".onnx": "onnx"}
NET = Activation("tanh"), Activation("leaky_relu", 0.3)


def parameters():
    random = np.random.default_rng(0)
    sizes = ((4, 3), (4, 1)), ((2, 4), (2, 1))
    return tuple(Layer(*(random.normal(size=n).astype("float32") for n in pair)) for pair in sizes)


def read(file):
    """Parameters and activations, or the error's words."""
    try:
        found = layouts.inspect(file)
        return found.params(), found.activations
    except ValueError as error:
        return str(error)


def needs(ending):
    for library in {".safetensors": ["safetensors"], ".onnx": ["onnx"],
                    ".keras": ["h5py", "keras"]}.get(ending, []):  # fmt: skip
        pytest.importorskip(library)


def broken(whole, random):
    """A file with bits flipped, cut, with bytes put in, overwritten, or in another order."""
    made = bytearray(whole)
    kind, (at, to) = random.integers(5), sorted(random.integers(0, len(whole), 2))
    if kind == 0:
        made[at] ^= 1 << int(random.integers(8))
    elif kind == 1:
        del made[at : to if random.integers(2) else None]
    elif kind == 2:
        made[at:at] = random.bytes(int(random.integers(1, 9)))
    elif kind == 3:
        made[at : at + 8] = random.bytes(8)
    else:
        made = made[:at] + made[to:] + made[at:to]
    return bytes(made)


@pytest.mark.parametrize("ending", LAYOUT)
@pytest.mark.filterwarnings("ignore:.*not carried")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_corrupted_file_is_an_error_or_the_same(tmp_path, ending):
    needs(ending)
    file, right = tmp_path / f"model{ending}", parameters()
    layouts.save(file, right, LAYOUT[ending], net=NET)
    whole, random, refused = file.read_bytes(), np.random.default_rng(1), 0
    for _ in range(MANY):
        file.write_bytes(broken(whole, random))
        told = read(file)
        if isinstance(told, str):
            refused += 1
            assert told.startswith(f"{file}: ")
            assert len(told) < 1000
            continue
        found, activations = told
        assert all(map(np.array_equal, sum(found, ()), sum(right, ())))
        assert activations == NET
    assert refused > MANY / 2


def onnx_of(nodes, initial=(), shape=("m", 2)):
    from onnx import helper

    ends = [helper.make_tensor_value_info(one, 1, shape) for one in "XY"]
    made = [helper.make_node(kind, inputs, [out], **more) for kind, inputs, out, more in nodes]
    return helper.make_model(helper.make_graph(made, "g", ends[:1], ends[1:], initial))


def beside(name, location, length=16):
    """A matrix whose values are said to be in another file."""
    from onnx import TensorProto

    found = TensorProto(name=name, data_type=1, dims=[2, 2], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", 0), ("length", length)):
        found.external_data.add(key=key, value=str(value))
    return found


def hostile_arrays(folder):
    """Files for which nothing is needed."""
    header = np.lib.format.header_data_from_array_1_0(np.ones((1, 1)))
    for name, shape, size in (("grows", (1 << 12, 6 << 10), 96), ("claims", (1 << 20,) * 2, 0)):
        path = folder / f"{name}.npz"
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made,
            made.open("W1.npy", "w", force_zip64=True) as inside,
        ):
            np.lib.format.write_array_header_1_0(inside, header | {"shape": shape})
            for _ in range(size):
                inside.write(b"\0" * (1 << 20))
    with warnings.catch_warnings(), zipfile.ZipFile(folder / "twice.npz", "w") as made:
        warnings.simplefilter("ignore")  # zipfile says that it is there twice
        made.writestr("W1.npy", b"1")
        made.writestr("W1.npy", b"2")
    np.savez(folder / "objects.npz", W1=np.array([[print]]), b1=np.ones(1))
    (folder / "other.npz").write_bytes(b"\x80\x04cos\nsystem\n(S'false'\ntR.")
    odd = {"layout": "torch", "activations": [[1, 2, 3]]}
    marks = {"list": "[1]", "text": "no json", "number": '{"layout": 5}', "odd": json.dumps(odd)}
    for name, mark in marks.items():
        np.savez(folder / f"{name}.npz", W1=np.ones((2, 2)), b1=np.ones(2), shapecheck_bp=mark)
    np.savez(folder / "long.npz", W1=np.ones((2, 2), "longdouble"), b1=np.ones(2, "longdouble"))
    words = [f"{a}{b}{c}" for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"]
    np.savez(folder / "many.npz", **{f"{a}.weight": np.ones((2, 2)) for a in words})
    escaped = {"\x1b]0;a title\x07.weight": np.ones((2, 2)), "\x1b]0;a title\x07.bias": np.ones(2)}
    np.savez(folder / "escapes.npz", **escaped)
    np.savez(folder / "escaped_error.npz", **escaped, **{"\x1b[31modd": np.ones(2)})
    os.mkfifo(folder / "pipe.npz")
    (folder / "circle.npz").symlink_to(folder / "circle.npz")
    (folder / "folder.npz").mkdir()
    (folder / "device.npz").symlink_to("/dev/zero")


def hostile_safetensors(folder):
    pytest.importorskip("safetensors")
    (folder / "length.safetensors").write_bytes(b"\xff" * 8 + b"{}")
    deep = b'{"a":' * 50_000
    (folder / "deep.safetensors").write_bytes(len(deep).to_bytes(8, "little") + deep)
    for name, ends in (("overlap", [[0, 8], [4, 12]]), ("outside", [[0, 8], [8, 1 << 40]])):
        header = {f"W{i}": {"dtype": "F32", "shape": [2, 1], "data_offsets": one}
                  for i, one in enumerate(ends)}  # fmt: skip
        text = json.dumps(header).encode()
        data = len(text).to_bytes(8, "little") + text + b"\0" * 12
        (folder / f"{name}.safetensors").write_bytes(data)
    named_as_another = folder / "renamed.npz"
    named_as_another.write_bytes(b"\2\0\0\0\0\0\0\0{}")


def hostile_onnx(folder):
    onnx = pytest.importorskip("onnx")
    (folder.parent / "secret").write_bytes(b"\0" * 16)
    (folder / "values").write_bytes(b"\0" * (1 << 24))
    gemm = [("Gemm", ["X", "W"], "Y", {})]
    for name, where in (("above", "../secret"), ("absolute", str(folder.parent / "secret"))):
        model = onnx_of(gemm, [beside("W", where)])
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    same = [beside(f"W{i}", "values", 1 << 24) for i in range(500)]
    chain = [("Gemm", [f"a{i}", f"W{i}"], f"a{i + 1}", {}) for i in range(500)]
    (folder / "alias.onnx").write_bytes(onnx_of(chain, same).SerializeToString())
    links = [("Identity", [f"a{i}"], f"a{i + 1}", {}) for i in range(50_000)]
    links[0], links[-1] = ("Identity", ["X"], "a1", {}), ("Identity", ["a49999"], "Y", {})
    (folder / "chain.onnx").write_bytes(onnx_of(links).SerializeToString())
    circle = [("Relu", ["a"], "b", {}), ("Relu", ["b"], "a", {}), ("Relu", ["X"], "Y", {})]
    (folder / "circle.onnx").write_bytes(onnx_of(circle).SerializeToString())
    huge = onnx.TensorProto(name="W", data_type=1, dims=[1 << 30, 1 << 30])
    (folder / "huge.onnx").write_bytes(onnx_of(gemm, [huge]).SerializeToString())
    W = onnx.numpy_helper.from_array(np.ones((2, 2), "f4"), "W")
    mine = [("Gemm", ["X", "W"], "Y", {"domain": "my.own"})]
    (folder / "domain.onnx").write_bytes(onnx_of(mine, [W]).SerializeToString())
    (folder / "relu.onnx").write_bytes(onnx_of([("Relu", ["X"], "Y", {})]).SerializeToString())


def hostile_keras(folder):
    h5py = pytest.importorskip("h5py")

    def keras(name, config, fill=lambda found: None):
        with h5py.File(folder / "inside.h5", "w") as found:
            fill(found)
        with zipfile.ZipFile(folder / f"{name}.keras", "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("config.json", config)
            made.write(folder / "inside.h5", "model.weights.h5")
        (folder / "inside.h5").unlink()

    secret = folder.parent / "secret.h5"
    with h5py.File(secret, "w") as made:
        made["dense/vars/0"], made["dense/vars/1"] = np.ones((3, 2), "f4"), np.ones(2, "f4")
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 1 << 20}}
    model = {"class_name": "Sequential", "config": {"layers": [dense]}}

    def claims(found):
        place = found.create_group("layers/dense/vars")
        place.create_dataset("0", (1 << 20, 1 << 20), "f4", chunks=(64, 64), compression="gzip")
        place.create_dataset("1", (1 << 20,), "f4", chunks=(64,))

    def elsewhere(found, there="dense/vars"):
        place = found.create_group("layers/dense/vars")
        for name, shape in (("0", (3, 2)), ("1", (2,))):
            layout = h5py.VirtualLayout(shape, "f4")
            layout[...] = h5py.VirtualSource(secret, f"{there}/{name}", shape)
            place.create_virtual_dataset(name, layout)

    def itself(found):  # HDF5 takes it for a source in the same file, and the process ends
        elsewhere(found, there="layers/dense/vars")

    def linked(found):
        found["layers"] = h5py.ExternalLink(secret, "/")

    def circles(found):
        found["layers"] = h5py.SoftLink("/layers")

    keras("claims", json.dumps(model), claims)
    keras("circles", json.dumps(model), circles)
    keras("elsewhere", json.dumps(model), elsewhere)
    keras("linked", json.dumps(model), linked)
    keras("itself", json.dumps(model), itself)
    keras("deep", '{"a":' * 100_000)
    keras("grows", " " * (96 << 20))
    code = {"class_name": "__lambda__", "config": {"value": "aW1wb3J0IG9z"}}
    dense["config"] |= {"units": 2, "activation": code}
    keras("code", json.dumps(model))
    keras("odd", json.dumps({"class_name": "Sequential", "config": [1]}))


READ = """
import sys, time
from pathlib import Path
from shapecheck_bp import layouts
import json
for path in sorted(Path(sys.argv[1]).iterdir()):
    if path.suffix not in (".npz", ".safetensors", ".onnx", ".keras"):
        continue
    begun = time.perf_counter()
    try:
        found = layouts.inspect(path)
        str(found.fits)  # what the file may be is told, if it can be read at all
        told = repr(found.params())
    except ValueError as error:
        told = f"ValueError: {error}"
    except BaseException as error:
        told = f"traceback of {type(error).__name__}: {error}"
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    print(json.dumps([path.name, told, time.perf_counter() - begun, peak]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what memory was")
@pytest.mark.parametrize("make", [hostile_arrays, hostile_safetensors, hostile_onnx, hostile_keras])
def test_a_hostile_file_is_an_error_soon_and_in_little_memory(tmp_path, make):
    folder = tmp_path / "inside"
    folder.mkdir()
    make(folder)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, str(folder)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stderr == ""
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len([*folder.glob("*.*")])
    for name, message, seconds, kilobytes in told:
        assert message.startswith("ValueError: "), (name, message)
        assert len(message) < 1200, (name, message)
        assert "\x1b" not in message, (name, message)
        assert seconds < 10, name
        assert kilobytes < 600_000, name
