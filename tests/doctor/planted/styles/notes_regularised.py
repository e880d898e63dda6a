import numpy as np

# W1: D x H, W2: H x K, data in rows, labels are integers


def init(D, H, K, rng, std=0.5):
    p = {}
    p['W1'] = std * rng.standard_normal((D, H))
    p['b1'] = 0.1 * rng.standard_normal(H)
    p['W2'] = std * rng.standard_normal((H, K))
    p['b2'] = 0.1 * rng.standard_normal(K)
    return p


def objective(p, X, labels, lam=0.0):
    n = len(labels)
    W1, W2 = p['W1'], p['W2']

    pre = X.dot(W1) + p['b1']
    hid = np.maximum(pre, 0)
    logits = hid.dot(W2) + p['b2']

    # log-softmax the stable way
    logits -= logits.max(axis=1, keepdims=True)
    soft = np.exp(logits)
    soft /= soft.sum(axis=1, keepdims=True)
    fit = -np.log(soft[np.arange(n), labels]).sum() / n
    penalty = lam / 2 * ((W1 ** 2).sum() + (W2 ** 2).sum())

    # gradient. soft is not needed any more, so work in it
    g = {}
    dlogits = soft
    dlogits[np.arange(n), labels] -= 1
    dlogits /= n

    g['W2'] = hid.T.dot(dlogits)
    g['b2'] = dlogits.sum(axis=0)
    dhid = dlogits.dot(W2.T)
    dhid[hid <= 0] = 0
    g['W1'] = X.T.dot(dhid)
    g['b1'] = dhid.sum(axis=0)

    g['W2'] += lam * W2
    g['W1'] += lam * W1
    return fit + penalty, g
