"""The doctor: in comes a step of somebody's own code, out comes which line of it is wrong.

To be read in this order:

    diagnosing     ``diagnose``: the questions that are put to a step, one after the other
    opening        a step of a call, a script or a function; loops, one turn; parts, of its data
    steps          the step, run again and again; runs, what one run notes;
                   program, with lines of it changed; edits, how they are changed;
                   arrays, what it holds; streams, what generators give it; guarding, what it is
                   kept from
    claims         what it steps and returns; reach, what moves with each of these
    costs          what may be its cost; weighed, where its error is changed before it goes back;
                   truth, how the cost moves
    judging        whether that fits; usual, by which factors; verdicts, what is said of each claim;
                   decays, of weights; aside and norms, what is left out; behind, a cost that is
                   computed after the step; unread and unstepped, what
                   nothing moves with, or what does not move; remarks, on what is right
    points         the step from other values of its parameters
    turns          the second step, other rules, and what an optimiser keeps
    backward       what each array is: of the forward pass, a gradient, or neither
    blaming        which of them is the mistake; solving, for a value that would be right;
                   odd, what is right but for a factor; causes, where it comes from
    changes        what could be written for a line, with the names of scopes, which functions have
                   in_hand; writing, how it then reads; foreseeing, which need no run;
                   mending, what helps; naming, which of the table's mistakes that was
    repairing      one mistake after the other; telling, what is said of parameters and lines
    report         the diagnosis, as text and as HTML
    scripts        the doctor on a file; notebook, ``%%diagnose``

For a function of (params, X, Y) and a ``Network`` a problem is made, and mistakes have names:

    of_network     ``diagnose`` for these
    styles         how people write parameters and gradients; patient, a function that is called so
    probe          problems on which mistakes show
    sick           backprop with a mistake of the table in it, which ``derivations`` has
    matching       which of them give the numbers that came out; scales, losses of one's own
    findings       what is said of it; unknown, where the table has nothing; remedies, the fix
    by_itself      what is right for its own forward pass, and the line where it is not
"""

from shapecheck_bp.doctor.diagnosing import diagnose
from shapecheck_bp.doctor.report import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "diagnose"]
