"""The proof: in come the two modules, or copies of them, out come two answers and the equations.

To be read in this order:

    proving      ``prove``, and the argument that the two answers make together
    definitions  what a network is and what its gradients are, as index sums
    sums         numbers written with index sums: one form for equal ones, and the derivative;
                 factors, what is multiplied; indices, what is summed over; functions, exp and its
                 like
    symbols      arrays of such numbers; undecided, their sizes; arithmetic, what runs code on them
    right        answer 1: what the code computes is what ``definitions`` gives; cases, what is run
    floating     answer 2, on real data; rounding, the bound; choices, what is drawn or chosen
    report       what a proof found
    equations    the same symbols as equations; notation, how they are written

Who wants to be convinced reads ``definitions``, and checks the few lines at the head of ``sums``.
"""

from shapecheck_bp.proof.proving import prove
from shapecheck_bp.proof.report import Answer, Check, Proof

__all__ = ["Answer", "Check", "Proof", "prove"]
