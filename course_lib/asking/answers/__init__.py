"""What a lesson's exercises can ask for: a number, a function or a network; all three speak the protocol of Exercise."""

from course_lib.asking.answers.design import Design
from course_lib.asking.answers.function import Function
from course_lib.asking.answers.number import Answer

__all__ = ["Answer", "Design", "Function"]
