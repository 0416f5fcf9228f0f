import numpy as np
import pytest

from svmcore.numerics.ordered import median_deviation_of_sorted, median_of_sorted

SIZES = (1, 2, 3, 4, 5, 10, 11, 1000, 1001)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_medians_are_those_of_numpy_to_the_bit(size, dtype):
    random = np.random.default_rng(size)
    for kind in (random.normal(5.0, 2.0, size), random.integers(0, 4, size)):
        values = np.sort(kind.astype(dtype))
        assert median_of_sorted(values) == np.median(values)
        for centre in (float(np.median(values)), -3.0, 4.2, 20.0, float(values[0])):
            expected = np.median(np.abs(values - centre))
            assert median_deviation_of_sorted(values, centre) == expected
