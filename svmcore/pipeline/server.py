"""Loaded first by the server that workers are forked from, and by nothing else.

Libraries make a great many objects that stay. To look through them again and
again for garbage while they are being loaded takes a sixth of the time. Workers
collect garbage again, but not among what they share with the server.
"""

import gc

__all__: list[str] = []

gc.disable()
