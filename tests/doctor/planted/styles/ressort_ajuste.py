# TP de physique : retrouver la raideur et le frottement d'un ressort à partir de mesures.
# On simule (Euler semi-implicite), puis on remonte le temps pour avoir le gradient.
from math import exp


class Ressort:
    def __init__(self, log_k=0.0, log_c=-2.0, x0=1.0, v0=0.0, dt=0.1):
        # des logarithmes : la raideur k et le frottement c restent positifs
        self.log_k = log_k
        self.log_c = log_c
        self.x0 = x0
        self.v0 = v0
        self.dt = dt

    def simuler(self, n):
        k, c = exp(self.log_k), exp(self.log_c)
        xs, vs = [self.x0], [self.v0]
        for i in range(n):
            acc = -k * xs[i] - c * vs[i]
            vs.append(vs[i] + self.dt * acc)
            xs.append(xs[i] + self.dt * vs[i + 1])
        return xs, vs

    def erreur(self, mesures):
        xs, _ = self.simuler(len(mesures))
        return sum((x - m) ** 2 for x, m in zip(xs[1:], mesures)) / len(mesures)

    def gradient(self, mesures):
        n = len(mesures)
        xs, vs = self.simuler(n)
        k, c = exp(self.log_k), exp(self.log_c)
        gk = gc = 0.0
        gx = gv = 0.0
        for i in reversed(range(n)):
            # la mesure i est celle de l'instant i + 1
            gx = gx + 2 * (xs[i + 1] - mesures[i]) / n
            gv = gv + self.dt * gx
            gacc = self.dt * gv
            gk = gk - gacc * xs[i]
            gc = gc - gacc * vs[i]
            gx = gx - k * gacc
            gv = gv - c * gacc
        return gk * k, gc * c, gx, gv

    def descendre(self, mesures, pas=0.05):
        e = self.erreur(mesures)
        gk, gc, gx, gv = self.gradient(mesures)
        self.log_k -= pas * gk
        self.log_c -= pas * gc
        self.x0 -= pas * gx
        self.v0 -= pas * gv
        return e


if __name__ == "__main__":
    vrai = Ressort(log_k=0.9, log_c=-1.5, x0=0.8, v0=0.3)
    mesures = vrai.simuler(40)[0][1:]
    essai = Ressort(log_k=0.2, log_c=-1.0)
    for tour in range(2001):
        e = essai.descendre(mesures)
        if tour % 200 == 0:
            print(tour, round(e, 5), "k =", round(exp(essai.log_k), 3))
