import numpy as np

# plain recurrent net that guesses the next letter; letters are numbers 0..A-1
# U: letter -> state, R: state -> state, O: state -> letter   (all act on column vectors)


def one_pass(letters, nexts, s0, U, R, O, c, d):
    T = len(letters)
    A, S = O.shape
    states = {-1: s0}
    guesses = []
    cost = 0.0
    for k in range(T):
        states[k] = np.tanh(U[:, [letters[k]]] + R @ states[k - 1] + c)
        logit = O @ states[k] + d
        e = np.exp(logit - logit.max())
        q = e / e.sum()
        guesses.append(q)
        cost -= np.log(q[nexts[k], 0])

    gU = np.zeros_like(U)
    gR = np.zeros_like(R)
    gO = np.zeros_like(O)
    gc = np.zeros_like(c)
    gd = np.zeros_like(d)
    later = np.zeros((S, 1))
    for k in range(T - 1, -1, -1):
        err = guesses[k].copy()
        err[nexts[k]] -= 1.0
        gO += err @ states[k].T
        gd += err
        ds = O.T @ err + later
        dpre = ds * (1 - states[k] ** 2)
        gR += dpre @ states[k - 1].T
        gU[:, [letters[k]]] += dpre
        gc += dpre
        later = R.T @ dpre
    for grad in (gU, gR, gO, gc, gd):
        np.clip(grad, -50, 50, out=grad)  # just in case
    return cost, (gU, gR, gO, gc, gd), states[T - 1]
