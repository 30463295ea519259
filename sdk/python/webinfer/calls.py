"""The calls of the API, without any input or output: each makes a request, and reads its reply.

`Client` and `AsyncClient` have a method for each function here and in tasks.py, with the same
arguments and the same explanation.
"""
from __future__ import annotations

import uuid
from typing import Any, Callable, List, Mapping, Optional, Sequence, Union

from .channels import Channels
from .events import SILENCE, Account
from .http1 import Request
from .sound import Listening, Sound, SoundSource
from .types import (Benchmark, Hardware, Jobs, Model, Models, Nodes, Order, Pull, Removed, Status,
                    StreamPart, StreamProgress, Verb)
from .wire import (PAGE, WAY, Answer, Call, StoredAnswer, body_of, list_of, members, patience, path, post,
                   query, read_answer, read_json, read_stored, split_settings)

# --- running models --------------------------------------------------------------------------------


def infer(model: str, inputs: Any = None, *, options: Optional[Mapping[str, Any]] = None,
          task: Optional[str] = None, model_type: Optional[str] = None,
          platform: Optional[str] = None, browser: Optional[str] = None,
          node: Optional[str] = None, fallback: Optional[bool] = None,
          precision: Optional[str] = None, outputs: Optional[Sequence[str]] = None,
          priority: Optional[int] = None, timeout: Optional[float] = None,
          id: Optional[str] = None, idempotent: bool = False,
          publish: Optional[bool] = None) -> Call[Answer[Any]]:
    """Runs a model.

    Args:
        model: its name, perhaps with a variant: ``NAME:VARIANT``.
        inputs: tensors by the names of the model's inputs, as ``{"x": numpy_array}`` or a list of
            `Tensor`, each of the model's shape; or the inputs of its task: a string, a list of
            strings, ``{"image": FILE}``, ``{"audio": FILE}``, FILE being a path, bytes or a file
            object. Tensors and files travel in binary. An array is always a tensor here: `webinfer.png`
            makes a file of pixels, as in ``{"image": webinfer.png(array)}``.
        options: options of the task, such as ``{"top": 3}``.
        task: the task of the model, if it has several.
        model_type: replaces the model's own type: ``vision``, ``audio`` …
        platform: ``webgpu``, ``webnn``, ``wasm`` … (default: where the request finishes first).
        browser: only this kind of browser, such as ``firefox``.
        node: only this node.
        fallback: whether another platform may compute if that one fails (True).
        precision: which variant: ``fp32``, ``fp16``, ``int8``, ``int4`` …
        outputs: the names of the outputs wanted (all).
        priority: 0 to 9, 9 the most urgent (5).
        timeout: seconds for queue, loading and running together (60; 600 for generated text).
        id: returned in the answer, and names the request while it runs.
        idempotent: whether it may be sent again after a broken connection, with an Idempotency-Key.
            The service keeps the answer on disk for that, which takes some milliseconds.
        publish: whether `channels` tell subscribers of the result and its vectors, and not only that
            the request has ended (False).

    Returns:
        An `Answer`.

    Raises:
        ServiceError: the service refused the request or failed; `code` names the error.
        Unreachable: there was no answer, or the connection broke. The request may have run.
        BadAnswer: the answering program is not webinferd.
    """
    binary: List[memoryview] = []
    body = body_of(model, [] if inputs is None else inputs, binary, {
        "options": options, "task": task, "model_type": model_type, "platform": platform,
        "browser": browser, "node": node, "fallback": fallback, "precision": precision,
        "outputs": None if outputs is None else list(outputs), "priority": priority,
        "timeout": timeout, "id": id, "publish": publish})
    body["parameters"] = {"binary_data_output": True}
    headers = {"Idempotency-Key": uuid.uuid4().hex} if idempotent else {}
    request = post("/v1/infer", body, binary, patience(timeout), headers)
    request.repeatable = idempotent
    return Call(request, read_answer)


def benchmark(model: Optional[str] = None, inputs: Any = None, *, kernel: Optional[str] = None,
              options: Optional[Mapping[str, Any]] = None, task: Optional[str] = None,
              runs: Optional[int] = None, warmup: Optional[int] = None,
              threads: Union[int, str, None] = None, optimization: Optional[str] = None,
              profile: Optional[bool] = None, platform: Optional[str] = None,
              browser: Optional[str] = None, node: Optional[str] = None,
              precision: Optional[str] = None, priority: Optional[int] = None,
              timeout: Optional[float] = None, id: Optional[str] = None) -> Call[Answer[Benchmark]]:
    """Runs a model or a kernel several times in one page, and measures it there.

    Args:
        model: its name; None with `kernel`, the name of a kernel.
        inputs: as of `infer`; without them the service makes some, the same each time.
        runs: how many are measured (20).
        warmup: how many come before them (1).
        threads: on ``wasm``: 1 or ``"all"``.
        optimization: of an ONNX model: ``"none"`` runs its graph unchanged; ``"all"``.
        profile: whether ``result["profile"]`` is to have the time of each operator.
        timeout: seconds for all of it (600).

    The others are those of `infer`; no other platform follows one that fails.

    Returns:
        An `Answer` whose `result` has the measurements: ``result["run_ms"]`` has the times.
    """
    binary: List[memoryview] = []
    body = body_of(model or "", [] if inputs is None else inputs, binary, {
        "kernel": kernel, "options": options, "task": task, "runs": runs, "warmup": warmup,
        "threads": threads, "optimization": optimization, "profile": profile, "platform": platform,
        "browser": browser, "node": node, "precision": precision, "priority": priority,
        "timeout": timeout, "id": id})
    if model is None:
        del body["model_name"]
    if inputs is None:
        del body["inputs"]
    body["parameters"] = {"binary_data_output": True}
    return Call(post("/v1/benchmark", body, binary, patience(timeout)), read_answer)


# --- jobs ------------------------------------------------------------------------------------------


def submit(model: str, inputs: Any = None, *, idempotent: bool = True, **more: Any) -> Call[StoredAnswer]:
    """Runs a model later: it returns when the job is on disk, and the job outlives the daemon.

    Arguments are those of `infer`; without `timeout` a job has 24 hours. Pass ``.job["id"]`` of
    the returned object to `job` and `cancel`.
    """
    asked = infer(model, inputs, idempotent=idempotent, **more).request
    asked.target, asked.timeout = "/v1/jobs", 60.0
    return Call(asked, read_stored)


def job(id: str, *, wait: float = 0.0) -> Call[StoredAnswer]:
    """The state of a job. With `wait` (seconds, at most 60) the call waits for its end."""
    told = f"{round(wait * 1000)}ms" if wait > 0 else None
    return Call(Request("GET", path("jobs", id) + query(wait=told), timeout=wait + WAY), read_stored)


def jobs(*, state: Optional[str] = None, limit: Optional[int] = None) -> Call[Jobs]:
    """The stored jobs of this client, the newest first.

    Args:
        state: ``queued``, ``running``, ``done``, ``failed`` or ``cancelled`` only.
        limit: at most so many (100).
    """
    return list_of("/v1/jobs", "jobs", PAGE if limit is None else limit, state=state)


def cancel(id: str) -> Call[Verb]:
    """Cancels a job, or a request that runs under that `id`."""
    return Call(Request("DELETE", path("jobs", id)), read_json)


# --- models and the service ------------------------------------------------------------------------


def models() -> Call[Models]:
    """All models, over as many pages as the service has, and the running pulls."""
    return list_of("/v1/models", "models")


def model(name: str) -> Call[Model]:
    """One model: inputs, tasks, variants, memory, which nodes have loaded it."""
    return Call(Request("GET", path("models", name)), read_json)


def pull(model: str, *, name: Optional[str] = None, hub: Optional[str] = None,
         precision: Optional[str] = None, files: Optional[Sequence[str]] = None) -> Call[Pull]:
    """Begins to pull a model from a hub, and returns its progress; `pulling` waits for the end.

    Args:
        model: ``ORG/NAME[:VARIANT[@REVISION]]``.
        name: its name at this service (as on the hub).
        hub: one of the configuration's hubs.
        precision: the variant of an ONNX model: fp32, fp16, int8 or int4.
        files: patterns such as ``onnx/*_q4.onnx``: exactly these files.
    """
    return Call(_pull_request(model, name, hub, precision, files), read_json)


def _pull_request(model: str, name: Optional[str], hub: Optional[str], precision: Optional[str],
                  files: Optional[Sequence[str]]) -> Request:
    return post("/v1/models/pull", {"model": model, **members(
        **{"as": name, "hub": hub, "precision": precision,
           "files": None if files is None else list(files)})})


def load(name: str, *, node: Optional[str] = None, platform: Optional[str] = None) -> Call[Order]:
    """Makes nodes load a model before its first request; `model` shows the progress."""
    return Call(post(path("models", name, "load"), members(node=node, platform=platform)), read_json)


def unload(name: str, *, node: Optional[str] = None) -> Call[Order]:
    """Makes nodes free the memory of a model."""
    return Call(post(path("models", name, "unload"), members(node=node)), read_json)


def remove(name: str, *, force: bool = False) -> Call[Removed]:
    """Removes a model from the store; with `force` also while requests run on it."""
    return Call(Request("DELETE", path("models", name) + query(force=force or None)), read_json)


def hardware(model: str, *, model_type: Optional[str] = None, platform: Optional[str] = None,
             browser: Optional[str] = None, node: Optional[str] = None,
             precision: Optional[str] = None, fallback: Optional[bool] = None) -> Call[Hardware]:
    """The place where a model would run, its speed, and why."""
    return Call(Request("GET", "/v1/hardware" + query(
        model_name=model, model_type=model_type, platform=platform, browser=browser, node=node,
        precision=precision, fallback=fallback)), read_json)


def nodes() -> Call[Nodes]:
    """All nodes, and what each can do."""
    return list_of("/v1/nodes", "nodes")


def status() -> Call[Status]:
    """The whole state: browsers, nodes, queue, models, and problems. If there are many nodes and
    models, it has the first ones; `nodes` and `models` return all."""
    return Call(Request("GET", "/v1/status"), read_json)


# --- streams ---------------------------------------------------------------------------------------


def stream(model: str, inputs: Any = None, *, resumable: bool = True,
           on_progress: Optional[Callable[[StreamProgress], None]] = None,
           stall_timeout: Optional[float] = None, **more: Any) -> Account[StreamPart]:
    """Runs a model whose answer arrives in parts, each as soon as it is made.

    Iterating gives each part once and in order: a dictionary with ``seq``, ``index``, and
    ``text``, ``tokens`` or ``result``, depending on the model. After the last part `done` has the
    rest of the answer. After a broken connection the stream reconnects and continues after the
    last part received. Leaving the loop ends the work.

    Args:
        inputs: as of `infer`; for a conversation ``{"messages": [...]}``.
        resumable: whether the service keeps the stream while the connection is away (True).
        on_progress: called with the service's messages before the first part (phase, bytes).
        stall_timeout: seconds without a part after which the service gives up.
        more: settings of `infer`, and options of the task such as ``temperature``.

    Raises:
        ServiceError, Unreachable, BadAnswer: as of `infer`, also from within the loop.
    """
    binary: List[memoryview] = []
    settings, options = split_settings(more)
    if settings.pop("idempotent", False):
        raise TypeError("a stream cannot be idempotent")
    body = body_of(model, [] if inputs is None else inputs, binary,
                 {**settings, "options": options or None})
    body.update(stream=True, resumable=resumable)
    if stall_timeout is not None:
        body["stall_timeout_ms"] = round(stall_timeout * 1000)
    request = post("/v1/infer", body, binary, SILENCE, {"Accept": "text/event-stream"})
    return Account(request, on_progress=on_progress, resumable=resumable)


def pulling(model: str, *, name: Optional[str] = None, hub: Optional[str] = None,
            precision: Optional[str] = None, files: Optional[Sequence[str]] = None) -> Account[StreamPart]:
    """Pulls a model from a hub and reports the progress; arguments as of `pull`.

    Iterating gives dictionaries with ``loaded_bytes``, ``total_bytes``, ``seconds_left`` …, at most
    five a second. Leaving the loop does not end the pull.
    """
    request = _pull_request(model, name, hub, precision, files)
    request.headers["Accept"] = "text/event-stream"
    request.timeout = SILENCE
    return Account(request, part_event="progress", resumable=False)


def listen(model: str, source: SoundSource, *, format: Optional[str] = None,
           sampling_rate: Optional[int] = None, channels: Optional[int] = None,
           language: Optional[str] = None, pause: Optional[float] = None, partials: bool = True,
           **options: Any) -> Listening:
    """Transcribes live sound: a thread (or task) sends the sound as it arrives.

    Iterating gives dictionaries, whose ``event`` is ``partial`` (the ``text`` of a segment so far),
    ``final`` (the text of a segment that has ended), ``lag`` (``lag_ms``, if the model is slower
    than the sound), ``error`` (a segment that failed; the others follow) and at the end ``done``.
    After a broken connection it reconnects: all sound is sent, and all events are reported, exactly
    once. Leaving the loop ends the work; a source that is blocking is left when it gives its next
    piece.

    Args:
        source: bytes, a path, a file object, or an iterator of bytes (of `AsyncClient` also an
            asynchronous one): a WAV file or raw samples. A source that gives nothing for longer than
            the service's ``stream_grace`` (15 s) has ended.
        format: of raw samples: ``s16le`` (the default) or ``f32le``.
        sampling_rate: of raw samples, 8000 to 48000 Hz (16000).
        channels: of raw samples, 1 or 2 (1).
        language: the spoken language, such as ``en``; by default the model detects it.
        pause: seconds without speech after which a segment ends (0.5).
        partials: whether there are partial texts.
        options: of the task automatic-speech-recognition.
    """
    settings = members(language=language, pause_ms=None if pause is None else round(pause * 1000),
                       options=options or None)
    return Listening(model, source, Sound(format, sampling_rate, channels), {**settings, "partials": partials})


def channels(*names: str, models: Optional[Sequence[str]] = None, recent: Optional[int] = None) -> Channels:
    """Results of requests and vectors of published ones, as they come.

    Iterating gives dictionaries. Their ``type`` is ``job_completed`` (``jobs``: a list of ``id``,
    ``model_name``, ``status``, ``performance`` and, of a published request, ``result``),
    ``vector_batch`` (``vectors``: a numpy array of float32 [count, dimensions], or without numpy a
    memoryview of that shape; ``model_name``, and of each vector its ``jobs`` and ``labels``) or
    ``missed`` (``channel`` and ``count``: what was not sent, because it was not read in time). There
    may be further types. The loop has no end of its own. After a broken connection it subscribes
    again; what came meanwhile is missed without a word.

    Args:
        names: ``job_results``, ``vector_updates`` (both).
        models: names of models; one without a variant stands for all variants (all models).
        recent: begin with so many of the latest rows of each channel, at most 4096 (0).

    Raises:
        ServiceError, Unreachable, BadAnswer: as of `infer`, also from within the loop.
    """
    return Channels(",".join(names or ("job_results", "vector_updates")),
                    None if models is None else ",".join(models), recent)
