"""Reading: a person's own array code, as it stands and as it runs.

In comes a call, or an exception; out come the shapes of every line, silent broadcasts, and which
expression failed on what, with what to write for it. To be read in this order:

    values        what an expression comes to, as far as that can be known without doing anything
    failing       which expression of a person's code an exception came out of
    variants      other ways to write it; repairs, which of them work
    explaining    ``explain`` and ``explanation``
    instrument    a person's code with every expression noted; passing, what it passes through
    sources       a file, and the noted code of its functions; live, where that is put in place
    reached       which functions a call may come to
    notes         what is noted; records, of one expression
    labels        where the axes of an array come from; meetings, which broadcasts are silent;
                  broadcasts, the same in words
    state         what a call may change; copies, how that is copied
    running       ``read``: a call made once, and again with something changed; listing, as text
    scripts       the same for code at the top of a file: scripts and cells, and what they import
    notebook      ``%load_ext shapecheck_bp``; pytest_plugin, pytest's ``--explain-shapes``
"""

from shapecheck_bp.reading.broadcasts import Broadcast
from shapecheck_bp.reading.explaining import Explanation, explain, explanation
from shapecheck_bp.reading.running import Reading, read

__all__ = ["Broadcast", "Explanation", "Reading", "explain", "explanation", "read"]
