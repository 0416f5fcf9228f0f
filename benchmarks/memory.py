"""Memory of this process and its workers while something runs."""

import threading

import psutil

__all__ = ["MemoryWatch"]

# To ask takes 10 ms a process: done often, it slows what it watches.
INTERVAL_S = 0.5


class MemoryWatch:
    """Largest memory of this process and all its children (PSS) [byte]."""

    def __enter__(self):
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        me = psutil.Process()
        while not self._stop.wait(INTERVAL_S):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:  # it has just ended
                    continue
            self.peak = max(self.peak, total)
