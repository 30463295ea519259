"""Live sound by both clients, against a daemon that is played (tests/lib/played-sound.mjs)."""
import asyncio
import io
import json
import os
import unittest

import webinfer

NAMES = json.loads(os.environ["WEBINFER_NAMES"])
with open(os.environ["WEBINFER_SOUND"], "rb") as file:
    SOUND = file.read()


def finals(events):
    return [event["text"] for event in events if event["event"] == "final"]


def pieces(size):
    for at in range(0, len(SOUND), size):
        yield SOUND[at:at + size]


async def asynchronous(size):
    for piece in pieces(size):
        await asyncio.sleep(0)
        yield piece


def broken():
    yield SOUND[:100_000]
    raise RuntimeError("the microphone was unplugged")


class Sync(unittest.TestCase):
    def setUp(self):
        self.client = webinfer.Client()
        self.addCleanup(self.client.close)

    def listen(self, source, **more):
        return list(self.client.listen("hears", source, **more))

    def test_any_source(self):
        for source in (SOUND, memoryview(SOUND), os.environ["WEBINFER_SOUND"], io.BytesIO(SOUND), pieces(77_777),
                       pieces(1 << 20)):
            self.assertEqual(finals(self.listen(source)), NAMES)

    def test_all_events(self):
        events = self.listen(SOUND, language="en", pause=0.2, timestamps="word", sampling_rate=8000)
        self.assertEqual([event["event"] for event in events], ["partial", "final"] * len(NAMES) + ["done"])
        self.assertEqual(events[-1], {"event": "done", "segments": len(NAMES), "heard_ms": 1})

    def test_wav_in_any_pieces(self):
        head = bytes.fromhex("52494646000000005741564566 6d7420 10000000 01000200 80bb0000 00000000 0000 1000"
                             "4c495354 03000000 6f646400 64617461 ffffffff".replace(" ", ""))
        for size in (1, 7, 1000):
            def source():
                yield from (head[at:at + size] for at in range(0, len(head), size))
                yield SOUND
            self.assertEqual(finals(self.listen(source())), NAMES)
        for wrong in (head[:20], head[:20] + b"\7" + head[21:] + SOUND, head[:12] + head[36:] + head[-8:] + SOUND):
            with self.assertRaisesRegex(ValueError, "the WAV file"):
                self.listen(wrong)

    def test_a_source_that_fails(self):
        with self.assertRaisesRegex(RuntimeError, "unplugged"):
            self.listen(broken())
        with self.assertRaises(TypeError):
            self.listen(["text"])

    def test_leaving_ends_the_work(self):
        for event in self.client.listen("hears", SOUND):
            self.assertEqual(event["event"], "partial")
            break


class Async(unittest.IsolatedAsyncioTestCase):
    async def test_any_source(self):
        async with webinfer.AsyncClient() as client:
            for source in (SOUND, io.BytesIO(SOUND), pieces(99_999), asynchronous(123_457)):
                events = [event async for event in client.listen("hears", source)]
                self.assertEqual(finals(events), NAMES)
            with self.assertRaisesRegex(RuntimeError, "unplugged"):
                async for _ in client.listen("hears", broken()):
                    pass


class Broken(unittest.TestCase):
    """The daemon breaks as the test has told it to; see listen-clients.test.mjs."""

    def test_it_goes_on_where_it_was(self):
        with webinfer.Client() as client:
            self.assertEqual(finals(client.listen("hears", SOUND)), NAMES)

    def test_it_goes_on_where_it_was_by_asyncio(self):
        async def listen():
            async with webinfer.AsyncClient() as client:
                return [event async for event in client.listen("hears", SOUND)]
        self.assertEqual(finals(asyncio.run(listen())), NAMES)

    def test_a_stream_that_is_gone(self):
        with webinfer.Client() as client, self.assertRaises(webinfer.ServiceError) as caught:
            list(client.listen("hears", SOUND))
        self.assertEqual(caught.exception.status, 404)


if __name__ == "__main__":
    unittest.main()
