"""MACs of well-known networks, from their definitions."""


def transformer(width: int, layers: int, tokens: int, feed_forward: int) -> int:
    """MACs of a stack of blocks: four projections, attention's two products, feed_forward weights behind."""
    return layers * (tokens * (4 * width**2 + feed_forward) + 2 * tokens**2 * width)


def vit_b16() -> int:
    return 14**2 * 768 * 16 * 16 * 3 + transformer(768, 12, 14**2 + 1, 2 * 768 * 3_072) + 768 * 1_000


def gpt2() -> int:
    return transformer(768, 12, 128, 2 * 768 * 3_072) + 128 * 768 * 50_257


def llama() -> int:
    return transformer(4_096, 32, 128, 3 * 4_096 * 11_008) + 128 * 4_096 * 32_000


def resnet50() -> int:
    """stages of bottlenecks 1×1, 3×3, 1×1, the first with a 1×1 beside it."""
    macs, before, side = 112**2 * 64 * 7 * 7 * 3, 64, 56
    for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for block in range(blocks):
            enters = side
            side = side // 2 if stage and not block else side
            macs += enters**2 * before * width + side**2 * (9 * width**2 + 4 * width**2)
            macs += side**2 * before * 4 * width * (not block)
            before = 4 * width
    return macs + before * 1000


def mobilenet_v2() -> int:
    """a 1×1 that widens, a depthwise 3×3, a 1×1 that narrows."""
    macs, before, side = 112**2 * 32 * 27, 32, 112
    for widens, width, blocks, stride in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):
        for block in range(blocks):
            inside, enters = before * widens, side
            side = side // stride if not block else side
            macs += enters**2 * before * inside * (widens > 1) + side**2 * (9 * inside + inside * width)
            before = width
    return macs + 7**2 * 320 * 1280 + 1280 * 1000


def convnext_t() -> int:
    """a depthwise 7×7, then four times the width and back."""
    macs, side = 56**2 * 96 * 4 * 4 * 3, 56
    for stage, (blocks, width) in enumerate(((3, 96), (3, 192), (9, 384), (3, 768))):
        side = side // 2 if stage else side
        macs += side**2 * (blocks * (49 * width + 8 * width**2) + 4 * width * width // 2 * (stage > 0))
    return macs + 768 * 1000
