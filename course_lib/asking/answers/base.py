"""What every exercise can do, whatever kind of answer it asks for."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from course_lib.words import find, words


class Diagnosis(NamedTuple):
    """What has gone wrong."""

    text: str  # in words
    slips: str = ""  # those that make it, as a results file spells them ("left_out-biases", "unit-bytes + plus-bias"); none where unknown
    is_answer: bool = True  # False where it is none that can be judged, so that it is not counted


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """An exercise of a lesson. check, reveal, practice, vote and a class's results use these fields and methods, and no others."""

    name: str = ""  # its key in its lesson's EXERCISES; set where these are read
    lesson: int = -1  # the number of its lesson; set there, too
    stars: int = 0  # how hard it is, 1 to 3, where check asks it; 0 for a guess

    sizes = {}  # those that its words name, and which of them variant() draws anew: a number's alone
    vary = {}

    def own_words(self, key: str) -> Any:
        """This exercise's own words under a key, unfilled; None where it has none."""
        return find(f"exercise.{self.name}.{key}")

    def filled_words(self, key: str) -> str:
        """This exercise's own words under a key, with its sizes filled in."""
        return words(f"exercise.{self.name}.{key}", **self.sizes)

    def question(self) -> str:
        return self.filled_words("ask")

    def hint(self, degree: int) -> str:
        return self.filled_words(f"hint{degree}")

    def why(self) -> str:
        return self.filled_words("why")

    def judge(self, given: Any) -> Diagnosis | None:
        """What is wrong with an answer, or what kind of answer is wanted; None for a right one."""

    def shown_truth(self) -> str:
        """The right answer, as reveal shows it; empty where nothing can be shown."""
        return ""

    def options(self) -> dict[float, str]:
        """Four numbers for a vote, the right one among them, and what is said to each; TypeError where the answer is no number."""
        raise TypeError(words("exercise_call.no_vote", name=self.name))

    def recalled(self, slips: str) -> str:
        """The sentence for slips as a results file spells them; empty where this exercise does not know them."""
        return words(f"results.{slips}") if slips in ("digits", "xor", "order") else ""
