"""Solve the normal equations of the effects that are left once the firms are taken out.

``solver`` chooses the path, ``dense`` and ``sparse`` are the two paths, the other files are their parts.
"""
