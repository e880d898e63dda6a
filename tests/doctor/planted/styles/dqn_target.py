import random
from collections import deque

import numpy as np


class DQN:
    def __init__(self, layer_sizes, gamma=0.9, lr=0.01, memory=10000):
        self.gamma = gamma
        self.lr = lr
        self.memory = deque(maxlen=memory)
        self.q_net = self.make_network(layer_sizes)
        self.target_net = self.make_network(layer_sizes)
        self.copy_weights()
        self.eps = 1.0

    def make_network(self, sizes):
        return [[np.random.randn(i, o) * np.sqrt(2.0 / i), np.random.randn(o) * 0.1]
                for i, o in zip(sizes[:-1], sizes[1:])]

    def copy_weights(self):
        for target, net in zip(self.target_net, self.q_net):
            target[0] = net[0].copy()
            target[1] = net[1].copy()

    def q_values(self, net, states):
        acts = [states]
        for n, (W, b) in enumerate(net):
            z = acts[-1].dot(W) + b
            if n < len(net) - 1:
                z = np.maximum(z, 0)
            acts.append(z)
        return acts

    def choose_action(self, state):
        q = self.q_values(self.q_net, state[None])[-1][0]
        if random.random() < self.eps:
            return random.randrange(len(q))
        return int(np.argmax(q))

    def store(self, s, a, r, s2, done):
        self.memory.append((s, a, r, s2, done))

    def replay(self, batch_size):
        batch = random.sample(list(self.memory), batch_size)
        s, a, r, s2, done = (np.array(part) for part in zip(*batch))
        self.train_on_batch(s, a, r, s2, done)
        self.eps = max(0.05, self.eps * 0.995)

    def train_on_batch(self, s, a, r, s2, done):
        rows = np.arange(len(a))
        q_next = self.q_values(self.target_net, s2)[-1]
        y = r + self.gamma * q_next.max(axis=1) * (1 - done)

        acts = self.q_values(self.q_net, s)
        td_error = acts[-1][rows, a] - y

        # huber: the error is clipped, and only the action that was taken is corrected
        delta = np.zeros_like(acts[-1])
        delta[rows, a] = np.clip(td_error, -1, 1) / len(a)
        new_net = []
        for n in range(len(self.q_net) - 1, -1, -1):
            W, b = self.q_net[n]
            dW = acts[n].T.dot(delta)
            db = delta.sum(axis=0)
            if n > 0:
                delta = delta.dot(W.T) * (acts[n] > 0)
            new_net.insert(0, [W - self.lr * dW, b - self.lr * db])
        self.q_net = new_net
        return np.abs(td_error)
