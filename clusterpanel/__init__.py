"""Do firms do better because they are in an industrial cluster, or are they there because they are better?

The package is one line: Study -> Registry -> ClusterMap -> Panel -> Design -> Result -> report.
"""

from clusterpanel.version import __version__

__all__ = ["__version__"]
