import numpy as np


class CBOW:
    """Guess the middle word from the words around it."""

    def __init__(self, n_words, dim, lr=0.3, seed=5):
        rng = np.random.default_rng(seed)
        self.emb = rng.normal(0, 0.8, (n_words, dim))
        self.out = rng.normal(0, 0.8, (dim, n_words))
        self.lr = lr

    def probabilities(self, context):
        # context: (batch, window) integer ids
        vecs = self.emb[context]
        h = vecs.mean(axis=1)
        u = h @ self.out
        u = np.exp(u - u.max(axis=1, keepdims=True))
        return h, u / u.sum(axis=1, keepdims=True)

    def loss(self, probs, middle):
        return -np.mean(np.log(probs[np.arange(len(middle)), middle]))

    def update(self, context, middle):
        B, win = context.shape
        h, probs = self.probabilities(context)
        loss = self.loss(probs, middle)

        du = probs.copy()
        du[np.arange(B), middle] -= 1
        du /= B
        dout = h.T @ du
        dh = du @ self.out.T
        dvecs = np.repeat(dh[:, None, :], win, axis=1) / win
        demb = np.zeros_like(self.emb)
        np.add.at(demb, context, dvecs)

        self.out -= self.lr * dout
        self.emb -= self.lr * demb
        return loss
