"""The proof: in come the two modules, or copies of them, out come four answers and the equations.

To be read in this order:

    proving      ``prove``, and the argument that the four answers make together
    cases        every public function, with arguments made to its annotations
    arithmetic   what the arrays have in common on which the functions run
    equal        answer 1, on symbols for sizes and entries; symbols, those arrays
    right        answer 2, on a symbol for each entry; entries, those arrays; statements, what
                 should come; zero and shifts, whether an expression is zero
    exact        answer 3, on whole numbers; choices, what is drawn or chosen
    floating     answer 4, on real data; rounding, the bound; numeric, real arguments; oracles,
                 gradients from elsewhere
    report       what a proof found
    equations    the same runs as equations; notation, how they are written
"""

from shapecheck_bp.proof.proving import prove
from shapecheck_bp.proof.report import Answer, Check, Proof

__all__ = ["Answer", "Check", "Proof", "prove"]
