"""One thread per worker process, so that workers do not compete for the cores.

Input: nothing. Output: none; it changes the process that it runs in, so only worker processes call it.
"""

from __future__ import annotations

import os
import sys

from threadpoolctl import threadpool_limits

# Read by libraries when they are loaded: OpenMP (torch), the BLAS of NumPy and SciPy, OpenCV.
THREAD_VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
}


def limit_future_libraries() -> None:
    """Let libraries that are loaded from here on use one thread."""
    os.environ.update(THREAD_VARIABLES)


def limit_loaded_libraries() -> None:
    """Let libraries that are loaded already use one thread, such as those of a script's own imports."""
    threadpool_limits(limits=1)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
