import hashlib
from importlib.resources import files

import numpy as np
import pytest

from shapecheck_bp import flip
from shapecheck_bp.data import digits


def test_sizes_and_values():
    train, held_out = digits("column")
    assert (train.X.shape, held_out.X.shape) == ((64, 1437), (64, 360))
    assert (train.Y.shape, held_out.Y.shape) == ((10, 1437), (10, 360))
    for part in (train, held_out):
        assert set(np.unique(part.X * 16)) <= set(range(17))
        np.testing.assert_array_equal(np.argmax(part.Y, axis=0), part.labels)
        np.testing.assert_array_equal(np.sum(part.Y, axis=0), 1)
        assert np.min(np.bincount(part.labels, minlength=10)) > 20


def test_the_conventions_are_flips():
    for here, there in zip(flip(digits("column")), digits("row"), strict=True):
        for a, b in zip(here, there, strict=True):
            np.testing.assert_array_equal(a, b)


def test_no_example_is_in_both_parts():
    train, held_out = digits("row")
    both = np.concat([train.X, held_out.X])
    assert len(both) == 1797
    assert len(np.unique(both, axis=0)) == 1797


def test_dtypes():
    train, _ = digits("row", dtype="float32")
    assert train.X.dtype == train.Y.dtype == "float32"
    with pytest.raises(ValueError, match="dtype: expected a floating type"):
        digits(dtype="int32")


def test_an_unknown_convention():
    with pytest.raises(ValueError, match="convention: expected 'column' or 'row'; got 'rows'"):
        digits("rows")


def test_the_stored_file_is_the_published_data():
    """Pixel for pixel, by checksum."""
    with np.load(files("shapecheck_bp.data") / "digits.npz") as stored:
        pixels, labels = stored["pixels"], stored["labels"]
    assert pixels.shape == (1797, 64)
    assert pixels.dtype == np.uint8
    digest = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_scikit_learns_copy_is_the_same():
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    published = datasets.load_digits()
    with np.load(files("shapecheck_bp.data") / "digits.npz") as stored:
        np.testing.assert_array_equal(stored["pixels"], published.data)
        np.testing.assert_array_equal(stored["labels"], published.target)


def test_the_licence_lies_beside_the_data():
    notice = (files("shapecheck_bp.data") / "LICENSE-digits.txt").read_text()
    for word in ("Alpaydin", "Kaynak", "10.24432/C50P49", "Creative Commons Attribution 4.0"):
        assert word in notice
