"""The dashboard for JupyterLab: a visit walked through, step by step."""

from svmwidgets.dashboard import Dashboard
from svmwidgets.session import Session

__all__ = ["Dashboard", "Session"]
