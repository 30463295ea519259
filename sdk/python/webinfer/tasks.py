"""A call for each task by its name; see calls.py.

Settings of `infer` (platform, timeout …) keep their meaning; other arguments are options of the task.
"""
from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence, Union

from .calls import infer, stream
from .events import Account
from .media import Media, Picture, of_picture
from .types import (Answers, Boxes, Entities, Fills, Labels, Scores, Segments, SpeechResult,
                    StreamPart, TextResult, TokenList, Transcript)
from .wire import Answer, Call, members, split_settings


def _run(task: Optional[str], model: str, inputs: Any, more: Mapping[str, Any]) -> Call[Any]:
    settings, options = split_settings(more)
    settings.setdefault("task", task)
    return infer(model, inputs, options=options or None, **settings)


def _file(image: Optional[Picture]) -> Optional[Media]:
    return None if image is None else of_picture(image)


def _conversation(messages: Union[str, Sequence[Mapping[str, Any]]]) -> Dict[str, Any]:
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return {"messages": list(messages)}


def chat(model: str, messages: Union[str, Sequence[Mapping[str, Any]]], **more: Any) -> Call[Answer[TextResult]]:
    """Answers a conversation: `.text` of the answer is the model's reply.

    Args:
        messages: a string, or messages ``{"role": …, "content": …}``. A part of a content that is
            ``{"type": "image", "image": PICTURE}`` is a picture, for models that see; PICTURE is as
            `image` of `classify`.
        more: options such as ``temperature``, ``max_tokens``, ``stop``, ``seed``, ``tools``,
            ``json_schema``, and the settings of `infer`.
    """
    return _run("chat", model, _conversation(messages), more)


def complete(model: str, prompt: str, **more: Any) -> Call[Answer[TextResult]]:
    """Continues a text: options and settings as of `chat`."""
    return _run("complete", model, prompt, more)


def embed(model: str, texts: Union[str, Sequence[str]], **more: Any) -> Call[Answer[Any]]:
    """Turns texts into vectors: ``answer["embeddings"]`` is FP32 [texts, dimensions].

    Args:
        more: ``pooling``, ``normalize``, ``dimensions``, ``truncate``, and settings of `infer`.
    """
    return _run("embed", model, texts if isinstance(texts, str) else list(texts), more)


def rerank(model: str, query: str, documents: Sequence[str], **more: Any) -> Call[Answer[Scores]]:
    """Scores each document for a query: ``answer.result["scores"]``, in the documents' order."""
    return _run("rerank", model, {"query": query, "documents": list(documents)}, more)


def tokenize(model: str, text: str, **more: Any) -> Call[Answer[TokenList]]:
    """Turns a text into tokens: ``answer.result["tokens"]`` are their numbers."""
    return _run("tokenize", model, text, more)


def classify(model: str, text: Union[str, Sequence[str], None] = None, *, image: Optional[Picture] = None,
             audio: Optional[Media] = None, labels: Optional[Sequence[str]] = None,
             **more: Any) -> Call[Answer[Labels]]:
    """Classifies a text, a picture or a sound: ``answer.result["labels"]``, the best first.

    Args:
        text: a text, or several. Give exactly one of text, image and audio.
        image: a PNG, JPEG or WebP file as a path, bytes or a file object; or its pixels as a numpy array
            (or another buffer) of UINT8, 0 to 255, of the shape [height, width], [height, width, 3] (RGB)
            or [height, width, 4] (RGBA, where alpha is ignored). Pixels travel as PNG, without loss.
        audio: a path, bytes or a file object.
        labels: the possible labels, for models that take any (zero-shot).
        more: ``top``, ``multi_label``, ``hypothesis_template`` …, and settings of `infer`.

    Raises:
        TypeError: none or several of text, image and audio; a picture or sound of another type.
        ValueError: an array of another datatype or shape; the message says what is allowed.
        OSError: the file cannot be read.
        ServiceError, Unreachable, BadAnswer: as of `infer`.
    """
    if sum(one is not None for one in (text, image, audio)) != 1:
        raise TypeError("classify takes exactly one of text, image and audio")
    among = None if labels is None else list(labels)
    if text is None:
        return _run(None, model, members(image=_file(image), audio=audio, labels=among), more)
    if among is None:
        return _run("text-classification", model, text if isinstance(text, str) else list(text), more)
    name = "text" if isinstance(text, str) else "texts"
    return _run("zero-shot-classification", model, {name: text, "labels": among}, more)


def entities(model: str, text: str, **more: Any) -> Call[Answer[Entities]]:
    """Finds names and other things in a text: ``answer.result["entities"]``, positions in characters."""
    return _run("token-classification", model, text, more)


def fill_mask(model: str, text: str, **more: Any) -> Call[Answer[Fills]]:
    """Fills the gap of a text: ``answer.result["fills"]``, the best first."""
    return _run("fill-mask", model, text, more)


def answer(model: str, question: str, *, context: Optional[str] = None, image: Optional[Picture] = None,
           **more: Any) -> Call[Answer[Any]]:
    """Answers a question about a text (``result["answers"]``) or a picture (``.text``); `image` as of `classify`."""
    if (context is None) == (image is None):
        raise TypeError("answer takes exactly one of context and image")
    task = "question-answering" if image is None else None
    return _run(task, model, members(question=question, context=context, image=_file(image)), more)


def translate(model: str, text: str, *, to: Optional[str] = None, source: Optional[str] = None,
              **more: Any) -> Call[Answer[TextResult]]:
    """Translates a text; languages by the model's own names for them."""
    return _run("translation", model, text,
                {**more, **members(target_language=to, source_language=source)})


def summarize(model: str, text: str, **more: Any) -> Call[Answer[TextResult]]:
    """Summarises a text."""
    return _run("summarization", model, text, more)


def detect(model: str, image: Picture, **more: Any) -> Call[Answer[Boxes]]:
    """Finds things in a picture: ``answer.result["boxes"]``, in pixels of the picture; `image` as of `classify`."""
    return _run("object-detection", model, {"image": _file(image)}, more)


def segment(model: str, image: Picture, **more: Any) -> Call[Answer[Segments]]:
    """Segments a picture; ``answer[segment["mask"]].tobytes()`` is a PNG file. `image` is as of `classify`."""
    return _run("image-segmentation", model, {"image": _file(image)}, more)


def depth(model: str, image: Picture, **more: Any) -> Call[Answer[Any]]:
    """Estimates the depth of a picture: ``answer["predicted_depth"]`` is FP32 [height, width]; `image`
    as of `classify`."""
    return _run("depth-estimation", model, {"image": _file(image)}, more)


def describe(model: str, image: Picture, *, prompt: Optional[str] = None, **more: Any) -> Call[Answer[TextResult]]:
    """Describes a picture, or follows `prompt`; `image` as of `classify`."""
    return _run("image-to-text", model, members(image=_file(image), prompt=prompt), more)


def transcribe(model: str, audio: Media, **more: Any) -> Call[Answer[Transcript]]:
    """Transcribes a sound of at most an hour.

    Args:
        audio: a path, bytes or a file object: WAV, FLAC, MP3, Ogg, WebM or MP4.
        more: ``language``, ``translate``, ``timestamps`` …, and settings of `infer`.
    """
    return _run("automatic-speech-recognition", model, {"audio": audio}, more)


def speak(model: str, text: str, **more: Any) -> Call[Answer[SpeechResult]]:
    """Speaks a text: ``answer["audio"].tobytes()`` is a WAV file.

    Args:
        more: ``speaker``, ``speed`` (0.25 to 4), and settings of `infer`.
    """
    return _run("text-to-speech", model, text, more)


def talk(model: str, messages: Union[str, Sequence[Mapping[str, Any]]], **more: Any) -> Account[StreamPart]:
    """The answer to a conversation as a stream: `chat` in parts, with the arguments of `stream`."""
    settings: Dict[str, Any] = {"task": "chat", **more}
    return stream(model, _conversation(messages), **settings)
