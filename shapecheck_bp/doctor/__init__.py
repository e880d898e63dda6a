"""The doctor: in comes somebody's own backprop, out comes what is wrong with it, by name.

To be read in this order:

    diagnosing   ``diagnose``: the questions that are put to a function, one after the other
    styles       how people write parameters and gradients; patient, a function that is called so
    probe        problems on which mistakes show
    mistakes     the table; sick, backprop with one of them in it
    matching     which of them give the numbers that came out; scales, losses of one's own
    findings     what is said of it; unknown, where the table has nothing; remedies, the right line
    report       the diagnosis, as text and as HTML
"""

from shapecheck_bp.doctor.diagnosing import diagnose
from shapecheck_bp.doctor.report_of_network import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "diagnose"]
