"""Both clients against what is no webinferd, answers garbage, or dies: an exception with a sentence."""
import asyncio
import json
import unittest
from unittest import mock

import webinfer
from fakes import DONE, answer, chunk, events, part, serving

INFER = {"id": "a", "model_name": "m", "model_type": None, "executed_on": {}, "performance": {}}
PROBLEM = {"type": "t", "title": "T", "status": 422, "code": "input_shape", "detail": "it is too long",
           "field": "inputs[0]", "expected": "[1, 2]", "allowed": "anything"}


def sync(url, method, *words, **more):
    with webinfer.Client(url, retries=more.pop("retries", 2)) as client:
        return getattr(client, method)(*words, **more)


def asynchronous(url, method, *words, **more):
    async def run():
        async with webinfer.AsyncClient(url, retries=more.pop("retries", 2)) as client:
            return await getattr(client, method)(*words, **more)
    return asyncio.run(run())


def parts_sync(url, **more):
    with webinfer.Client(url) as client:
        stream = client.stream("m", **more)
        return [one["text"] for one in stream], stream.done


def parts_asynchronous(url, **more):
    async def run():
        async with webinfer.AsyncClient(url) as client:
            stream = client.stream("m", **more)
            return [one["text"] async for one in stream], stream.done
    return asyncio.run(run())


class Base(unittest.TestCase):
    def each(self):
        for ask, follow in ((sync, parts_sync), (asynchronous, parts_asynchronous)):
            with self.subTest(client=ask.__name__):
                yield ask, follow


def page(rows, after):
    return answer(json.dumps({"nodes": [{"id": row} for row in rows], "next": after, "quarantined": []}))


class Lists(Base):
    def test_pages_are_put_together(self):
        for ask, _ in self.each():
            with serving(page(["a", "b"], "b"), page(["c"], "c"), page(["d"], None)) as server:
                whole = ask(server.url, "nodes")
            self.assertEqual([one["id"] for one in whole["nodes"]], ["a", "b", "c", "d"])
            self.assertIsNone(whole["next"])
            self.assertEqual([target for target, _, _ in server.requests], [
                "GET /v1/nodes?limit=100", "GET /v1/nodes?limit=100&after=b", "GET /v1/nodes?limit=100&after=c"])

    def test_what_else_is_in_pages_is_put_together_too(self):
        def models(name, after, published):
            return answer(json.dumps({"models": [{"name": name}], "data": [{"id": name}], "pulls": [{"name": "p"}],
                                      "published": published, "next": after}))
        for ask, _ in self.each():
            with serving(models("a", "a", [1]), models("b", None, [2])) as server:
                whole = ask(server.url, "models")
            self.assertEqual(whole, {"models": [{"name": "a"}, {"name": "b"}], "data": [{"id": "a"}, {"id": "b"}],
                                     "pulls": [{"name": "p"}], "published": [1, 2], "next": None})
            with serving(models("a", "a", [1]), models("b", None, [1])) as server:
                self.assertEqual(ask(server.url, "models")["published"], [1])

    def test_a_service_without_pages_has_one(self):
        for ask, _ in self.each():
            with serving(answer('{"nodes":[{"id":"a"}]}')) as server:
                self.assertEqual(ask(server.url, "nodes"), {"nodes": [{"id": "a"}]})

    def test_a_limit_goes_over_pages_and_ends_there(self):
        def jobs(count, after):
            return answer(json.dumps({"jobs": [{"id": "j"}] * count, "next": after}))
        for ask, _ in self.each():
            with serving(jobs(100, "x"), jobs(50, "y")) as server:
                self.assertEqual(len(ask(server.url, "jobs", limit=150, state="done")["jobs"]), 150)
            self.assertEqual([target for target, _, _ in server.requests], [
                "GET /v1/jobs?state=done&limit=100", "GET /v1/jobs?state=done&limit=50&after=x"])

    def test_a_list_without_an_end_is_ended(self):
        for ask, _ in self.each():
            for said in ([page(["a"], "a")] * 9, [page(["a"], "a"), page(["b"], "b")] * 9, [page([], "a")] * 9):
                with serving(*said) as server, self.assertRaisesRegex(webinfer.BadAnswer, "has no end"):
                    ask(server.url, "nodes")
                self.assertLess(len(server.requests), 5)

    def test_what_is_no_list_is_told(self):
        for ask, _ in self.each():
            for said in ('{}', '{"nodes":7}', '{"nodes":{"a":1}}'):
                with serving(answer(said)) as server, self.assertRaisesRegex(webinfer.BadAnswer, "no webinferd"):
                    ask(server.url, "nodes")

    def test_a_page_that_may_come_later_is_asked_for_again(self):
        for ask, _ in self.each():
            late = answer(json.dumps({**PROBLEM, "status": 503, "code": "too_busy"}), 503, ["Retry-After: 0"])
            with serving(page(["a"], "a"), late, page(["b"], None)) as server:
                self.assertEqual(len(ask(server.url, "nodes")["nodes"]), 2)


class Answers(Base):
    def bad(self, said, sentence):
        for ask, _ in self.each():
            with serving(said) as server, self.assertRaisesRegex(webinfer.BadAnswer, sentence) as caught:
                ask(server.url, "status")
            self.assertEqual(caught.exception.code, "bad_answer")

    def test_what_is_no_http_is_told(self):
        self.bad((b"SSH-2.0-OpenSSH_9.2\r\n", "close"), "does not speak HTTP")
        self.bad((b"\0\1\2" * 100, "close"), "does not speak HTTP")
        self.bad((b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000, "close"), "has no end")
        self.bad((b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "close"), "no header")

    def test_framing_that_lies_is_told(self):
        self.bad(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "length that cannot be")
        self.bad(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", "length that cannot be")
        self.bad(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "more than one")
        self.bad(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer coding")
        self.bad(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunk of no size")

    def test_another_service_is_told(self):
        self.bad(answer("<!doctype html><p>Welcome"), "no JSON object")
        self.bad(answer("[]"), "no JSON object")
        self.bad(answer("[" * 100000), "no JSON object")
        self.bad(answer("<h1>Bad gateway</h1>", 502), "no webinferd.*")
        self.bad(answer('{"error": "not found"}', 404), "no webinferd")
        self.bad(answer("", 302, ["Location: http://elsewhere.invalid/"]), "no webinferd")

    def test_answers_that_lie_about_tensors_are_told(self):
        def lying(outputs, data=b"", head=None):
            text = json.dumps({**INFER, "outputs": outputs}).encode()
            return answer(text + data, 200,
                          [f"Inference-Header-Content-Length: {len(text) if head is None else head}"])
        one = {"name": "x", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}
        for said, sentence in (
                (lying([one], b"1234"), "has 8 bytes, and the data has 4"),
                (lying([{**one, "shape": [-1]}], b"12345678"), "a name, a datatype and a shape"),
                (lying([{**one, "shape": [2 ** 60]}], b"12345678"), "a name, a datatype and a shape"),
                (lying([{**one, "datatype": "FP1"}], b"12345678"), "a name, a datatype and a shape"),
                (lying([one], b"12345678more"), "bytes that no tensor claims"),
                (lying([], b"", 10 ** 9), "head cannot have"),
                (lying("text"), "not as webinfer-api"), (answer("{}"), "not as webinfer-api")):
            for ask, _ in self.each():
                with serving(said) as server, self.assertRaisesRegex(webinfer.BadAnswer, sentence):
                    ask(server.url, "infer", "m")

    def test_a_large_answer_is_whole_or_told(self):
        large = {"text": "x" * 3_000_000}
        said = answer(json.dumps(large))
        for ask, _ in self.each():
            with serving(said, (said[:-1], "close")) as server:
                self.assertEqual(ask(server.url, "status"), large)
                with self.assertRaises(webinfer.Unreachable) as caught:
                    ask(server.url, "status", retries=0)
            self.assertEqual(caught.exception.code, "connection_lost")

    def test_errors_have_what_the_service_says(self):
        said = answer(json.dumps(PROBLEM), 422)
        for ask, _ in self.each():
            with serving(said) as server, self.assertRaises(webinfer.ServiceError) as caught:
                ask(server.url, "infer", "m")
            error = caught.exception
            self.assertEqual((error.detail, error.code, error.status, error.field, error.expected,
                              error.allowed, error.retry_after),
                             ("it is too long", "input_shape", 422, "inputs[0]", "[1, 2]", "anything", None))
            self.assertEqual(str(error), "it is too long (field: inputs[0]); expected: [1, 2]; allowed: anything")

    def test_the_text_of_an_error_says_each_thing_once(self):
        for members, text in (
                ({}, "it is wrong"), ({"field": "top"}, "it is wrong (field: top)"),
                ({"expected": "1 to 9"}, "it is wrong; expected: 1 to 9"),
                ({"allowed": "a, b"}, "it is wrong; allowed: a, b"),
                ({"detail": "top is 12, and 1 to 9 is expected", "field": "top", "expected": "1 to 9"},
                 "top is 12, and 1 to 9 is expected"),
                ({"detail": "stop has 14 words", "field": "top", "expected": "4"},  # within words they are not said
                 "stop has 14 words (field: top); expected: 4"),
                ({"expected": "(a|b)", "allowed": ""}, "it is wrong; expected: (a|b)"),
                ({"expected": 5, "field": None}, "it is wrong")):
            error = webinfer.errors.of_problem({"code": "c", "detail": "it is wrong", **members})
            self.assertEqual(str(error), text)
        self.assertEqual(str(webinfer.errors.of_problem({"code": "c", "title": "A title"})), "A title")


class Repeating(Base):
    def busy(self, status=503):
        return answer(json.dumps({**PROBLEM, "status": status}), status, ["Retry-After: 0"])

    def test_429_and_503_are_tried_again_and_given_up(self):
        for ask, _ in self.each():
            good = answer(json.dumps({**INFER, "outputs": []}))
            with serving(self.busy(), self.busy(429), good) as server:
                self.assertEqual(ask(server.url, "infer", "m").id, "a")
                self.assertEqual(len(server.requests), 3)
            with serving(self.busy(), self.busy()) as server, self.assertRaises(webinfer.ServiceError) as caught:
                ask(server.url, "infer", "m", retries=1)
            self.assertEqual((caught.exception.status, caught.exception.retry_after), (503, 0.0))

    def test_a_post_that_may_have_arrived_is_not_sent_again(self):
        for ask, _ in self.each():
            for said in (None, (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "close")):
                with serving(said, said) as server, self.assertRaises(webinfer.Unreachable) as caught:
                    ask(server.url, "infer", "m")
                self.assertEqual(caught.exception.code, "connection_lost")
                self.assertEqual(len(server.requests), 1)

    def test_but_is_with_a_key_which_stays_the_same(self):
        for ask, _ in self.each():
            with serving(None, answer(json.dumps({**INFER, "outputs": []}))) as server:
                ask(server.url, "infer", "m", idempotent=True)
            keys = {line for _, head, _ in server.requests for line in head if "Idempotency-Key" in line}
            self.assertEqual((len(server.requests), len(keys)), (2, 1))

    def test_a_get_is_sent_again(self):
        for ask, _ in self.each():
            with serving(None, answer('{"models": []}')) as server:
                self.assertEqual(ask(server.url, "models"), {"models": []})

    def test_nobody_there_is_told(self):
        with serving() as server:
            url = server.url
        for ask, _ in self.each():
            with self.assertRaisesRegex(webinfer.Unreachable, "Is webinferd running") as caught:
                ask(url, "status", retries=0)
            self.assertEqual((caught.exception.code, caught.exception.status), ("refused", None))
            self.assertIsInstance(caught.exception, ConnectionError)


class Connections(Base):
    def test_one_that_the_service_has_closed_is_not_used_again(self):
        with serving((answer("{}"), "close"), answer("{}"), answer("{}")) as server:
            with webinfer.Client(server.url, retries=0) as client:
                client.status()
                server_closed = client._idle[0]
                while server_closed.is_fresh():  # until the end of the connection has come
                    pass
                client.status()
                client.status()
            self.assertEqual(len(server.requests), 3)

    def test_nor_is_one_of_asyncio(self):
        async def run(url):
            async with webinfer.AsyncClient(url, retries=0) as client:
                await client.status()
                server_closed = client._idle[0]
                while server_closed.is_fresh():
                    await asyncio.sleep(0)
                await client.status()
                await client.status()
        with serving((answer("{}"), "close"), answer("{}"), answer("{}")) as server:
            asyncio.run(run(server.url))
            self.assertEqual(len(server.requests), 3)

    def test_nor_is_one_on_which_more_came_than_was_asked(self):
        async def run(url):
            async with webinfer.AsyncClient(url) as client:
                return [await client.status(), await client.status()]
        with serving(answer("{}") + b"more", answer('{"second": 2}')) as server:
            with webinfer.Client(server.url) as client:
                self.assertEqual([client.status(), client.status()], [{}, {"second": 2}])
        with serving(answer("{}") + b"more", answer('{"second": 2}')) as server:
            self.assertEqual(asyncio.run(run(server.url)), [{}, {"second": 2}])


class Streams(Base):
    def test_a_stream_that_breaks_goes_on_behind_its_last_part(self):
        for _, follow in self.each():
            with serving((events(part(0), part(1)[:20]), "close"),
                         (events(part(1), part(2), DONE) + chunk(""), "close")) as server:
                texts, done = follow(server.url)
            self.assertEqual((texts, done["parts"]), (["0 ", "1 ", "2 "], 3))
            self.assertEqual([line for line, _, _ in server.requests],
                             ["POST /v1/infer", "GET /v1/jobs/job-1"])
            self.assertIn("Last-Event-ID: 0", server.requests[1][1])

    def test_one_that_is_not_resumable_is_told(self):
        for _, follow in self.each():
            with serving((events(part(0)), "close")) as server, self.assertRaises(webinfer.Unreachable):
                follow(server.url, resumable=False)
            self.assertEqual(len(server.requests), 1)

    def test_one_that_falls_silent_is_told(self):
        for _, follow in self.each():
            with serving(events(part(0))) as server, mock.patch("webinfer.calls.SILENCE", 0.2):
                with self.assertRaisesRegex(webinfer.Unreachable, "fell silent") as caught:
                    follow(server.url, resumable=False)
            self.assertEqual(caught.exception.code, "timed_out")

    def test_what_nobody_reads_is_left_to_the_service(self):
        async def run(server):
            async with webinfer.AsyncClient(server.url) as client:
                async for _ in client.stream("m", resumable=False):
                    for _ in range(2000):  # a whole read each, if it read
                        await asyncio.sleep(0)
                    return server.sent
        with serving(events(part(0)) + chunk(": nothing\n" * 1000) * 4000) as server:
            self.assertEqual(asyncio.run(run(server)), 0)

    def test_a_daemon_that_is_gone_is_told(self):
        for _, follow in self.each():
            with serving((events(part(0)), "close")) as server, mock.patch("webinfer.events.TRIES", 2):
                with self.assertRaisesRegex(webinfer.Unreachable, "broke before the answer was whole"):
                    follow(server.url)

    def test_errors_within_are_told(self):
        said = f"event: error\ndata: {json.dumps(PROBLEM)}\n\n"
        for _, follow in self.each():
            with serving(events(part(0), said)) as server, self.assertRaises(webinfer.ServiceError) as caught:
                follow(server.url)
            self.assertEqual((caught.exception.code, caught.exception.field), ("input_shape", "inputs[0]"))

    def test_garbage_within_is_told(self):
        for said, sentence in ((events("event: part\ndata: {\n\n"), "no JSON"),
                               (events("event: part\ndata: \ud7ff\n\n").replace(b"\xed", b"\xff"), "no text"),
                               (answer("{}"), "a stream was asked for")):
            for _, follow in self.each():
                with serving(said) as server, self.assertRaisesRegex(webinfer.BadAnswer, sentence):
                    follow(server.url)

    def test_leaving_cancels(self):
        with serving(events(part(0)), answer('{"id": "job-1", "state": "cancelled"}')) as server:
            with webinfer.Client(server.url) as client:
                for _ in client.stream("m"):
                    break
        self.assertEqual([line for line, _, _ in server.requests], ["POST /v1/infer", "DELETE /v1/jobs/job-1"])


def told_sync(url, count):
    with webinfer.Client(url) as client:
        return [message["count"] for _, message in zip(range(count), client.channels("job_results", recent=9))]


def told_asynchronous(url, count):
    async def run():
        async with webinfer.AsyncClient(url) as client:
            found = []
            async for message in client.channels("job_results", recent=9):
                found.append(message["count"])
                if len(found) == count:
                    return found
    return asyncio.run(run())


class Channels(unittest.TestCase):
    HEAD = b"HTTP/1.1 200 Said\r\nContent-Type: application/octet-stream\r\n\r\n"

    @staticmethod
    def missed(count):
        text = json.dumps({"type": "missed", "data": {"count": count}}).encode()
        return len(text).to_bytes(4, "little") + text + bytes(-(4 + len(text)) % 8)

    def test_a_broken_connection_is_followed_by_another(self):
        for follow in (told_sync, told_asynchronous):
            with serving((self.HEAD + self.missed(1) + self.missed(2)[:9], "close"), answer("{}", 503, ["Retry-After: 0"]),
                         (self.HEAD + self.missed(3) + self.missed(4), "close")) as server:
                self.assertEqual(follow(server.url, 3), [1, 3, 4])
            self.assertEqual([line for line, _, _ in server.requests],
                             ["GET /v1/channels?names=job_results&recent=9", *["GET /v1/channels?names=job_results"] * 2])
            self.assertIn("Accept: application/octet-stream", server.requests[0][1])

    def test_what_is_no_stream_of_frames_is_told(self):
        for follow in (told_sync, told_asynchronous):
            for said, sentence in ((answer("{}"), "channels were asked for"),
                                   ((self.HEAD + bytes([255] * 8), "close"), "JSON is to have"),
                                   ((self.HEAD + b"\2\0\0\0{}\0\0", "close"), "that is none")):
                with serving(said) as server, self.assertRaisesRegex(webinfer.BadAnswer, sentence):
                    follow(server.url, 1)

    def test_a_refusal_is_told(self):
        for follow in (told_sync, told_asynchronous):
            with serving(answer(json.dumps(PROBLEM), 400)) as server, self.assertRaises(webinfer.ServiceError):
                follow(server.url, 1)


if __name__ == "__main__":
    unittest.main()
