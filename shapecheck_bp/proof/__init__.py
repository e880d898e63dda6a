"""The proof that both conventions give the same gradients, and the right ones.

The law, for every public function f of ``column`` and ``row``:

    row.f(*flip(args)) == flip(column.f(*args))

``prove`` gives two answers to it. Each runs the shipped functions, found by name in ``__all__``,
with their annotations enforced, on another kind of number.

**Right, for all shapes and all values, and so equal** (``right``). The functions run on arrays
whose sizes are the symbols n_0, n_1, …, m and whose entries are symbols too. Such an array is one
formula, for its entry in row i and column j. Its transpose is the same formula with i and j
exchanged; the product A B has the entry Σ_k A[i, k] B[k, j]. Therefore (AB)ᵀ = BᵀAᵀ is no
assumption here, but the same sum of the same products; and so on for the elementwise product, for
g, and for sums over an axis.

The cost J of a network is such a sum as well, and so is its derivative by W[a, b]: the derivative
of a sum is the sum of the derivatives, that of a product comes from each factor in turn, that of
g(z) is g'(z) times that of z, and ∂W[i, k]/∂W[a, b] is 1 where i = a and k = b, and else 0, so that
it picks one term of each sum. For depths 1 to 6, for every output with every loss, the dW and db of
``column`` are that very formula. So are those of ``row``, transposed; and two formulas that are the
same as a third are the same: the law needs no answer of its own. The same is shown of each step by
itself, on any arrays: what it gives is the derivative that the chain rule asks of it. g and g' are
any function and its derivative, and that each g' is the derivative of its g is shown from their own
formulas. Since jaxtyping has accepted every argument and every result with symbols for sizes, no
two of which are equal, the declared shapes hold for all sizes too. Assumed is that under
cross-entropy each example's targets sum to one; ``check_data`` refuses others.

**At every other depth** it is by induction, from the steps. If the layers up to l - 1 are right,
what is shown of ``linear_forward`` and ``activation_forward`` makes layer l right. If dZ[l] is
right, ``linear_backward`` makes dA[l-1], dW[l] and db[l] right, and ``activation_backward``
dZ[l-1]. That the whole is made of these steps in that way is run for depths 1 to 6, and beyond that
it is read: code that asks how many layers there are, or how large an axis is, is refused with the
line where it asks, and a loop's own counter is nowhere compared.

**In blocks.** With a ``block_size`` the gradients are a weighted mean of those of blocks, by code
that both conventions share. Of three examples in blocks of two, J and its derivatives come out as
without blocks, for all widths. The other answer drives it on more.

**In floating point, on real data** (``floating``). That the running code does what its formulas
say is another question, since it rounds. By how much is bounded by the probabilistic analysis of
Higham and Mary, from the values on the way (``rounding`` has the model and the probability). Every
function's result, in either convention and either float type, lies as close to that in float64.
What draws numbers or chooses among them (``init``, ``one_hot``, ``predict``, ``check_data``) has no
formula in real numbers; it is under this answer alone, and held to a statement of its own.

Who wants to be convinced reads ``definitions``: it says what every function should compute, and is
all that has to be believed beside the rules of calculation at the head of ``sums``. The rest:

    proving    ``prove``; cases, what is run and compared; report, what a proof found
    right      answer 1; symbols, arrays of formulas, which the code takes for NumPy's;
               undecided, what it may not ask
    sums       Σ over indices, in one form; numbers, what is summed; factors, what is multiplied in
               them; functions, 1 over a number, exp and its like, and the derivative
    floating   answer 2; rounding, the bound; choices, what is drawn or chosen
    equations  the same run on symbols, as equations
"""

from shapecheck_bp.proof.proving import prove
from shapecheck_bp.proof.report import Answer, Check, Proof

__all__ = ["Answer", "Check", "Proof", "prove"]
