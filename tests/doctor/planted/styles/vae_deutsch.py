"""
Variationeller Autoencoder fuer kleine Graustufenbilder (Werte zwischen 0 und 1).
Jede Zeile ist ein Bild. gewichte[schicht] = [Matrix, Schwelle]
"""
import numpy as np

SCHICHTEN = ("kodierer", "mittel", "logvarianz", "dekodierer", "bild")


def neue_gewichte(pixel, verdeckt, latent, zufall):
    formen = ((pixel, verdeckt), (verdeckt, latent), (verdeckt, latent),
              (latent, verdeckt), (verdeckt, pixel))
    gewichte = {}
    for schicht, form in zip(SCHICHTEN, formen):
        gewichte[schicht] = [zufall.normal(0, 0.5, form), np.zeros(form[1])]
    return gewichte


def affin(eingang, schicht):
    matrix, schwelle = schicht
    return eingang @ matrix + schwelle


def vorwaerts(gewichte, bilder, rauschen):
    s = {"x": bilder, "rauschen": rauschen}
    s["h"] = np.tanh(affin(bilder, gewichte["kodierer"]))
    s["mu"] = affin(s["h"], gewichte["mittel"])
    s["logvar"] = affin(s["h"], gewichte["logvarianz"])
    s["sigma"] = np.exp(0.5 * s["logvar"])
    s["z"] = s["mu"] + s["sigma"] * rauschen
    s["g"] = np.tanh(affin(s["z"], gewichte["dekodierer"]))
    s["r"] = 1 / (1 + np.exp(-affin(s["g"], gewichte["bild"])))
    return s


def verlust(s, beta):
    treue = -np.sum(s["x"] * np.log(s["r"]) + (1 - s["x"]) * np.log(1 - s["r"]))
    kl = -0.5 * np.sum(1 + s["logvar"] - s["mu"] ** 2 - np.exp(s["logvar"]))
    return (treue + beta * kl) / len(s["x"])


def zurueck(eingang, fehler, schicht):
    """Gradienten einer Schicht und der Fehler, der weiter nach unten geht."""
    return [eingang.T @ fehler, fehler.sum(axis=0)], fehler @ schicht[0].T


def rueckwaerts(gewichte, s, beta):
    anzahl = len(s["x"])
    grad = {}
    f_bild = (s["r"] - s["x"]) / anzahl
    grad["bild"], f_g = zurueck(s["g"], f_bild, gewichte["bild"])
    f_g = f_g * (1 - s["g"] ** 2)
    grad["dekodierer"], f_z = zurueck(s["z"], f_g, gewichte["dekodierer"])

    f_mu = f_z + beta * s["mu"] / anzahl
    f_logvar = 0.5 * f_z * s["rauschen"] * s["sigma"]
    f_logvar += 0.5 * beta * (np.exp(s["logvar"]) - 1) / anzahl
    grad["mittel"], h_mu = zurueck(s["h"], f_mu, gewichte["mittel"])
    grad["logvarianz"], h_logvar = zurueck(s["h"], f_logvar, gewichte["logvarianz"])
    f_h = (h_mu + h_logvar) * (1 - s["h"] ** 2)
    grad["kodierer"], _ = zurueck(s["x"], f_h, gewichte["kodierer"])
    return grad


def lernschritt(gewichte, bilder, rauschen, rate=0.01, beta=0.7):
    s = vorwaerts(gewichte, bilder, rauschen)
    v = verlust(s, beta)
    grad = rueckwaerts(gewichte, s, beta)
    for schicht in SCHICHTEN:
        for wert, steigung in zip(gewichte[schicht], grad[schicht]):
            wert -= rate * steigung
    return v


def trainieren(gewichte, bilder, epochen, zufall):
    latent = gewichte["mittel"][0].shape[1]
    for epoche in range(epochen):
        rauschen = zufall.normal(size=(len(bilder), latent))
        v = lernschritt(gewichte, bilder, rauschen)
        print(f"Epoche {epoche}: Verlust {v:.4f}")
