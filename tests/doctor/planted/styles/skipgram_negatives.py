"""
word2vec: skip-gram with negative sampling in numpy
"""
import numpy as np
from collections import Counter


def sigmoid(x):
    return 1. / (1. + np.exp(-x))


class Word2Vec:
    def __init__(self, words, dim=5, n_neg=3, seed=100):
        counts = Counter(words)
        self.vocab = sorted(counts)
        self.word2id = {word: k for k, word in enumerate(self.vocab)}
        freq = np.array([counts[word] for word in self.vocab]) ** 0.75
        self.p_noise = freq / freq.sum()
        self.n_neg = n_neg
        self.rng = np.random.default_rng(seed)
        # vectors of a word as the centre and as a neighbour
        self.syn0 = self.rng.normal(0, 0.6, (len(self.vocab), dim))
        self.syn1 = self.rng.normal(0, 0.6, (len(self.vocab), dim))

    def pairs(self, words, window):
        ids = [self.word2id[word] for word in words]
        for i, centre in enumerate(ids):
            lo, hi = max(0, i - window), min(len(ids), i + window + 1)
            for j in range(lo, hi):
                if j != i:
                    yield centre, ids[j]

    def train_sentence(self, words, window=1, alpha=0.1):
        loss = 0.
        count = 0
        neu0 = np.zeros_like(self.syn0)
        neu1 = np.zeros_like(self.syn1)
        for centre, neighbour in self.pairs(words, window):
            noise = self.rng.choice(len(self.vocab), size=self.n_neg, p=self.p_noise)
            targets = np.concatenate([[neighbour], noise])
            label = np.zeros(self.n_neg + 1)
            label[0] = 1
            vec = self.syn0[centre]
            others = self.syn1[targets]
            score = sigmoid(others @ vec)
            loss -= np.log(score[0]) + np.log(1 - score[1:]).sum()
            count += 1

            g = label - score
            neu0[centre] += g @ others
            # the same noise word may come twice
            np.add.at(neu1, targets, np.outer(g, vec))
        self.syn0 += alpha * neu0 / count
        self.syn1 += alpha * neu1 / count
        return loss / count
