"""Start here: what the right answers are made of, and other numbers that people give."""

from course_lib.lessons.families import LINEAR

EXERCISES = {
    "linear-first": LINEAR.but(
        stars=1,
        vary={"inputs": "3 5 8 10 12", "outputs": "2 4 6 7"},
        votes="left_out-biases instead-linear_bias_inputs as_one-biases",
        sizes={"inputs": 3, "outputs": 2},
        times="",
    )
}
