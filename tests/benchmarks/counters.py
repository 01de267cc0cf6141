"""Counters on well-known networks: right or wrong against closed forms, and how long each takes, interleaved in one run.

    python tests/benchmarks/counters.py [NETWORK ...]    (needs: pip install transformers fvcore ultralytics-thop)

The networks are transformers' own configurations without a download: on the meta device, where nothing is computed and a Llama
of 7 billion parameters has no weights; with --real, VGG16 and ResNet-50 with weights, batch 8. What is right is written here from
the networks' definitions. A counter that cannot run on meta tensors, or not on the network, has a dash. With --picture docs/counters.svg
the run is drawn, too.
"""

import argparse
import statistics
import time
import tracemalloc
import warnings
from pathlib import Path

import torch
import torchinfo
from torch.utils.flop_counter import FlopCounterMode

from course_lib import build, count, small_cnn
from course_lib.by_machine.evidence import imagenet_vgg16
from course_lib.show.svg import box, colour, label, picture

PICTURE, TOKENS = (1, 3, 224, 224), (1, 128)


def transformer(width: int, layers: int, tokens: int, feed_forward: int, keys: int | None = None) -> int:
    """MACs of a stack of blocks: four projections, attention's two products, feed_forward numbers of weights behind."""
    return layers * (tokens * (2 * width**2 + 2 * width * (keys or width) + feed_forward) + 2 * tokens**2 * width)


CLOSED = {  # parameters and MACs from the definitions, or as published where facts.md has them measured
    "small CNN": (26_926, 373_856),
    "VGG16": (138_357_544, 15_470_264_320),
    "ResNet-50": (25_557_032, 4_089_184_256),
    "MobileNetV2": (3_504_872, 300_774_272),
    "ViT-B/16": (86_567_656, 196 * 768 * 768 + transformer(768, 12, 197, 2 * 768 * 3072) + 768 * 1000),
    "GPT-2": (124_439_808, transformer(768, 12, 128, 2 * 768 * 3072) + 128 * 768 * 50_257),
    "Llama 7B": (6_738_415_616, transformer(4096, 32, 128, 3 * 4096 * 11_008) + 128 * 4096 * 32_000),
}


def networks() -> dict:
    import transformers as hf

    def classifier(name: str, **sizes):
        config = getattr(hf, f"{name}Config")(num_labels=1000, **sizes)
        return getattr(hf, f"{name}ForImageClassification")(config)

    return {
        "small CNN": (lambda: build(small_cnn(), torch.get_default_device().type), (1, 3, 32, 32)),
        "VGG16": (lambda: build(imagenet_vgg16(), torch.get_default_device().type), PICTURE),
        "ResNet-50": (lambda: classifier("ResNet"), PICTURE),
        "MobileNetV2": (lambda: classifier("MobileNetV2", tf_padding=False), PICTURE),
        "ConvNeXt-T": (lambda: classifier("ConvNext"), PICTURE),
        "ViT-B/16": (lambda: classifier("ViT"), PICTURE),
        "GPT-2": (lambda: hf.GPT2LMHeadModel(hf.GPT2Config()), TOKENS),
        "Llama 7B": (lambda: hf.LlamaForCausalLM(hf.LlamaConfig()), TOKENS),
    }


def bare(model, x) -> None:
    with torch.no_grad():
        model(x)


def flop_counter(model, x) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    return counter.get_total_flops() // 2


def by_torchinfo(model, x) -> int:
    return torchinfo.summary(model, input_data=x, verbose=0, device=x.device.type).total_mult_adds


def by_thop(model, x) -> int:
    from thop import profile

    return int(profile(model, inputs=(x,), verbose=False)[0])


def by_fvcore(model, x) -> int:
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(model, x).unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def course(model, x) -> int:
    return count(model, input_data=x).macs


COUNTERS = {"forward alone": bare, "course": course, "FlopCounterMode": flop_counter, "torchinfo": by_torchinfo,
            "ultralytics-thop": by_thop, "fvcore": by_fvcore}  # fmt: skip


def measured(model, x, repeats: int) -> dict[str, tuple]:
    """By counter: its answer, median and spread in ms, and the most memory of Python's that its second call takes, in MB."""
    answers, times, memory = {}, {}, {}
    for name, counter in COUNTERS.items():
        try:
            answers[name] = counter(model, x)
        except Exception:
            continue
        tracemalloc.start()
        counter(model, x)
        memory[name] = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
    for _ in range(repeats):
        for name in answers:
            started = time.perf_counter()
            COUNTERS[name](model, x)
            times.setdefault(name, []).append(1000 * (time.perf_counter() - started))
    return {name: (answers[name], statistics.median(times[name]), min(times[name]), max(times[name]), memory[name]) for name in answers}


MARKS = {  # a shape and a colour for each counter, around 0, 0
    "course": ("blue", '<circle r="9"/>'),
    "FlopCounterMode": ("ink", '<rect x="-8" y="-8" width="16" height="16"/>'),
    "torchinfo": ("orange", '<polygon points="0,-10 10,8 -10,8"/>'),
    "ultralytics-thop": ("green", '<polygon points="0,-11 11,0 0,11 -11,0"/>'),
}


def mark(x: float, y: float, counter: str, right: bool) -> str:
    tone, shape = MARKS[counter]
    fill = colour(tone if right else "paper")
    return f'<g transform="translate({x:.1f} {y:.1f})" fill="{fill}" stroke="{colour(tone)}" stroke-width="2.5">{shape}</g>'


def drawn(found: dict[str, dict[str, tuple[float, bool]]]) -> str:
    """By network and counter: the time in forward passes, and whether the answer is right; one line a network, hollow where wrong."""
    left, right, top, pitch, most = 190, 870, 130, 44, 2.0
    title = "On a deep network the course counts in less than a forward pass"
    parts = [label(8, 30, title, 20, anchor="start", bold=True)]
    for i, counter in enumerate(MARKS):
        parts += [mark(24 + 200 * i, 64, counter, True), label(40 + 200 * i, 70, counter, 17, anchor="start")]
    parts.append(label(8, 100, "Time in bare forward passes on the meta device; hollow: a wrong answer", 17, "quiet", "start"))
    end = top + pitch * len(found)
    for tick in (0, 0.5, 1, 1.5, 2):
        x = left + (right - left) * tick / most
        parts += [box(x, top, 2 if tick == 1 else 1, end - top, "quiet" if tick == 1 else "line"), label(x, end + 24, f"{tick:g}", 17)]
    said = []
    for i, (network, counters) in enumerate(found.items()):
        y = top + pitch * i + 22
        parts.append(label(left - 14, y + 6, network, 17, anchor="end"))
        parts += [
            mark(left + (right - left) * min(times, most) / most, y, counter, ok) for counter, (times, ok) in reversed(counters.items())
        ]
        said.append(f"{network}: " + ", ".join(f"{c} {times:.2f}{'' if ok else ' and wrong'}" for c, (times, ok) in counters.items()))
    return picture(900, end + 40, parts, f"{title}. {'; '.join(said)}.")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("names", nargs="*")
    options.add_argument("--real", action="store_true")
    options.add_argument("--repeats", type=int, default=9)
    options.add_argument("--picture", type=Path)
    options, points = options.parse_args(), {}
    warnings.filterwarnings("ignore")
    for name, (make, size) in networks().items():
        if (options.names and name not in options.names) or (options.real and name not in ("VGG16", "ResNet-50")):
            continue
        with torch.device("cpu" if options.real else "meta"):
            model = make().eval()
            x = torch.zeros((8, *size[1:]) if options.real else size, dtype=torch.long if size == TOKENS else torch.float32)
        found = measured(model, x, options.repeats)
        params, macs = CLOSED.get(name) or (None, found["FlopCounterMode"][0])
        macs *= 8 if options.real else 1
        own = count(model, input_data=x).params
        print(f"\n{name}: {macs:,} MACs; parameters {own:,} {'right' if params in (None, own) else f'wrong: {params:,}'}")
        base = found["forward alone"][1]
        for counter, (answer, median, low, high, memory) in found.items():
            verdict = "" if answer is None else "right" if answer == macs else f"{(answer - macs) / macs:+.1%}"
            print(f"  {counter:18}{median:9.1f} ms ({low:.1f} to {high:.1f}){median / base:7.2f} ×{memory:8.1f} MB  {verdict}")
        print(f"  no answer: {', '.join(COUNTERS.keys() - found.keys()) or 'none'}")
        points[name] = {counter: (found[counter][1] / base, found[counter][0] == macs) for counter in MARKS if counter in found}
    if options.picture:
        options.picture.write_text(drawn(points) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
