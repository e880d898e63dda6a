"""A GAN that learns to draw points of the plane. Rows are points."""
import numpy as np


class Net:
    """dense -> leaky relu -> dense"""

    def __init__(self, n_in, n_hid, n_out, rng):
        self.vars = [rng.normal(0, 0.8, (n_in, n_hid)), rng.normal(0, 0.1, n_hid),
                     rng.normal(0, 0.8, (n_hid, n_out)), rng.normal(0, 0.1, n_out)]
        self.m = [np.zeros_like(v) for v in self.vars]
        self.v = [np.zeros_like(v) for v in self.vars]
        self.t = 0

    def __call__(self, x):
        W1, b1, W2, b2 = self.vars
        a = x @ W1 + b1
        h = np.where(a > 0, a, 0.2 * a)
        return h @ W2 + b2, (x, a, h)

    def back(self, cache, dout):
        """gradients of the variables, and of the input"""
        W1, _, W2, _ = self.vars
        x, a, h = cache
        da = dout @ W2.T * np.where(a > 0, 1, 0.2)
        grads = [x.T @ da, da.sum(0), h.T @ dout, dout.sum(0)]
        return grads, da @ W1.T

    def adam(self, grads, lr=2e-3, b1=0.5, b2=0.999):
        self.t += 1
        for i, g in enumerate(grads):
            self.m[i] = b1 * self.m[i] + (1 - b1) * g
            self.v[i] = b2 * self.v[i] + (1 - b2) * g * g
            mhat = self.m[i] / (1 - b1 ** self.t)
            vhat = self.v[i] / (1 - b2 ** self.t)
            self.vars[i] -= lr * mhat / (np.sqrt(vhat) + 1e-8)


def bce_with_logits(logit, label):
    """mean loss and its gradient"""
    loss = np.mean(np.logaddexp(0, logit) - label * logit)
    dlogit = (1 / (1 + np.exp(-logit)) - label) / len(logit)
    return loss, dlogit


def discriminator_step(D, G, real, z):
    fake = G(z)[0]
    logit_r, cache_r = D(real)
    logit_f, cache_f = D(fake)
    loss_r, d_r = bce_with_logits(logit_r, 0.9)     # one-sided label smoothing
    loss_f, d_f = bce_with_logits(logit_f, 0.0)
    grads_r, _ = D.back(cache_r, d_r)
    grads_f, _ = D.back(cache_f, d_f)
    D.adam([r + f for r, f in zip(grads_r, grads_f)])
    return loss_r + loss_f


def generator_step(G, D, z):
    # the generator wants "real" to be said of its points; D stays as it is
    fake, cache_g = G(z)
    logit, cache_d = D(fake)
    loss, dlogit = bce_with_logits(logit, 1.0)
    _, dfake = D.back(cache_d, dlogit)
    grads, _ = G.back(cache_g, dfake)
    G.adam(grads)
    return loss


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    G, D = Net(4, 32, 2, rng), Net(2, 32, 1, rng)
    for it in range(5001):
        angle = rng.uniform(0, 2 * np.pi, 64)
        ring = np.c_[np.cos(angle), np.sin(angle)]
        d_loss = discriminator_step(D, G, ring, rng.normal(size=(64, 4)))
        g_loss = generator_step(G, D, rng.normal(size=(64, 4)))
        if it % 500 == 0:
            print(f"{it:5d}  D {d_loss:.3f}  G {g_loss:.3f}")
