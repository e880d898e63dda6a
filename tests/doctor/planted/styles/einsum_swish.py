import numpy as np

np_e = np.einsum


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def swish(x):
    return x * sigmoid(x)


def d_swish(x):
    s = sigmoid(x)
    return s + x * s * (1 - s)


def sgd_step(theta, batch, lr=0.02):
    """theta = (w_in, b_in, w_mid, b_mid, w_out, b_out); gives the new theta and the loss."""
    w_in, b_in, w_mid, b_mid, w_out, b_out = theta
    x, onehot = batch
    n = x.shape[0]

    u = np_e("ni,ij->nj", x, w_in) + b_in
    f = swish(u)
    v = np_e("nj,jk->nk", f, w_mid) + b_mid
    g = swish(v)
    logits = np_e("nk,kc->nc", g, w_out) + b_out
    expd = np.exp(logits - np.amax(logits, axis=1)[:, None])
    prob = expd / np_e("nc->n", expd)[:, None]
    loss = -np_e("nc,nc->", onehot, np.log(prob)) / n

    e_logits = (prob - onehot) / n
    e_w_out = np_e("nk,nc->kc", g, e_logits)
    e_b_out = np_e("nc->c", e_logits)
    e_g = np_e("nc,kc->nk", e_logits, w_out)
    e_v = e_g * d_swish(v)
    e_w_mid = np_e("nj,nk->jk", f, e_v)
    e_b_mid = np_e("nk->k", e_v)
    e_f = np_e("nk,jk->nj", e_v, w_mid)
    e_u = e_f * d_swish(u)
    e_w_in = np_e("ni,nj->ij", x, e_u)
    e_b_in = np_e("nj->j", e_u)

    grads = (e_w_in, e_b_in, e_w_mid, e_b_mid, e_w_out, e_b_out)
    return tuple(p - lr * e for p, e in zip(theta, grads)), loss
