"""A class on one server: python tests/benchmarks/classroom.py [learners …]

So many learners at once (10, 30 and 60), each with a kernel and a card of its own, move a slider four times a second for a minute, over
the websockets that JupyterLab uses. From a move sent to its picture received: median, 95th and 99th percentile; a move without an answer
in five seconds is a failure. A kernel's memory is its PSS: what it shares with others is divided among them. The learners' browsers are
not in it, and this program takes its part of the cores.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from urllib.request import Request, urlopen

from tornado.websocket import websocket_connect

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from lab import jupyterlab  # noqa: E402

CARD = "import os\nfrom course_lib import network_card\ncard = network_card()"
LEAST = """import os
from types import SimpleNamespace
import ipywidgets as widgets
slider, text = widgets.IntSlider(3, 1, 10), widgets.HTML("3")
slider.observe(lambda change: setattr(text, "value", str(change.new)), "value")
card = SimpleNamespace(controls={"conv2_kernel": slider}, _shown=text)"""
ASKED = {"slider": "card.controls['conv2_kernel'].model_id", "shown": "card._shown.model_id", "process": "os.getpid()"}
A_SECOND, SECONDS, PATIENCE = 4, 60, 5


class Learner:
    """A kernel with a card, and the connection to it."""

    async def start(self, base: str, token: str, code: str) -> None:
        request = Request(f"{base}/api/kernels?token={token}", data=b"{}", headers={"Content-Type": "application/json"}, method="POST")
        kernel = json.loads(await asyncio.to_thread(lambda: urlopen(request, timeout=120).read()))["id"]
        self.session, self.arrived, self.taken, self.failed = uuid.uuid4().hex, asyncio.Event(), [], 0
        address = f"{base.replace('http', 'ws')}/api/kernels/{kernel}/channels?session_id={self.session}&token={token}"
        self.socket = await websocket_connect(address, max_message_size=2**24)
        ran = {"code": code, "silent": False, "store_history": False, "user_expressions": ASKED, "allow_stdin": False}
        self.send("execute_request", ran)
        while True:
            message = json.loads(await self.socket.read_message())
            if message["msg_type"] == "execute_reply":
                break
        answers = message["content"]["user_expressions"]
        self.slider, self.shown, self.process = (eval(answers[name]["data"]["text/plain"]) for name in ASKED)
        self.reading = asyncio.create_task(self.read())

    def send(self, kind: str, content: dict) -> None:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.session, "username": "", "version": "5.3"}
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content, "buffers": []}
        self.socket.write_message(json.dumps(message))

    async def read(self) -> None:
        while (text := await self.socket.read_message()) is not None:
            message = json.loads(text)
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == self.shown and "value" in content["data"].get("state", {}):
                self.arrived.set()

    async def move(self, seconds: float, wait: float) -> None:
        """Each move at its time, and not after the answer to the last."""
        await asyncio.sleep(wait)
        begin = time.perf_counter()
        for step in range(int(seconds * A_SECOND)):
            await asyncio.sleep(max(0.0, begin + step / A_SECOND - time.perf_counter()))
            self.arrived.clear()
            sent = time.perf_counter()
            state = {"method": "update", "state": {"value": 1 + step % 7}, "buffer_paths": []}
            self.send("comm_msg", {"comm_id": self.slider, "data": state})
            try:
                await asyncio.wait_for(self.arrived.wait(), PATIENCE)
                self.taken.append(1000 * (time.perf_counter() - sent))
            except TimeoutError:
                self.failed += 1

    def memory(self) -> float:
        """PSS in MB (10^6 bytes)."""
        lines = Path(f"/proc/{self.process}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


async def lesson(base: str, token: str, count: int, seconds: float, code: str) -> None:
    learners = [Learner() for _ in range(count)]
    for four in range(0, count, 4):  # not all start in one second
        await asyncio.gather(*(learner.start(base, token, code) for learner in learners[four : four + 4]))
    await asyncio.sleep(3)
    before = [learner.memory() for learner in learners]
    await asyncio.gather(*(learner.move(seconds, number / count / A_SECOND) for number, learner in enumerate(learners)))
    taken = sorted(taken for learner in learners for taken in learner.taken)
    after, failed = [learner.memory() for learner in learners], sum(learner.failed for learner in learners)
    at = {share: taken[int(share * len(taken))] for share in (0.95, 0.99)}
    row = [count, f"{len(taken):,}", *(f"{ms:.0f}" for ms in (statistics.median(taken), at[0.95], at[0.99])), failed]
    row += [f"{statistics.mean(after):.0f}", f"{max(after):.0f}", f"{statistics.mean(after) - statistics.mean(before):+.1f}"]
    print(f"| {' | '.join(map(str, row))} |", flush=True)
    for learner in learners:
        learner.reading.cancel()
        learner.socket.close()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("learners", nargs="*", type=int, default=[10, 30, 60])
    options.add_argument("--seconds", type=float, default=SECONDS)
    options.add_argument("--least", action="store_true", help="a slider and its number instead of a card: what Jupyter itself takes")
    options = options.parse_args()
    heads = ["learners", "moves", "median, ms", "95 %", "99 %", "failures", "PSS a kernel, MB", "most", "grown by"]
    print("|", " | ".join(heads), "|\n|" + "---|" * len(heads))
    for count in options.learners:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "root").mkdir()
            with jupyterlab(Path(folder)) as (base, token, _):
                asyncio.run(lesson(base, token, count, options.seconds, LEAST if options.least else CARD))


if __name__ == "__main__":
    main()
