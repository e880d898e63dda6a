import numpy as np


class Recommender(object):
    """ Matrix factorization with biases, plain SGD over the known ratings.
        guess(u, i) = mean + user_bias[u] + item_bias[i] + P[u] . Q[i]
    """

    def __init__(self, n_users, n_items, n_factors=4, gamma=0.05, reg=0.1):
        rng = np.random.default_rng(12)
        self.P = rng.normal(0, 0.8, (n_users, n_factors))
        self.Q = rng.normal(0, 0.8, (n_items, n_factors))
        self.user_bias = rng.normal(0, 0.3, n_users)
        self.item_bias = rng.normal(0, 0.3, n_items)
        self.mean = 3.5
        self.gamma = gamma
        self.reg = reg

    def guess(self, u, i):
        return self.mean + self.user_bias[u] + self.item_bias[i] + self.P[u].dot(self.Q[i])

    def learn_rating(self, u, i, stars):
        err = stars - self.guess(u, i)

        p_u = self.P[u].copy()
        q_i = self.Q[i].copy()
        p_step = err * q_i - self.reg * p_u
        q_step = err * p_u - self.reg * q_i
        self.P[u] += self.gamma * p_step
        self.Q[i] += self.gamma * q_step
        self.user_bias[u] += self.gamma * (err - self.reg * self.user_bias[u])
        self.item_bias[i] += self.gamma * (err - self.reg * self.item_bias[i])
        return abs(err)

    def fit(self, ratings, epochs=20):
        for epoch in range(epochs):
            np.random.shuffle(ratings)
            for u, i, stars in ratings:
                self.learn_rating(int(u), int(i), stars)
            self.gamma *= 0.95

    def top(self, u, n=3):
        everything = self.Q @ self.P[u] + self.item_bias
        return np.argsort(-everything)[:n]
