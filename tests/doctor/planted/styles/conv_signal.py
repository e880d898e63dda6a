import numpy as np

# 1-D convolution net for short signals:
#   signal (N, C, T) -> K filters of width F -> relu -> flatten -> dense -> number


def conv(x, filt, off):
    N, C, T = x.shape
    K, _, F = filt.shape
    out = np.zeros((N, K, T - F + 1))
    for n in range(N):
        for k in range(K):
            for t in range(T - F + 1):
                out[n, k, t] = np.sum(x[n, :, t:t + F] * filt[k]) + off[k]
    return out


def conv_grad(x, filt, dout):
    dfilt = np.zeros_like(filt)
    doff = np.zeros(filt.shape[0])
    F = filt.shape[2]
    for n in range(dout.shape[0]):
        for k in range(dout.shape[1]):
            for t in range(dout.shape[2]):
                dfilt[k] += dout[n, k, t] * x[n, :, t:t + F]
                doff[k] += dout[n, k, t]
    return dfilt, doff


def step(x, target, filt, off, dense, dense_off):
    pre = conv(x, filt, off)
    act = np.maximum(0.0, pre)
    flat = act.reshape(act.shape[0], -1)
    guess = flat @ dense + dense_off

    diff = guess - target
    d_dense = flat.T @ diff
    d_dense_off = diff.sum(axis=0)
    d_flat = diff @ dense.T
    d_act = d_flat.reshape(act.shape)
    d_pre = d_act * (pre > 0)
    d_filt, d_off = conv_grad(x, filt, d_pre)
    return {"filt": d_filt, "off": d_off, "dense": d_dense, "dense_off": d_dense_off}
