"""Both conventions side by side, step by step, as one page of HTML to look at and to try.

A network comes in, ``page`` gives the page. In the order in which they are read:

    steps      one gradient, step by step, by the library's functions; a formula may be exchanged
               for one with a mistake in it, of the table beside this room
    telling    what is said at each step
    writing    the page, from ``lesson.html``, ``lesson.css``, ``entries.js`` and ``drawing.js``
"""

from shapecheck_bp.derivations.lesson.writing import page

__all__ = ["page"]
