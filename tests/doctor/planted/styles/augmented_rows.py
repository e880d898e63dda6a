import numpy as np

def act(net): return np.tanh(net)
def act_d(o): return 1.0 - o*o     # o is act(net), not net

class Mlp:
    ''' One pattern at a time. Each matrix has one row more than the layer
        has neurons: the last row is the bias, fed with a constant 1. '''

    def __init__(self, *neurons, seed=7):
        rng = np.random.default_rng(seed)
        self.m = []
        for a, b in zip(neurons[:-1], neurons[1:]):
            self.m.append(rng.uniform(-.7, .7, (a+1, b)))

    def ask(self, pattern):
        self.o = [np.append(pattern, 1.0)]
        for k, m in enumerate(self.m):
            o = act(np.dot(self.o[k], m))
            if k+1 < len(self.m):
                o = np.append(o, 1.0)
            self.o.append(o)
        return o

    def correct(self, wanted, eta=0.1):
        out = self.o[-1]
        todo = (wanted - out)*act_d(out)
        ways = []
        for k in range(len(self.m)-1, -1, -1):
            ways.append((k, np.outer(self.o[k], todo)))
            if k > 0:
                todo = np.dot(self.m[k], todo)*act_d(self.o[k])
                todo = todo[:-1]       # nobody feeds the bias unit
        for k, way in ways:
            self.m[k] += eta*way

    def learn_one(self, pattern, wanted):
        self.ask(pattern)
        self.correct(wanted)
