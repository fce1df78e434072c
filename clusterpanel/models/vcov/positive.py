"""Make a covariance that is not positive semi-definite so."""

import numpy as np

from clusterpanel.models.arrays import Floats

ROUNDING = 1e-12


def nearest_positive(matrix: Floats, bread: Floats) -> tuple[Floats, int]:
    """Set negative eigenvalues to 0; return the matrix and how many there were.

    The repair of Cameron, Gelbach and Miller (2011, JBES 29, section 2.3), with each coefficient in units of
    its root of the bread, so that the units of a regressor do not matter.

    Parameters
    ----------
    matrix, bread : float array, shape (coefficients, coefficients)
    """
    scale = np.sqrt(np.diag(bread))
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    negative = int((values < -ROUNDING * np.abs(values).max(initial=0.0)).sum())
    if not negative:
        return matrix, 0
    roots = vectors * np.sqrt(np.maximum(values, 0.0)) * scale[:, None]
    return roots @ roots.T, negative
