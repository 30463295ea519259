"""Against a daemon with simulated nodes and a real Chromium, which tests/system/python.test.mjs starts.

WEBINFER_URL is where it is, WEBINFER_CUTTING a way to it that breaks a stream, WEBINFER_MODELS the folder
of the sample models.
"""
import array
import asyncio
import contextlib
import gc
import io
import os
import pathlib
import struct
import threading
import unittest
import warnings
import zlib
from unittest import mock

import numpy

import webinfer
from webinfer.__main__ import main

MODELS = pathlib.Path(os.environ["WEBINFER_MODELS"])
SIMULATED = {"platform": "simulated"}
SEVEN = MODELS / "digits/samples/7.png"


def pixels_of(file):
    """The pixels of a grey PNG file of 8 bits with one IDAT chunk, whose rows are not filtered."""
    width, height = struct.unpack_from(">II", file, 16)
    at = file.index(b"IDAT")
    size, = struct.unpack_from(">I", file, at - 4)
    rows = numpy.frombuffer(zlib.decompress(file[at + 4:at + 4 + size]), "uint8").reshape(height, 1 + width)
    assert not rows[:, 0].any()
    return rows[:, 1:]


async def idle(client):
    """Until nothing runs: what was left ends within moments."""
    while (await client.status())["queue"]["running"]:
        await asyncio.sleep(0.01)


class Waiting(unittest.TestCase):
    def setUp(self):
        self.client = self.enterContext(webinfer.Client())

    def test_tensors_come_back_as_they_went(self):
        grid = numpy.random.default_rng(1).normal(size=(3, 50, 40)).astype("float32")
        grid[0, 0, :3] = numpy.nan, numpy.inf, -numpy.inf
        answer = self.client.infer("builtin/echo", {"x": grid, "y": array.array("q", [1, -1]),
                                                    "h": numpy.ones(3, "float16")}, **SIMULATED)
        self.assertTrue(numpy.array_equal(answer["x"].numpy(), grid, equal_nan=True))
        self.assertEqual((answer["y"].tolist(), answer["h"].datatype), ([1, -1], "FP16"))
        self.assertEqual(answer.executed_on["simulated"], True)

    def test_a_large_tensor_comes_back(self):
        large = numpy.random.default_rng(2).integers(0, 256, 4_000_000, "uint8")
        self.assertTrue((self.client.infer("builtin/echo", {"x": large}, **SIMULATED)["x"].numpy() == large).all())

    def test_only_the_outputs_that_are_wanted_come(self):
        answer = self.client.infer("builtin/echo", {"x": array.array("f", [1]), "y": array.array("f", [2])},
                                   outputs=["y"], **SIMULATED)
        self.assertEqual(list(answer.outputs), ["y"])

    def test_errors_name_the_field(self):
        with self.assertRaises(webinfer.ServiceError) as caught:
            self.client.infer("builtin/echo", [], priority=10)
        error = caught.exception
        self.assertEqual((error.code, error.status, error.field), ("invalid_field", 400, "priority"))
        self.assertTrue(error.expected)
        for part in (error.detail, "priority", error.expected):
            self.assertIn(part, str(error))
        with self.assertRaises(webinfer.ServiceError) as caught:
            self.client.chat("none", "hi")
        self.assertEqual((caught.exception.code, caught.exception.status), ("model_not_found", 404))

    def test_threads_have_answers_of_their_own(self):
        found = {}

        def ask(number):
            answer = self.client.infer("builtin/echo", {"x": array.array("i", [number])}, **SIMULATED)
            found[number] = answer["x"].tolist()
        threads = [threading.Thread(target=ask, args=[number]) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, {number: [number] for number in range(12)})

    def test_a_stream_goes_on_where_its_connection_broke(self):
        with webinfer.Client(os.environ["WEBINFER_CUTTING"]) as client:
            stream = client.stream("builtin/count", count=300, interval_ms=1, **SIMULATED)
            self.assertEqual("".join(stream.texts()), "".join(f"{n} " for n in range(300)))
        self.assertEqual((stream.done["parts"], stream.done["result"]), (300, {"count": 300}))

    def test_leaving_a_stream_ends_its_work(self):
        for _ in self.client.stream("builtin/count", count=10000, interval_ms=50, **SIMULATED):
            break
        self.assertEqual(self.client.status()["queue"]["running"], 0)

    def test_jobs_are_kept_and_cancelled(self):
        stored = self.client.submit("builtin/echo", {"x": array.array("f", [3])}, **SIMULATED)
        done = self.client.job(stored.job["id"], wait=30)
        self.assertEqual((done.job["state"], done.answer["x"].tolist()), ("done", [3]))
        self.assertIn(stored.job["id"], [one["id"] for one in self.client.jobs(state="done")["jobs"]])
        slow = self.client.submit("builtin/count", options={"count": 1000, "interval_ms": 100}, **SIMULATED)
        self.assertIn(self.client.cancel(slow.job["id"])["state"], ("cancelled", "cancelling"))

    def test_an_idempotent_answer_comes(self):
        answer = self.client.infer("builtin/echo", {"x": array.array("f", [3])}, idempotent=True, **SIMULATED)
        self.assertEqual(answer["x"].tolist(), [3])

    def test_a_benchmark_measures_each_run(self):
        answer = self.client.benchmark("builtin/echo", {"x": array.array("f", [3])}, runs=4, warmup=0, **SIMULATED)
        self.assertEqual(answer["x"].tolist(), [3])
        self.assertEqual([len(answer.result["run_ms"]), answer.result["gpu_ms"]], [4, None])
        with self.assertRaises(webinfer.ServiceError) as refused:
            self.client.benchmark(kernel="dance")
        self.assertEqual([refused.exception.code, refused.exception.field], ["kernel_not_found", "kernel"])

    def test_what_is_there_is_told(self):
        names = [model["name"] for model in self.client.models()["models"]]
        self.assertIn("digits", names)
        self.assertEqual(self.client.model("digits")["inputs"][0]["datatype"], "FP32")
        self.assertTrue(self.client.nodes()["nodes"])
        self.assertEqual(self.client.hardware("digits")["model_type"], "vision")
        with contextlib.redirect_stdout(io.StringIO()) as shown, \
                mock.patch("sys.argv", ["webinfer"]):
            self.assertEqual(main(), 0)
        self.assertRegex(shown.getvalue(), r"webinferd [\d.]+ at http.*(?s:.*)digits")


class RealBrowser(unittest.TestCase):
    """What a real browser makes of a picture, a sound and a text, by each of the ways."""

    def setUp(self):
        self.client = self.enterContext(webinfer.Client())

    def test_tasks_by_name(self):
        file = self.enterContext(SEVEN.open("rb"))
        for image in (SEVEN, SEVEN.read_bytes(), file):
            labels = self.client.classify("digits", image=image, platform="wasm").result["labels"]
            self.assertEqual(labels[0]["label"], "7")
        best = labels[0]["probability"]
        grey = pixels_of(SEVEN.read_bytes())
        for image in (grey, numpy.stack([grey] * 3, 2), numpy.dstack([grey, grey, grey, grey // 2])):
            labels = self.client.classify("digits", image=image, platform="wasm").result["labels"]
            self.assertEqual(labels[0]["label"], "7")
            self.assertAlmostEqual(labels[0]["probability"], best, places=5)
        heard = self.client.classify("keywords", audio=MODELS / "keywords/samples/left.wav")
        self.assertEqual(heard.result["labels"][0]["label"], "left")
        vectors = self.client.embed("nest", ["a cat sleeps", "a dog sleeps"])["embeddings"]
        self.assertEqual((vectors.datatype, vectors.shape), ("FP32", (2, 64)))
        with self.assertRaisesRegex(webinfer.ServiceError, "has no task \"rerank\"") as caught:
            self.client.rerank("nest", "a cat", ["a dog", "a cat"])
        self.assertEqual(caught.exception.field, "inputs")
        self.assertTrue(self.client.tokenize("finch", "Hello").result["tokens"])
        chat = self.client.chat("finch", "What is 17 + 25?", temperature=0)
        self.assertEqual(chat.text, "17 + 25 = 42.")
        talk = self.client.talk("finch", "What is 17 + 25?", temperature=0)
        self.assertEqual("".join(talk.texts()), chat.text)

    def test_loading_by_hand(self):
        self.assertEqual(self.client.load("digits")["state"], "loading")
        self.assertEqual(self.client.unload("digits")["state"], "unloading")

    def test_the_accelerator_at_an_address(self):
        with webinfer.WebAccelerator(default_browser="chrome", default_platform="wasm",
                                     url=self.client.url) as accelerator:
            options = {"precision": 32, "priority": 7, "timeout": 100, "optimize_for_audio": True}
            answer = accelerator.accelerate("digits", {"image": SEVEN}, options)
            self.assertEqual((answer.result["labels"][0]["label"], answer.executed_on["browser"],
                              answer.executed_on["platform"]), ("7", "chrome", "wasm"))
            texts = accelerator.stream("finch", input_text="Hello", options={"timeout": 100}).texts()
            self.assertTrue("".join(texts))
            self.assertEqual(accelerator.get_optimal_hardware("digits")["would_run"]["browser"], "chrome")
            with self.assertRaises(webinfer.ServiceError) as caught:
                accelerator.accelerate("digits", {"image": SEVEN}, {"precision": 4})
            self.assertEqual(caught.exception.code, "precision_unsupported")

    def test_the_shared_accelerator(self):
        self.assertEqual(webinfer.accelerate_with_browser("digits", {"image": SEVEN}).result["labels"][0]["label"], "7")
        self.assertIs(webinfer.get_accelerator(), webinfer.get_accelerator())
        with self.assertRaisesRegex(ValueError, "has an accelerator already"):
            webinfer.get_accelerator(default_browser="chrome")

    def test_the_pool(self):
        async def run():
            async with webinfer.ResourcePool(url=self.client.url) as pool:
                place = await pool.get_connection("vision", browser="chrome", platform="wasm")
                self.assertEqual((place.browser, place.platform), ("chrome", "wasm"))
                answer = await pool.run_inference("digits", {"image": SEVEN}, connection=place)
                self.assertEqual(answer.executed_on["node"], place.node)
                self.assertEqual((await pool.get_connection("audio")).browser, "chrome")
                with self.assertRaises(webinfer.ServiceError) as caught:
                    await pool.get_connection("audio", browser="firefox", timeout=5)
                self.assertEqual(caught.exception.status, 503)
        asyncio.run(run())


class Together(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)
        self.client = await self.enterAsyncContext(webinfer.AsyncClient())

    async def test_twelve_at_once_beside_other_work_are_as_one_alone(self):
        alone = await self.client.infer("builtin/echo", {"x": array.array("f", [1, 2])}, **SIMULATED)
        streams = [asyncio.create_task(self.count(50)) for _ in range(4)]
        answers = await asyncio.gather(*(
            self.client.infer("builtin/echo", {"x": array.array("f", [1, 2])}, **SIMULATED) for _ in range(12)))
        self.assertEqual({tuple(one["x"].tolist()) for one in answers}, {tuple(alone["x"].tolist())})
        await asyncio.gather(*streams)

    async def count(self, count):
        stream = self.client.stream("builtin/count", count=count, interval_ms=2, **SIMULATED)
        texts = [text async for text in stream.texts()]
        self.assertEqual(texts, [f"{n} " for n in range(count)])
        self.assertEqual(stream.done["parts"], count)

    async def test_200_streams_in_one_loop_and_one_thread(self):
        before = threading.active_count()
        streams = [asyncio.create_task(self.count(20)) for _ in range(200)]
        most = 0
        while not all(stream.done() for stream in streams):
            most = max(most, threading.active_count())
            await asyncio.sleep(0.01)
        await asyncio.gather(*streams)
        self.assertLessEqual(most, before + 6)  # which look up names, however many streams there are

    async def test_cancelling_a_task_ends_its_work(self):
        for resumable in (True, False):
            async def read():
                async for _ in self.client.stream("builtin/count", count=100000, interval_ms=20,
                                                  resumable=resumable, **SIMULATED):
                    begun.set()
            begun = asyncio.Event()
            task = asyncio.create_task(read())
            await begun.wait()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(idle(self.client), 30)

    async def test_cancelling_a_whole_answer_ends_its_work(self):
        task = asyncio.create_task(self.client.infer(
            "builtin/count", options={"count": 100000, "interval_ms": 20}, **SIMULATED))
        while not (await self.client.status())["queue"]["running"]:
            await asyncio.sleep(0.01)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(idle(self.client), 30)

    async def test_leaving_the_loop_ends_its_work(self):
        async for _ in self.client.stream("builtin/count", count=100000, interval_ms=20, **SIMULATED):
            break
        await asyncio.wait_for(idle(self.client), 30)

    async def rows_of(self, count, **more):
        """The rows of the first messages of vectors that have so many."""
        found = []
        async with contextlib.aclosing(self.client.channels("vector_updates", models=["builtin/echo"], **more)) as told:
            async for message in told:
                found += [message["vectors"]] if message["type"] == "vector_batch" else []
                if sum(map(len, found)) >= count:
                    return numpy.concatenate(found)

    async def test_channels_bring_numpy_arrays(self):
        rows = numpy.random.default_rng(3).random((300, 5), "float32")
        rows[0, 0] = numpy.nan
        reading = asyncio.create_task(self.rows_of(300))
        while not reading.done():  # it hears of requests that end after it has subscribed
            await self.client.infer("builtin/echo", {"embeddings": rows}, publish=True, **SIMULATED)
        self.assertEqual((await reading)[:300].tobytes(), rows.tobytes())
        self.assertEqual((await self.rows_of(300, recent=300)).tobytes(), rows.tobytes())

    async def test_a_client_outlives_its_loop(self):
        def again():
            return asyncio.run(self.client.status())
        with warnings.catch_warnings():  # of the connection whose loop is no more
            warnings.simplefilter("ignore", ResourceWarning)
            await asyncio.to_thread(again)
            self.assertTrue((await self.client.status())["version"])
            gc.collect()
        self.assertTrue((await self.client.status())["version"])


if __name__ == "__main__":
    unittest.main()
