import numpy as np

# smallest net I could get to learn XOR-like tables. no bias


def sig(x, slope=False):
    # careful: with slope=True x has to be what came OUT of sig
    if slope:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


def weights(n_in, n_hid, n_out, seed=1):
    gen = np.random.default_rng(seed)
    wa = 2 * gen.random((n_in, n_hid)) - 1
    wb = 2 * gen.random((n_hid, n_out)) - 1
    return wa, wb


def learn(table, answers, wa, wb, rounds=1, speed=0.5):
    for r in range(rounds):
        mid = sig(np.dot(table, wa))
        out = sig(np.dot(mid, wb))

        # how far off are we?
        miss = answers - out
        push_out = miss * sig(out, slope=True)

        # blame for every hidden value
        blame = push_out.dot(wb.T)
        push_mid = blame * sig(mid, slope=True)

        wb += speed * mid.T.dot(push_out)
        wa += speed * table.T.dot(push_mid)
    return out
