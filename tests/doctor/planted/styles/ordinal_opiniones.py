# Regresión ordinal con una capa oculta: opiniones de 0 (pésimo) a K-1 (excelente).
#   P(y <= k | x) = F(corte_k - puntaje(x))
# Los cortes quedan ordenados porque cada salto es una exponencial.
import numpy as np


def F(t):
    return 1.0 / (1.0 + np.exp(-t))


class ModeloOrdinal:
    def __init__(self, n_entradas, n_ocultas, n_clases, tasa=0.1, semilla=10):
        azar = np.random.RandomState(semilla)
        self.tasa = tasa
        self.parametros = {
            'oculta': azar.randn(n_entradas, n_ocultas) * 0.6,
            'sesgo': azar.randn(n_ocultas) * 0.1,
            'salida': azar.randn(n_ocultas),
            'primero': np.array([-1.0]),
            'saltos': azar.randn(n_clases - 2) * 0.3,
        }
        self.acumulado = {k: np.zeros_like(v) for k, v in self.parametros.items()}

    def cortes(self):
        p = self.parametros
        return np.concatenate((p['primero'], p['primero'] + np.cumsum(np.exp(p['saltos']))))

    def puntaje(self, X):
        p = self.parametros
        self.h = np.tanh(X.dot(p['oculta']) + p['sesgo'])
        return self.h.dot(p['salida'])

    def entre(self, X, y):
        # F en el corte de arriba y en el de abajo de la clase de cada fila
        bordes = np.concatenate(([-np.inf], self.cortes(), [np.inf]))
        s = self.puntaje(X)
        return F(bordes[y + 1] - s), F(bordes[y] - s)

    def costo(self, X, y):
        arriba, abajo = self.entre(X, y)
        return -np.log(arriba - abajo).mean()

    def gradiente(self, X, y):
        p = self.parametros
        arriba, abajo = self.entre(X, y)
        prob = arriba - abajo
        d_arriba = -arriba * (1 - arriba) / prob / len(y)
        d_abajo = abajo * (1 - abajo) / prob / len(y)

        # cada corte es el de arriba de una clase y el de abajo de la siguiente
        d_corte = np.zeros(len(p['saltos']) + 3)
        np.add.at(d_corte, y + 1, d_arriba)
        np.add.at(d_corte, y, d_abajo)
        d_corte = d_corte[1:-1]
        d_s = -(d_arriba + d_abajo)

        g = {}
        g['primero'] = np.array([d_corte.sum()])
        cola = np.cumsum(d_corte[::-1])[::-1]      # un salto mueve todos los cortes que siguen
        g['saltos'] = cola[1:] * np.exp(p['saltos'])
        g['salida'] = self.h.T.dot(d_s)
        d_h = np.outer(d_s, p['salida'])
        d_z = d_h * (1 - self.h ** 2)
        g['oculta'] = X.T.dot(d_z)
        g['sesgo'] = d_z.sum(axis=0)
        return g

    def paso(self, X, y):
        """Un paso de Adagrad."""
        g = self.gradiente(X, y)
        print('costo:', self.costo(X, y))
        for k in g:
            self.acumulado[k] += g[k] ** 2
            self.parametros[k] -= self.tasa * g[k] / (np.sqrt(self.acumulado[k]) + 1e-8)
