"""Tell whether firms do better because they are in a cluster, or are in it because they are better.

The package is one line: Study -> Registry -> ClusterMap -> Panel -> Design -> Result -> report.
"""

from clusterpanel.version import __version__

__all__ = ["__version__"]
