"""A finished picture: matplotlib's figure, and the same in words."""

from io import BytesIO
from os import PathLike
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, FAINT, PAPER = "#222222", "#9a9a9a", "#ffffff"
DOTS_PER_INCH = 110


class Picture:
    """A picture that a notebook shows, that says in words what is on it, and can be saved."""

    def __init__(self, figure: "Figure", words: str) -> None:
        self.figure, self.words = figure, words

    def save(self, path: str | PathLike[str] | IO[bytes], **options: Any) -> None:
        """Write it to a file, in the format that its ending names; options are savefig's."""
        self.figure.savefig(path, **{"dpi": DOTS_PER_INCH} | options)

    def __repr__(self) -> str:
        return f"Picture: {self.words}"

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        # Without the version of matplotlib, so that the same picture is the same file.
        self.save(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches.

    Raises:
        ImportError: matplotlib is missing; it says how to get it.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "shapecheck_bp.tracing.draw needs matplotlib: pip install 'shapecheck-bp[draw]'"
        ) from error
    return Figure(figsize=(width, height), facecolor=PAPER)
