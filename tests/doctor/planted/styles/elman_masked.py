import numpy as np


def new_params(n_sym_in, n_state, n_sym_out, rng):
    return {
        "embed": rng.normal(0, 0.8, (n_sym_in, n_state)),
        "recur": rng.normal(0, 0.5, (n_state, n_state)),
        "state_bias": rng.normal(0, 0.1, n_state),
        "emit": rng.normal(0, 0.8, (n_state, n_sym_out)),
        "emit_bias": rng.normal(0, 0.1, n_sym_out),
    }


def make_trainer(params, rate=0.1, max_norm=1.0):
    """Tagger for padded sentences. Gives a function that trains on (tokens, tags, mask),
    all (time, batch); mask is 0 where a sentence is over."""

    def run(tokens):
        state = np.zeros((tokens.shape[1], params["recur"].shape[0]))
        states = [state]
        for row in tokens:
            pre = params["embed"][row] + state @ params["recur"] + params["state_bias"]
            state = 1 / (1 + np.exp(-pre))
            states.append(state)
        return np.array(states)

    def step(tokens, tags, mask):
        T, B = tokens.shape
        states = run(tokens)
        scores = states[1:] @ params["emit"] + params["emit_bias"]
        scores = scores - scores.max(axis=2, keepdims=True)
        logp = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
        t_idx, b_idx = np.indices((T, B))
        n_valid = mask.sum()
        loss = -(logp[t_idx, b_idx, tags] * mask).sum() / n_valid

        d_scores = np.exp(logp)
        d_scores[t_idx, b_idx, tags] -= 1
        d_scores *= mask[:, :, None] / n_valid
        grads = {name: np.zeros_like(p) for name, p in params.items()}
        d_next = np.zeros_like(states[0])
        for t in range(T - 1, -1, -1):
            s = states[t + 1]
            grads["emit"] += s.T @ d_scores[t]
            grads["emit_bias"] += d_scores[t].sum(axis=0)
            d_state = d_scores[t] @ params["emit"].T + d_next
            d_pre = d_state * s * (1 - s)
            np.add.at(grads["embed"], tokens[t], d_pre)
            grads["recur"] += states[t].T @ d_pre
            grads["state_bias"] += d_pre.sum(axis=0)
            d_next = d_pre @ params["recur"].T

        norm = np.sqrt(sum((g ** 2).sum() for g in grads.values()))
        shrink = min(1.0, max_norm / (norm + 1e-12))
        for name in params:
            params[name] = params[name] - rate * shrink * grads[name]
        return loss

    return step
