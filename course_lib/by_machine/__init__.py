"""The same questions put to PyTorch and to the tools; the only place that imports torch."""

from course_lib.words import words

try:
    import torch  # noqa: F401
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(words("needs_package", name=__name__, package="torch"), name=missing.name) from missing
