# digits net, pure numpy. columns everywhere, one picture at a time
import random

import numpy as np


def squash(t):
    return 1.0/(1.0+np.exp(-t))

def squash_slope(t):
    s = squash(t)
    return s*(1-s)


class Net(object):

    def __init__(self, dims, rng):
        self.dims = dims
        self.bs = [rng.standard_normal((k, 1)) for k in dims[1:]]
        self.ws = [rng.standard_normal((k, j)) for j, k in zip(dims[:-1], dims[1:])]

    def train(self, data, epochs, size, eta):
        for _ in range(epochs):
            random.shuffle(data)
            for k in range(0, len(data), size):
                self.learn(data[k:k+size], eta)

    def learn(self, batch, eta):
        total_w = [0*w for w in self.ws]
        total_b = [0*b for b in self.bs]
        for picture, label in batch:
            gw, gb = self.one(picture, label)
            for i in range(len(total_w)):
                total_w[i] = total_w[i]+gw[i]
                total_b[i] = total_b[i]+gb[i]
        rate = eta/len(batch)
        self.ws = [w-rate*t for w, t in zip(self.ws, total_w)]
        self.bs = [b-rate*t for b, t in zip(self.bs, total_b)]

    def one(self, picture, label):
        # go forward and remember
        outs, nets = [picture], []
        for w, b in zip(self.ws, self.bs):
            nets.append(np.dot(w, outs[-1])+b)
            outs.append(squash(nets[-1]))
        # and back, filling the lists from the end
        last = len(self.ws)-1
        gw = [None]*len(self.ws)
        gb = [None]*len(self.bs)
        delta = (outs[-1]-label)*squash_slope(nets[-1])
        for i in range(last, -1, -1):
            if i < last:
                delta = np.dot(self.ws[i+1].transpose(), delta)*squash_slope(nets[i])
            gw[i] = np.dot(delta, outs[i].transpose())
            gb[i] = delta
        return gw, gb
