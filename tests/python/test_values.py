"""Tensors, pictures and sounds, arguments, and that both clients have the same methods."""
import array
import base64
import inspect
import io
import json
import math
import pathlib
import struct
import tempfile
import unittest
import zlib
from unittest import mock

import webinfer
from webinfer import calls, channels, content, http1, service


def sent(call):
    """What a call sends: the JSON, and the bytes behind it."""
    head, *binary = call.request.body
    return json.loads(bytes(head)), [bytes(piece) for piece in binary]


def frame(type, data, *tensors):
    """A frame of channels: webinfer-channels(7)."""
    told = {"tensors": [{"name": name, "datatype": "FP32", "shape": shape, "offset": 0, "byte_length": len(raw)}
                        for name, shape, raw in tensors]} if tensors else {}
    text = json.dumps({"id": "1", "type": type, "from": "server", "timestamp": 1, "data": {**data, **told}}).encode()
    whole = struct.pack("<I", len(text)) + text
    for raw in (b"", *(raw for _, _, raw in tensors)):
        whole += raw
        whole += bytes(-len(whole) % 8)
    return whole


class Channels(unittest.TestCase):
    raw = struct.pack("<3f", 0.5, math.inf, -2)

    def test_frames_come_in_any_pieces(self):
        whole = (frame("heartbeat", {}) + frame("job_completed", {"jobs": [{"id": "a"}]}) +
                 frame("vector_batch", {"count": 1}, ("vectors", [1, 3], self.raw)) + frame("missed", {"count": 7}))
        for size in (1, 7, len(whole)):
            frames = channels.Frames()
            found = [message for at in range(0, len(whole), size)
                     for message in frames.feed(memoryview(whole[at:at + size]))]
            self.assertEqual([message["type"] for message in found],
                             ["heartbeat", "job_completed", "vector_batch", "missed"])
            self.assertEqual(found[2]["vectors"].tolist(), [[0.5, math.inf, -2]])
            self.assertEqual((found[2]["count"], found[3]["count"]), (1, 7))

    def test_without_numpy_vectors_are_memoryviews(self):
        with mock.patch.object(webinfer.Tensor, "numpy", side_effect=ImportError):
            [found] = channels.Frames().feed(memoryview(frame("vector_batch", {}, ("vectors", [1, 3], self.raw))))
        self.assertIsInstance(found["vectors"], memoryview)
        self.assertEqual((found["vectors"].shape, found["vectors"].tolist()), ((1, 3), [[0.5, math.inf, -2]]))

    def test_what_is_no_frame_is_told(self):
        lies = [struct.pack("<I", 1 << 31), struct.pack("<I", 4) + b"nope", struct.pack("<I", 2) + b"[]" + bytes(2),
                frame("x", {"tensors": 7}), frame("x", {"tensors": [{"offset": 8, "byte_length": 4}]}),
                frame("x", {}, ("vectors", [2, 3], self.raw)), frame("x", {}, (["vectors"], [1, 3], self.raw))]
        for lie in lies:
            with self.assertRaises(webinfer.BadAnswer):
                channels.Frames().feed(memoryview(lie))

    def test_what_is_asked_for(self):
        def target(*names, **more):
            return calls.channels(*names, **more).request().target
        self.assertEqual(target(), "/v1/channels?names=job_results%2Cvector_updates")
        self.assertEqual(target("job_results", models=["a/b", "nest:q8"], recent=5),
                         "/v1/channels?names=job_results&models=a%2Fb%2Cnest%3Aq8&recent=5")
        self.assertTrue(sent(calls.infer("m", publish=True))[0]["publish"])


class Tensors(unittest.TestCase):
    def test_buffers_say_what_they_are(self):
        for letter, datatype in (("f", "FP32"), ("d", "FP64"), ("b", "INT8"), ("B", "UINT8"),
                                 ("h", "INT16"), ("H", "UINT16"), ("i", "INT32"), ("I", "UINT32"),
                                 ("l", "INT64"), ("q", "INT64"), ("Q", "UINT64")):
            tensor = webinfer.Tensor("x", array.array(letter, [1, 2, 3]))
            self.assertEqual((tensor.datatype, tensor.shape, tensor.tolist()), (datatype, (3,), [1, 2, 3]))
            self.assertEqual(tensor.data.tolist(), [1, 2, 3])

    def test_nothing_is_copied(self):
        numbers = array.array("f", [1, 2])
        tensor = webinfer.Tensor("x", numbers)
        numbers[0] = 5
        self.assertEqual(tensor.tolist(), [5, 2])

    def test_lists_need_a_datatype_and_one_length(self):
        tensor = webinfer.Tensor("x", [[1, 2, 3], [4, 5, 6]], "FP16")
        self.assertEqual((tensor.shape, tensor.tolist()), ((2, 3), [[1, 2, 3], [4, 5, 6]]))
        for data, datatype in (([1], None), ([1], "FP8"), ([300], "UINT8"), (["a"], "FP32"),
                               ([[1], [2, 3]], "FP32"), ([1], "BF16")):
            with self.assertRaises(ValueError):
                webinfer.Tensor("x", data, datatype)

    def test_scalars_and_what_is_empty(self):
        self.assertEqual(webinfer.Tensor("x", 7, "INT32").tolist(), 7)
        self.assertEqual(webinfer.Tensor("x", 7, "INT32").data[()], 7)
        empty = webinfer.Tensor("x", b"", "FP32", [0, 4])
        self.assertEqual((empty.tolist(), len(empty.raw)), ([], 0))
        self.assertEqual(webinfer.Tensor("x", b"", "FP32", [2, 0]).tolist(), [[], []])

    def test_bytes_take_a_datatype_and_a_shape(self):
        self.assertEqual(webinfer.Tensor("x", b"\x80\x3f\xc0\xff", "BF16", [2]).tolist()[0], 1.0)
        for words in (("FP32", [2]), ("FP32", None), ("FP99", [1])):
            with self.assertRaises(ValueError):
                webinfer.Tensor("x", b"1234", *words)

    def test_numpy_both_ways(self):
        import numpy
        for kind in ("float32", "float16", "float64", "int64", "uint8", "bool"):
            grid = numpy.arange(6).reshape(2, 3).astype(kind)
            for one in (grid, grid.T, grid[:, ::2], grid[:0]):
                back = webinfer.Tensor("x", one).numpy()
                self.assertEqual((back.dtype, back.shape), (one.dtype, one.shape))
                self.assertTrue((back == one).all())
        self.assertEqual(webinfer.Tensor("x", numpy.float32(2)).shape, ())
        with self.assertRaisesRegex(ValueError, "big-endian"):
            webinfer.Tensor("x", numpy.zeros(2, ">f4"))
        with self.assertRaises(ValueError):
            webinfer.Tensor("x", numpy.zeros(2, "complex64"))
        self.assertTrue((numpy.asarray(webinfer.Tensor("x", [1.0], "FP32")) == 1).all())

    def test_what_json_has_no_number_for(self):
        _, tensor = webinfer.tensors.of_wire(
            {"name": "x", "datatype": "FP32", "shape": [3], "data": ["NaN", "-Infinity", 1]}, None)
        self.assertTrue(math.isnan(tensor.tolist()[0]) and tensor.tolist()[1:] == [-math.inf, 1])


class Inputs(unittest.TestCase):
    def test_bytes_alone_are_a_tensor_as_they_are_beside_an_array(self):
        for data in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
            body, binary = sent(calls.infer("m", {"x": data}))
            self.assertEqual(body["inputs"], [{"name": "x", "datatype": "UINT8", "shape": [3],
                                               "parameters": {"binary_data_size": 3}}])
            self.assertEqual(binary, [b"abc"])
        body, binary = sent(calls.infer("m", {"x": b"abc", "y": array.array("f", [1])}))
        self.assertEqual([one["datatype"] for one in body["inputs"]], ["UINT8", "FP32"])
        body, binary = sent(calls.infer("m", {"image": b"abc"}))
        self.assertEqual((body["inputs"], binary), ({"image": {"binary_data_size": 3}}, [b"abc"]))

    def test_bytes_where_none_can_be_are_told_what_to_pass(self):
        for inputs, sentence in ((b"abc", "needs the name of its input"), ([b"abc"], "bytes has no place"),
                                 ({"messages": [{"role": "user", "content": b"x"}]}, "bytes has no place"),
                                 ({"text": {1, 2}}, "set has no place")):
            with self.assertRaisesRegex(TypeError, sentence):
                calls.infer("m", inputs)

    def test_tensors_go_in_binary(self):
        body, binary = sent(calls.infer("m", {"a": array.array("f", [1]), "b": webinfer.Tensor("c", [2], "INT8")}))
        self.assertEqual([one["name"] for one in body["inputs"]], ["a", "c"])
        self.assertEqual(binary, [b"\0\0\x80\x3f", b"\2"])

    def test_files_are_paths_bytes_or_files(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"picture")
            file.flush()
            for media in (file.name, pathlib.Path(file.name), b"picture", bytearray(b"picture"),
                          memoryview(b"picture"), io.BytesIO(b"picture")):
                body, binary = sent(calls.infer("m", {"image": media}))
                self.assertEqual((body["inputs"], binary), ({"image": {"binary_data_size": 7}}, [b"picture"]))
        with self.assertRaisesRegex(TypeError, "mode 'rb'"):
            calls.infer("m", {"image": io.StringIO("text")})
        with self.assertRaises(OSError):
            calls.infer("m", {"audio": "/nonexistent"})
        body, binary = sent(calls.infer("m", {"image": "data:image/png;base64,AAAA"}))
        self.assertEqual((body["inputs"], binary), ({"image": "data:image/png;base64,AAAA"}, []))

    def test_pictures_in_messages_are_text(self):
        body, binary = sent(webinfer.tasks.chat("m", [{"role": "user", "content": [
            {"type": "image", "image": b"abc"}, {"type": "text", "text": "What?"}]}]))
        self.assertEqual(body["inputs"]["messages"][0]["content"][0],
                         {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}})
        self.assertEqual((body["task"], binary), ("chat", []))

    def test_settings_and_options(self):
        body, _ = sent(webinfer.tasks.chat("m", "hi", temperature=0, timeout=1.5, options={"seed": 3}))
        self.assertEqual((body["options"], body["timeout_ms"]), ({"seed": 3, "temperature": 0}, 1500))
        self.assertNotIn("platform", body)
        for wrong in (lambda: calls.infer("m", array.array("f")), lambda: webinfer.tasks.classify("m"),
                      lambda: webinfer.tasks.answer("m", "why?")):
            with self.assertRaises(TypeError):
                wrong()
        with self.assertRaises(ValueError):
            calls.infer("m", timeout=0)

    def test_names_stay_names_in_paths(self):
        self.assertEqual(calls.model("org/a b?c").request.target, "/v1/models/org/a%20b%3Fc")

    def test_no_header_is_smuggled(self):
        for token in ("a\r\nX: y", "a\nb", "\u00e4"):
            with self.assertRaises(ValueError):
                http1.encode(calls.status().request, http1.Address("http://localhost"), token)
        for url in ("localhost:8470", "ftp://x", "http://", "http://a b", "http://u:p@host", "http://h/?q"):
            with self.assertRaises(ValueError):
                webinfer.Client(url)


#: A buffer that is no array of numpy.
TWO = array.array("B", [1, 2])


def decoded(file):
    """(width, height, colour type, rows) of a PNG file whose rows are not filtered, by zlib and PNG's specification."""
    chunks, at = {}, 8
    while at < len(file):
        size, kind = struct.unpack_from(">I4s", file, at)
        data = file[at + 8:at + 8 + size]
        assert struct.unpack_from(">I", file, at + 8 + size)[0] == zlib.crc32(kind + data), kind
        chunks[kind] = data
        at += size + 12
    assert file[:8] == b"\x89PNG\r\n\x1a\n" and list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    raw = zlib.decompress(chunks[b"IDAT"])
    rows = [raw[y:y + len(raw) // height] for y in range(0, len(raw), len(raw) // height)]
    assert all(row[0] == 0 for row in rows)
    return width, height, colour, [row[1:] for row in rows]


class Pictures(unittest.TestCase):
    """Arrays of pixels, which are sent as PNG."""

    def test_arrays_become_png_files(self):
        import numpy
        for shape, colour in (((2, 3), 0), ((2, 3, 1), 0), ((2, 3, 3), 2), ((2, 3, 4), 6), ((1, 1), 0),
                              ((300, 200, 3), 2)):
            array = numpy.random.default_rng(1).integers(0, 256, shape, "uint8")
            self.assertEqual(decoded(webinfer.png(array)),
                             (shape[1], shape[0], colour, [row.tobytes() for row in array]))

    def test_the_layout_in_memory_does_not_matter(self):
        import numpy
        array = numpy.arange(4 * 6 * 3, dtype="uint8").reshape(4, 6, 3)
        readonly = array.copy()
        readonly.flags.writeable = False
        for one in (array[:, ::-1], array[::2, 1:4], numpy.asfortranarray(array), array[..., ::-1], readonly,
                    array.transpose(1, 0, 2), numpy.broadcast_to(array[:1], (4, 6, 3))):
            self.assertEqual(b"".join(decoded(webinfer.png(one))[3]), one.tobytes())

    def test_buffers_without_numpy_do_as_well(self):
        view = memoryview(bytes(range(12))).cast("B", [2, 2, 3])
        self.assertEqual(decoded(webinfer.png(view)), (2, 2, 2, [bytes(range(6)), bytes(range(6, 12))]))

    def test_every_method_with_a_picture_takes_them(self):
        import numpy
        array = numpy.arange(12, dtype="uint8").reshape(2, 2, 3)
        want = (2, 2, 2, [bytes(range(6)), bytes(range(6, 12))])
        tasks = webinfer.tasks
        for call in (tasks.classify("m", image=array), tasks.classify("m", image=array, labels=["a", "b"]),
                     tasks.answer("m", "What?", image=array), tasks.detect("m", array), tasks.segment("m", array),
                     tasks.depth("m", array), tasks.describe("m", array, prompt="Say")):
            body, (file,) = sent(call)
            self.assertEqual(body["inputs"]["image"], {"binary_data_size": len(file)})
            self.assertEqual(decoded(file), want)
        takers = {name for name, value in vars(tasks).items()
                  if inspect.isfunction(value) and "image" in inspect.signature(value).parameters and name[0] != "_"}
        self.assertEqual(takers, {"classify", "answer", "detect", "segment", "depth", "describe"})
        body, _ = sent(tasks.chat("m", [{"role": "user", "content": [{"type": "image", "image": array}]}]))
        head, text = body["inputs"]["messages"][0]["content"][0]["image_url"]["url"].split(",")
        self.assertEqual((head, decoded(base64.b64decode(text))), ("data:image/png;base64", want))

    def test_in_infer_an_array_stays_a_tensor(self):
        import numpy
        array = numpy.zeros((2, 2, 3), "uint8")
        body, _ = sent(calls.infer("m", {"image": array}))
        self.assertEqual(body["inputs"][0]["shape"], [2, 2, 3])
        body, (file,) = sent(calls.infer("m", {"image": webinfer.png(array)}))
        self.assertEqual((body["inputs"], file[1:4]), ({"image": {"binary_data_size": len(file)}}, b"PNG"))

    def test_what_is_no_picture_is_told_what_is_allowed(self):
        import numpy
        allowed = r"allowed are uint8 arrays of the shape \[height, width\], or \[height, width, channels\] with 1 "
        for array, sentence in (
                (numpy.zeros((2, 2, 3), "float32"), r"an array of float32 .*astype\('uint8'\)"),
                (numpy.zeros((2, 2), "bool"), "an array of bool "), (numpy.zeros((2, 2), "int8"), "an array of int8 "),
                (numpy.zeros((2, 2), "uint16"), "an array of uint16 "),
                (numpy.zeros((2, 2), "object"), "an array of object "),
                (numpy.zeros((2, 2), "datetime64[s]"), "an array of datetime64"),
                (numpy.zeros(4, "uint8"), r"the shape \[4\]"), (numpy.uint8(4), r"the shape \[\]"),
                (numpy.zeros((2, 2, 2), "uint8"), r"the shape \[2, 2, 2\]"),
                (numpy.zeros((3, 8, 9), "uint8"), r"the shape \[3, 8, 9\] .*array.transpose\(1, 2, 0\)"),
                (numpy.zeros((5, 8, 9, 3), "uint8"), r"the shape \[5, 8, 9, 3\] .*one picture: pass array\[0\]"),
                (numpy.zeros((0, 8, 3), "uint8"), r"the shape \[0, 8, 3\]"), (TWO, r"the shape \[2\]")):
            for ask in (lambda one: webinfer.tasks.classify("m", image=one),
                        lambda one: webinfer.tasks.detect("m", one), webinfer.png):
                with self.assertRaisesRegex(ValueError, sentence) as caught:
                    ask(array)
                self.assertRegex(str(caught.exception), allowed)
        for other in ([[1, 2], [3, 4]], 5, {"a": 1}, webinfer.Tensor("x", [[1]], "UINT8")):
            with self.assertRaisesRegex(TypeError, f"{type(other).__name__} is no picture: .* a path, .*{allowed}"):
                webinfer.tasks.classify("m", image=other)
            with self.assertRaisesRegex(TypeError, f"{type(other).__name__} is no array of pixels; {allowed}"):
                webinfer.png(other)

    def test_files_stay_as_they_are(self):
        for media in (b"abc", bytearray(b"abc"), memoryview(b"abc"), io.BytesIO(b"abc")):
            body, binary = sent(webinfer.tasks.classify("m", image=media))
            self.assertEqual((body["inputs"], binary), ({"image": {"binary_data_size": 3}}, [b"abc"]))
        body, _ = sent(webinfer.tasks.classify("m", image="data:image/png;base64,AAAA"))
        self.assertEqual(body["inputs"], {"image": "data:image/png;base64,AAAA"})


class Interface(unittest.TestCase):
    def test_both_clients_have_the_same_methods_with_the_same_arguments(self):
        def methods(kind):
            return {name: inspect.signature(value) for name, value in vars(kind).items()
                    if callable(value) and not name.startswith("_")}
        ours, theirs = methods(webinfer.Client), methods(webinfer.AsyncClient)
        self.assertEqual(ours.keys(), theirs.keys())
        for name in ours.keys() - {"close"}:
            self.assertEqual(ours[name], theirs[name], name)
        wanted = {name for module in (calls, webinfer.tasks) for name, value in vars(module).items()
                  if inspect.isfunction(value) and value.__module__ == module.__name__
                  and not name.startswith("_")}
        self.assertEqual(wanted, ours.keys() - {"close"})

    def test_everything_that_is_public_is_explained(self):
        for name in webinfer.__all__:
            value = getattr(webinfer, name)
            self.assertTrue(inspect.getdoc(value), name)
            for own, member in vars(value).items() if inspect.isclass(value) else ():
                if not own.startswith("_") and (callable(member) or isinstance(member, property)):
                    self.assertTrue(inspect.getdoc(member) or own == "done", f"{name}.{own}")

    def test_bound_methods_show_their_arguments(self):
        client = webinfer.Client("http://127.0.0.1:1")
        self.assertEqual(list(inspect.signature(client.chat).parameters), ["model", "messages", "more"])


class Accelerator(unittest.TestCase):
    def test_a_pool_elsewhere_takes_no_arguments_for_it(self):
        for more in ({"max_connections": 2}, {"enable_resource_pool": False}, {"daemon": "webinferd"},
                     {"browser_preferences": {"audio": "firefox"}}):
            with self.assertRaisesRegex(ValueError, "has a pool of its own"):
                webinfer.WebAccelerator(url="http://127.0.0.1:1", **more)

    def test_arguments_that_cannot_be(self):
        for words in ((False, 2, None), (True, 0, None), (True, True, None), (True, None, {"video": "chrome"})):
            with self.assertRaises(ValueError):
                service.pool_settings(*words)
        self.assertEqual(service.pool_settings(False, None, {"text": ["edge/webnn", "chrome"]}), {
            "pool.max_connections": "1", **{f"browser_preferences.{one}": "edge/webnn, chrome" for one in
                                            ("text_embedding", "text_generation", "text2text")}})

    def test_options_that_there_are_not(self):
        accelerator = webinfer.WebAccelerator(url="http://127.0.0.1:1")
        for options, sentence in (({"speed": 1}, "no option 'speed'"), ({"precision": 5}, "4, 8, 16 or 32"),
                                  ({"precision": 8, "mixed_precision": True}, "no variant"),
                                  ({"mixed_precision": True}, "4, 8, 16 or 32")):
            with self.assertRaisesRegex(ValueError, sentence):
                accelerator.accelerate("m", [], options)
        with self.assertRaises(TypeError):
            accelerator.accelerate("m", "a", input_text="b")

    def test_what_is_a_cid(self):
        old, new = ("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
                    "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")
        self.assertEqual(content.content_of(old), (f"ipfs://{old}", f"ipfs/{new}", ""))
        self.assertEqual(content.content_of(f"{new}:q8"), (f"ipfs://{new}:q8", f"ipfs/{new}", ":q8"))
        self.assertEqual(content.content_of(f"ipfs://{new.upper()}/"), (f"ipfs://{new.upper()}/", f"ipfs/{new}", ""))
        self.assertEqual(content.content_of(f"{new}/a/b:q8"), (f"ipfs://{new}/a/b:q8", None, ":q8"))
        for name in ("digits", "org/name:q8", new + "a", new[:-1], f"{new}@main", f"{new}:a:b"):
            self.assertIsNone(content.content_of(name), name)

    def test_a_daemon_that_there_is_not(self):
        with self.assertRaisesRegex(FileNotFoundError, "install webinferd"):
            webinfer.WebAccelerator(daemon="no-such-webinferd")
        with self.assertRaisesRegex(webinfer.WebinferError, "did not start") as caught:
            webinfer.WebAccelerator(daemon=["false"])
        self.assertEqual(caught.exception.code, "not_started")


if __name__ == "__main__":
    unittest.main()
