"""What an editor completes. Whatever is not by_hand loads on first use, from where this file says: nothing else lists it."""

from course_lib.asking.exercises import check as check
from course_lib.asking.exercises import guess as guess
from course_lib.asking.exercises import practice as practice
from course_lib.asking.exercises import reveal as reveal
from course_lib.asking.exercises import vote as vote
from course_lib.asking.verdicts import claims as claims
from course_lib.by_hand import *  # noqa: F403
from course_lib.by_hand.conventions import CONVENTIONS as CONVENTIONS
from course_lib.by_hand.memory import predict_memory as predict_memory
from course_lib.by_machine.comparing import compare as compare
from course_lib.by_machine.counting import count as count
from course_lib.by_machine.measuring import compare_memory as compare_memory
from course_lib.by_machine.measuring import largest_batch as largest_batch
from course_lib.by_machine.measuring import measure_memory as measure_memory
from course_lib.by_machine.measuring import measure_peak as measure_peak
from course_lib.by_machine.measuring import timeline as timeline
from course_lib.by_machine.modules import build as build
from course_lib.by_machine.reconciling import reconcile as reconcile
from course_lib.cards.layer import layer_card as layer_card
from course_lib.cards.memory import memory_card as memory_card
from course_lib.cards.network import network_card as network_card
from course_lib.live.panel import follow as follow
from course_lib.live.panel import unfollow as unfollow
from course_lib.show.figures import bars as bars
from course_lib.show.figures import chart as chart
