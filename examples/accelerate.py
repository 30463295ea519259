#!/usr/bin/env python3
"""A model each of text, vision and audio at once, in browsers that are preferred for each.

    python3 accelerate.py [WEBINFERD OPTION...]

starts a webinferd of its own, with three browsers at most, which ends with it. Its options may say
where the sample models are: --set models.directory=/usr/local/share/webinfer/models.
"""
import concurrent.futures
import pathlib
import sys
import time

import webinfer

SAMPLES = pathlib.Path(__file__).resolve().parent.parent / "models"
PREFERENCES = {"text": ["edge", "chrome"], "vision": ["chrome/webgpu", "firefox"],
               "audio": ["firefox", "chrome"]}
WORK = [
    ("finch", {"messages": [{"role": "user", "content": "What is 17 + 25?"}]}, {}),
    ("digits", {"image": SAMPLES / "digits/samples/7.png"}, {"precision": 32}),
    ("keywords", {"audio": SAMPLES / "keywords/samples/left.wav"}, {"optimize_for_audio": True}),
]


def brief(result):
    """The text of a result, or its best label."""
    return result.get("text") or result["labels"][0]["label"]


def run(accelerator, model, data, options):
    began = time.perf_counter()
    answer = accelerator.accelerate(model, data, options)
    where, times = answer.executed_on, answer.performance
    return (f"{model:9} {brief(answer.result)!r:16} {where['browser']}/{where['platform']:7} "
            f"queue {times['queue_ms']:6.0f} ms, load {times['load_ms']:5.0f} ms, "
            f"inference {times['inference_ms']:6.1f} ms, in all {time.perf_counter() - began:.2f} s")


def main():
    daemon = ["webinferd", *sys.argv[1:]]
    with webinfer.WebAccelerator(max_connections=3, browser_preferences=PREFERENCES,
                                 daemon=daemon) as accelerator:
        with concurrent.futures.ThreadPoolExecutor() as threads:
            began = time.perf_counter()
            for line in threads.map(lambda work: run(accelerator, *work), WORK):
                print(line)
            print(f"all three at once: {time.perf_counter() - began:.2f} s")
        for model, _, _ in WORK:
            best = accelerator.get_optimal_hardware(model)
            place = best["would_run"]
            where = f"{place['browser']}/{place['platform']}" if place else "nothing now"
            print(f"best for {model}: {where}: {best['why']}")


if __name__ == "__main__":
    try:
        main()
    except (webinfer.WebinferError, OSError) as failure:
        sys.exit(str(failure))
