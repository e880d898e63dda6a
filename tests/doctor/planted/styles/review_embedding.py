import numpy as np

# Sentiment of a review: mean of its word vectors -> gelu layer -> one sigmoid.
# docs is a list of lists of word ids, sentiment is 0 or 1

K = np.sqrt(2 / np.pi)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(K * (x + 0.044715 * x**3)))


def gelu_prime(x):
    t = np.tanh(K * (x + 0.044715 * x**3))
    inner = K * (1 + 3 * 0.044715 * x**2)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner


class SentimentModel:

    def __init__(self, n_words, dim, hidden, seed=21):
        g = np.random.default_rng(seed)
        self.params = [
            g.normal(0, 1, (n_words, dim)),       # word vectors
            g.normal(0, .7, (dim, hidden)),
            g.normal(0, .1, (hidden,)),
            g.normal(0, .7, (hidden, 1)),
            g.normal(0, .1, (1,)),
        ]
        self.sq = [np.zeros(p.shape) for p in self.params]

    def forward(self, docs):
        E, W, b, V, c = self.params
        bag = np.array([E[doc].mean(axis=0) for doc in docs])
        u = bag.dot(W) + b
        act = gelu(u)
        p = 1 / (1 + np.exp(-(act.dot(V) + c)))
        return p[:, 0], (docs, bag, u, act)

    def loss(self, p, sentiment):
        return -np.mean(np.log(np.where(sentiment == 1, p, 1 - p)))

    def backward(self, p, sentiment, cache):
        docs, bag, u, act = cache
        W, V = self.params[1], self.params[-2]
        d_out = ((p - sentiment) / len(docs))[:, None]
        d_V = act.T.dot(d_out)
        d_c = d_out.sum(axis=0)
        d_u = d_out.dot(V.T) * gelu_prime(u)
        d_W = bag.T.dot(d_u)
        d_b = d_u.sum(axis=0)
        d_bag = d_u.dot(W.T)
        d_E = np.zeros_like(self.params[0])
        for doc, d in zip(docs, d_bag):
            for word in doc:
                d_E[word] += d / len(doc)
        return [d_E, d_W, d_b, d_V, d_c]

    def rmsprop(self, grads, lr=1e-2, decay=0.9, eps=1e-8):
        for i, grad in enumerate(grads):
            self.sq[i] = decay * self.sq[i] + (1 - decay) * grad**2
            self.params[i] -= lr * grad / (np.sqrt(self.sq[i]) + eps)

    def train_on(self, docs, sentiment):
        p, cache = self.forward(docs)
        self.rmsprop(self.backward(p, sentiment, cache))
        return self.loss(p, sentiment)
