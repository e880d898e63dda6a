import numpy as np


class SoftmaxRegression:
    """Multinomial logistic regression.

    Samples are columns. The matrix has the biases in column 0. Big data sets do not fit in
    memory at once, so the gradient of a whole epoch is collected in chunks.
    """

    def __init__(self, n_features, n_classes, learning_rate=0.2, momentum=0.9, l2=0.05):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.l2 = l2
        self.n_classes = n_classes
        rng = np.random.default_rng(2024)
        self.theta = rng.normal(scale=0.5, size=(n_classes, n_features + 1))
        self.velocity = np.zeros((n_classes, n_features + 1))

    @staticmethod
    def chunks(X, labels, size):
        for start in range(0, X.shape[1], size):
            yield X[:, start:start + size], labels[start:start + size]

    def probabilities(self, X1):
        logits = np.matmul(self.theta, X1)
        e = np.exp(logits - np.max(logits, axis=0))
        return e / np.sum(e, axis=0)

    def epoch(self, X, labels, size=3):
        n = X.shape[1]
        acc = np.zeros_like(self.theta)
        total = 0.0
        for part, part_labels in self.chunks(X, labels, size):
            count = part.shape[1]
            X1 = np.concatenate((np.ones((1, count)), part))
            prob = self.probabilities(X1)
            indicator = np.zeros((self.n_classes, count))
            indicator[part_labels, np.arange(count)] = 1
            total -= np.sum(indicator * np.log(prob))
            acc += np.matmul(prob - indicator, X1.T)

        penalised = self.theta.copy()
        penalised[:, 0] = 0            # not the biases
        grad = acc / n + self.l2 * penalised

        self.velocity = self.momentum * self.velocity + self.learning_rate * grad
        self.theta = self.theta - self.velocity
        return total / n + 0.5 * self.l2 * np.sum(np.square(penalised))

    def predict(self, X):
        X1 = np.concatenate((np.ones((1, X.shape[1])), X))
        return self.probabilities(X1).argmax(axis=0)
