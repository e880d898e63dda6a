"""Training runs on top of one another."""

from collections.abc import Sequence

import numpy as np

from shapecheck_bp.tracing.colours import EXAMPLES, INPUTS, OUTPUTS
from shapecheck_bp.tracing.draw.picture import FAINT, INK, Picture, new_figure

COLOURS = (INPUTS, EXAMPLES, OUTPUTS)
STYLES = ("-", "--", ":")  # the later ones let the earlier ones be seen through them


def curves(**costs: Sequence[float]) -> Picture:
    """The cost J of every epoch, a line for each run, by the names to show.

    Raises:
        ValueError: no run, or one that has not a cost for each epoch.
    """
    if not costs:
        raise ValueError("curves: expected a run's costs by name; got none")
    for name, run in costs.items():
        if np.ndim(run) != 1 or np.size(run) == 0:
            raise ValueError(f"{name}: expected a cost for each epoch; got shape {np.shape(run)}")
    figure = new_figure(7.0, 3.2)
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_axes((0.1, 0.16, 0.87, 0.8))
    for number, (name, run) in enumerate(costs.items()):
        axes.plot(
            range(1, len(run) + 1),
            list(run),
            STYLES[number % len(STYLES)],
            color=COLOURS[number % len(COLOURS)].ink,
            lw=max(5 - 3 * number, 1.5),
            alpha=0.5 if number == 0 and len(costs) > 1 else 1,
            label=name,
        )
    axes.set_xlabel("epoch", color=INK)
    axes.set_ylabel("cost J", color=INK)
    axes.set_ylim(bottom=min(0, *(min(run) for run in costs.values())))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    for text in axes.legend(frameon=False).get_texts():
        text.set_parse_math(False)
    ends = ", ".join(f"{name} from {run[0]:.3g} to {run[-1]:.3g}" for name, run in costs.items())
    return Picture(figure, f"cost J by epoch: {ends}")
