# neural net from scratch, no numpy, only lists
import math
import random


def create(sizes, seed=1):
    random.seed(seed)
    net = []
    for n_inputs, n_neurons in zip(sizes, sizes[1:]):
        layer = []
        for _ in range(n_neurons):
            w = [random.uniform(-1.0, 1.0) for _ in range(n_inputs)]
            layer.append({"w": w, "bias": random.uniform(-0.5, 0.5)})
        net.append(layer)
    return net


def fire(neuron, signals):
    total = neuron["bias"]
    for weight, signal in zip(neuron["w"], signals):
        total += weight * signal
    return math.tanh(total)


def feed(net, row):
    signals = row
    for layer in net:
        for neuron in layer:
            neuron["in"] = signals
            neuron["out"] = fire(neuron, signals)
        signals = [neuron["out"] for neuron in layer]
    return signals


def assign_blame(net, expected):
    for depth in reversed(range(len(net))):
        layer = net[depth]
        for j, neuron in enumerate(layer):
            if depth == len(net) - 1:
                miss = neuron["out"] - expected[j]
            else:
                miss = 0.0
                for above in net[depth + 1]:
                    miss += above["w"][j] * above["blame"]
            neuron["blame"] = miss * (1.0 - neuron["out"] ** 2)


def adjust(net, rate):
    for layer in net:
        for neuron in layer:
            for i in range(len(neuron["w"])):
                neuron["w"][i] -= rate * neuron["blame"] * neuron["in"][i]
            neuron["bias"] -= rate * neuron["blame"]


def learn_row(net, row, expected, rate=0.1):
    feed(net, row)
    assign_blame(net, expected)
    adjust(net, rate)


if __name__ == "__main__":
    xor = [([-1, -1], [-1]), ([-1, 1], [1]), ([1, -1], [1]), ([1, 1], [-1])]
    brain = create([2, 4, 1])
    for _ in range(1000):
        for row, expected in xor:
            learn_row(brain, row, expected)
    print([round(feed(brain, row)[0], 2) for row, _ in xor])
