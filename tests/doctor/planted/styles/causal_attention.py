import numpy as np

# one pre-norm attention layer of a small language model, all heads at once
# shapes: B sentences, T tokens, C channels, H heads of D = C // H


def layernorm(x, g):
    xc = x - x.mean(axis=-1, keepdims=True)
    rstd = 1 / np.sqrt((xc**2).mean(axis=-1, keepdims=True) + 1e-5)
    norm = xc * rstd
    return norm * g, (norm, rstd)


def heads(x, H):
    B, T, C = x.shape
    return x.reshape(B, T, H, C // H).transpose(0, 2, 1, 3)


def unheads(x):
    B, H, T, D = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, H * D)


def loss_and_grads(w, tokens, targets, H=2):
    B, T = tokens.shape
    C = w["wte"].shape[1]
    x = w["wte"][tokens] + w["wpe"][:T]
    xn, (norm, rstd) = layernorm(x, w["ln_g"])
    qkv = xn @ w["c_attn"]
    q, k, v = (heads(part, H) for part in np.split(qkv, 3, axis=-1))
    scale = (C // H) ** -0.5
    logit = q @ k.swapaxes(-1, -2) * scale
    future = np.triu(np.ones((T, T), dtype=bool), 1)
    logit = np.where(future, -1e9, logit)
    att = np.exp(logit - logit.max(axis=-1, keepdims=True))
    att = att / att.sum(axis=-1, keepdims=True)
    mixed = unheads(att @ v)
    res = x + mixed @ w["c_proj"]
    scores = res @ w["lm_head"]
    scores = scores - scores.max(axis=-1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    b_ix, t_ix = np.arange(B)[:, None], np.arange(T)
    loss = -np.log(probs[b_ix, t_ix, targets]).sum() / (B * T)

    dw = {}
    dscores = probs.copy()
    dscores[b_ix, t_ix, targets] -= 1
    dscores = dscores / (B * T)
    dw["lm_head"] = np.einsum("btc,btv->cv", res, dscores)
    dres = dscores @ w["lm_head"].T
    dw["c_proj"] = np.einsum("bti,bto->io", mixed, dres)
    dmixed = heads(dres @ w["c_proj"].T, H)
    datt = dmixed @ v.swapaxes(-1, -2)
    dv = att.swapaxes(-1, -2) @ dmixed
    dlogit = att * (datt - (datt * att).sum(axis=-1, keepdims=True))
    dq = dlogit @ k * scale
    dk = dlogit.swapaxes(-1, -2) @ q * scale
    dqkv = np.concatenate([unheads(dq), unheads(dk), unheads(dv)], axis=-1)
    dw["c_attn"] = np.einsum("bti,bto->io", xn, dqkv)
    dxn = dqkv @ w["c_attn"].T
    dw["ln_g"] = (dxn * norm).sum(axis=(0, 1))
    dn = dxn * w["ln_g"]
    dn_mean = dn.mean(axis=-1, keepdims=True)
    dx = rstd * (dn - dn_mean - norm * (dn * norm).mean(axis=-1, keepdims=True))
    dx = dx + dres
    dw["wte"] = np.zeros_like(w["wte"])
    np.add.at(dw["wte"], tokens, dx)
    dw["wpe"] = np.zeros_like(w["wpe"])
    dw["wpe"][:T] = dx.sum(axis=0)
    return loss, dw
