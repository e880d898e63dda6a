"""A three layer regressor. Weights are kept (out, in), samples are rows of X."""
import numpy as np

ALPHA = 0.2


def lrelu(v):
    return np.where(v >= 0, v, ALPHA * v)


def lrelu_prime(v):
    out = np.ones_like(v)
    out[v < 0] = ALPHA
    return out


class MLPRegressor:
    def __init__(self, d_in, d_h1, d_h2, d_out, lr=1e-2, random_state=0):
        rs = np.random.default_rng(random_state)
        self.lr = lr
        self.fc1_weight = rs.uniform(-1, 1, (d_h1, d_in))
        self.fc1_bias = rs.uniform(-.3, .3, (d_h1,))
        self.fc2_weight = rs.uniform(-1, 1, (d_h2, d_h1))
        self.fc2_bias = rs.uniform(-.3, .3, (d_h2,))
        self.out_weight = rs.uniform(-1, 1, (d_out, d_h2))
        self.out_bias = rs.uniform(-.3, .3, (d_out,))

    def predict(self, X):
        h1 = lrelu(X @ self.fc1_weight.T + self.fc1_bias)
        h2 = lrelu(h1 @ self.fc2_weight.T + self.fc2_bias)
        return h2 @ self.out_weight.T + self.out_bias

    def mse(self, y_pred, y_true):
        return np.mean((y_pred - y_true) ** 2)

    def partial_fit(self, X, y):
        batch_size = X.shape[0]
        # forward
        s1 = X @ self.fc1_weight.T + self.fc1_bias
        h1 = lrelu(s1)
        s2 = h1 @ self.fc2_weight.T + self.fc2_bias
        h2 = lrelu(s2)
        y_pred = h2 @ self.out_weight.T + self.out_bias
        loss = self.mse(y_pred, y)

        # backward
        grad_y = 2.0 * (y_pred - y) / (batch_size * y.shape[1])
        grad_out_w = grad_y.T @ h2
        grad_out_b = grad_y.sum(0)
        grad_s2 = (grad_y @ self.out_weight) * lrelu_prime(s2)
        grad_fc2_w = grad_s2.T @ h1
        grad_fc2_b = grad_s2.sum(0)
        grad_s1 = (grad_s2 @ self.fc2_weight) * lrelu_prime(s1)
        grad_fc1_w = grad_s1.T @ X
        grad_fc1_b = grad_s1.sum(0)

        # gradient step
        self.out_weight -= self.lr * grad_out_w
        self.out_bias -= self.lr * grad_out_b
        self.fc2_weight -= self.lr * grad_fc2_w
        self.fc2_bias -= self.lr * grad_fc2_b
        self.fc1_weight -= self.lr * grad_fc1_w
        self.fc1_bias -= self.lr * grad_fc1_b
        return loss
