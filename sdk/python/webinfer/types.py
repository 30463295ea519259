"""What webinferd is asked and answers, as types of dictionaries.

Made by scripts/python-types.py of the description of the API: do not edit.
A member in a class whose name begins with an underscore is always there.
"""
from __future__ import annotations

from typing import Any, Dict, List, Literal, Sequence, TypedDict, Union

__all__ = [
    "Abilities",
    "Adapter",
    "Answers",
    "AnthropicError",
    "AnthropicErrorValue",
    "Benchmark",
    "Boxes",
    "Bytes",
    "Choice",
    "Code",
    "Conduct",
    "Counted",
    "Datatype",
    "Engine",
    "Entities",
    "Estimate",
    "ExecutedOn",
    "Failure",
    "Fill",
    "Fills",
    "GraphCapture",
    "GraphOutputs",
    "Hardware",
    "HardwareOption",
    "InferAnswer",
    "InferRequest",
    "Inputs",
    "Job",
    "Jobs",
    "Kind",
    "Labels",
    "Loaded",
    "Logprob",
    "Made",
    "MadeMeasured",
    "MadePlace",
    "Measured",
    "Memory",
    "Model",
    "Models",
    "Moves",
    "Node",
    "NodeLimit",
    "NodeRow",
    "Nodes",
    "OpenaiCall",
    "OpenaiError",
    "OpenaiErrorValue",
    "OpenaiMessage",
    "OpenaiModel",
    "OpenaiPart",
    "Order",
    "Output",
    "Performance",
    "Pin",
    "Platform",
    "Problem",
    "Profile",
    "ProfileNode",
    "ProfileOperator",
    "Pull",
    "PullEvent",
    "Quarantined",
    "Removed",
    "ResponseFormat",
    "Result",
    "Results",
    "RunningJob",
    "Scores",
    "Segments",
    "Session",
    "Size",
    "Source",
    "SourceError",
    "SpeechResult",
    "Status",
    "StoredJob",
    "StreamDone",
    "StreamPart",
    "StreamPerformance",
    "StreamProgress",
    "Task",
    "TaskOptions",
    "Tensor",
    "TextResult",
    "Timings",
    "TokenList",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "Transcript",
    "Tuning",
    "Usage",
    "Used",
    "Value",
    "Verb",
    "Verdict",
    "VerdictInput",
    "Version",
    "WantedOutput",
]

Datatype = Literal["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BF16", "BYTES"]
OpenaiPart = Union["OpenaiPartTypeText", "OpenaiPartTypeRefusal", "OpenaiPartTypeImageUrl"]
Bytes = Union[str, "BytesBinaryDataSize"]
Inputs = Union["InputsMessages", "InputsQueryDocuments", "InputsPairs", "InputsTextTextPair", "InputsQuestionContext", "InputsTextLabels", "InputsTextsLabels", "InputsImage", "InputsImageLabels", "InputsImageQuestion", "InputsImagePrompt", "InputsAudio"]
Task = Literal["chat", "complete", "embed", "rerank", "tokenize", "text-classification", "token-classification", "fill-mask", "question-answering", "zero-shot-classification", "text2text-generation", "translation", "summarization", "image-classification", "object-detection", "image-segmentation", "depth-estimation", "image-feature-extraction", "automatic-speech-recognition", "audio-classification", "text-to-speech", "zero-shot-image-classification", "zero-shot-audio-classification", "image-to-text", "document-question-answering", "visual-question-answering"]
Platform = Literal["webgpu", "webnn", "webgl", "wasm", "native", "simulated"]
WantedOutput = Union[str, "WantedOutputName"]
ResponseFormat = Union["ResponseFormatType", "ResponseFormatTypeJsonSchema"]
ToolChoice = Union[Literal["none"], Literal["auto"], Literal["required"], "ToolChoiceTypeFunction"]
Timings = Dict[str, float]
Result = Union["TextResult", "Scores", "TokenList", "Labels", "Entities", "Fills", "Answers", "Boxes", "Segments", "Transcript", "SpeechResult", "Results", "Used", "Counted", "Size", "GraphOutputs"]
Code = Literal["bad_request", "bad_json", "unknown_field", "missing_field", "invalid_field", "bad_framing", "non_finite", "context_length_exceeded", "unauthorized", "forbidden_host", "forbidden_origin", "rank", "not_found", "model_not_found", "kernel_not_found", "node_not_found", "session_not_found", "job_not_found", "hub_not_found", "method_not_allowed", "not_acceptable", "request_timeout", "conflict", "cancelled", "stream_gone", "length_required", "body_too_large", "answer_too_large", "model_too_large", "unsupported_media_type", "input_unknown", "input_missing", "input_datatype", "input_shape", "input_size", "input_invalid", "grammar_too_costly", "output_unknown", "picture_invalid", "picture_too_large", "audio_invalid", "audio_too_large", "precision_unsupported", "model_invalid", "operator_unsupported", "platform_unsupported", "kernel_invalid", "idempotency_mismatch", "nothing_to_quantize", "quantized_badly", "queue_full", "client_share_used", "too_many_watchers", "sound_ahead", "inference_failed", "internal", "not_implemented", "attempts_exhausted", "hub_failed", "hub_unauthorized", "download_corrupt", "stream_interrupted", "stream_diverged", "unavailable", "cluster_unavailable", "node_busy", "node_paused", "shutting_down", "memory_budget", "too_many_connections", "hub_busy", "model_changed", "deadline_exceeded", "stall_timeout", "storage_failed", "no_room"]
Job = Union["RunningJob", "StoredJob"]


class TensorParameters(TypedDict, total=False):
    binary_data_size: int


class _Tensor(TypedDict):
    name: str
    datatype: Datatype
    shape: List[int]


class Tensor(_Tensor, total=False):
    #: The values, flat or nested.
    data: Sequence[Any]
    parameters: TensorParameters


class _OpenaiPartTypeText(TypedDict):
    type: Literal["text"]
    text: str


class OpenaiPartTypeText(_OpenaiPartTypeText, total=False):
    annotations: Any
    cache_control: Any


class _OpenaiPartTypeRefusal(TypedDict):
    type: Literal["refusal"]
    refusal: str


class OpenaiPartTypeRefusal(_OpenaiPartTypeRefusal, total=False):
    cache_control: Any


class _OpenaiPartTypeImageUrlImageUrl(TypedDict):
    url: str


class OpenaiPartTypeImageUrlImageUrl(_OpenaiPartTypeImageUrlImageUrl, total=False):
    detail: str


class _OpenaiPartTypeImageUrl(TypedDict):
    type: Literal["image_url"]
    image_url: Union[str, OpenaiPartTypeImageUrlImageUrl]


class OpenaiPartTypeImageUrl(_OpenaiPartTypeImageUrl, total=False):
    cache_control: Any


class _OpenaiCallFunction(TypedDict):
    name: str
    arguments: str


class OpenaiCallFunction(_OpenaiCallFunction, total=False):
    parsed_arguments: Any


class _OpenaiCall(TypedDict):
    function: OpenaiCallFunction


class OpenaiCall(_OpenaiCall, total=False):
    id: str
    type: Literal["function"]
    index: int


class _OpenaiMessage(TypedDict):
    role: Literal["system", "developer", "user", "assistant", "tool"]


class OpenaiMessage(_OpenaiMessage, total=False):
    #: Null or absent if there are tool_calls.
    content: Union[str, List[OpenaiPart], None]
    name: str
    #: For an assistant's message.
    tool_calls: List[OpenaiCall]
    #: For a tool's message.
    tool_call_id: str
    #: For an assistant's message.
    reasoning_content: str
    #: For an assistant's message: the text, if there is no content.
    refusal: Any
    #: This and the members below are ignored.
    audio: Any
    annotations: Any
    cache_control: Any
    parsed: Any


class InputsMessages(TypedDict):
    messages: List[OpenaiMessage]


class InputsQueryDocuments(TypedDict):
    query: str
    documents: List[str]


class InputsPairs(TypedDict):
    pairs: List[List[str]]


class InputsTextTextPair(TypedDict):
    text: str
    text_pair: str


class InputsQuestionContext(TypedDict):
    question: str
    context: str


class InputsTextLabels(TypedDict):
    text: str
    labels: List[str]


class InputsTextsLabels(TypedDict):
    texts: Union[str, List[str]]
    labels: List[str]


class BytesBinaryDataSize(TypedDict):
    binary_data_size: int


class InputsImage(TypedDict):
    image: Bytes


class InputsImageLabels(TypedDict):
    image: Bytes
    labels: List[str]


class InputsImageQuestion(TypedDict):
    image: Bytes
    question: str


class InputsImagePrompt(TypedDict):
    image: Bytes
    prompt: str


class _InputsAudio(TypedDict):
    audio: Bytes


class InputsAudio(_InputsAudio, total=False):
    sampling_rate: int
    channels: int
    format: Literal["f32le", "s16le"]
    labels: List[str]


class WantedOutputNameParameters(TypedDict, total=False):
    binary_data: bool


class _WantedOutputName(TypedDict):
    name: str


class WantedOutputName(_WantedOutputName, total=False):
    parameters: WantedOutputNameParameters


class InferRequestParameters(TypedDict, total=False):
    """{binary_data_output: true} asks for binary outputs."""

    binary_data_output: bool


class ResponseFormatType(TypedDict):
    type: Literal["text", "json_object"]


class ResponseFormatTypeJsonSchemaJsonSchema(TypedDict):
    schema: Dict[str, Any]


class ResponseFormatTypeJsonSchema(TypedDict):
    type: Literal["json_schema"]
    json_schema: ResponseFormatTypeJsonSchemaJsonSchema


class _ToolFunction(TypedDict):
    name: str


class ToolFunction(_ToolFunction, total=False):
    description: Union[str, None]
    parameters: Union[Dict[str, Any], None]


class Tool(TypedDict):
    """A function that the model may call; parameters is the JSON Schema of its arguments."""

    type: Literal["function"]
    function: ToolFunction


class ToolChoiceTypeFunctionFunction(TypedDict):
    name: str


class ToolChoiceTypeFunction(TypedDict):
    type: Literal["function"]
    function: ToolChoiceTypeFunctionFunction


class TaskOptions(TypedDict, total=False):
    count: int
    interval_ms: int
    bytes: int
    #: The maximum number of tokens in an answer.
    max_tokens: int
    #: 0 selects the most likely token.
    temperature: float
    #: Keeps the most likely tokens that have this total probability.
    top_p: float
    #: Keeps only this many of the most likely tokens; 0 keeps all.
    top_k: int
    #: Keeps only tokens with at least this share of the best token's probability.
    min_p: float
    #: A penalty for repetition; 1 means none.
    repeat_penalty: float
    #: A penalty that grows with each use of a token.
    frequency_penalty: float
    #: One penalty for any used token.
    presence_penalty: float
    #: Biases for tokens, by token number.
    logit_bias: Dict[str, float]
    #: Up to 16 strings that end the answer.
    stop: Union[str, List[str]]
    #: The seed for sampling.
    seed: int
    #: The number of answers.
    n: int
    #: Whether to return log probabilities.
    logprobs: bool
    #: With logprobs: the number of alternatives for each token.
    top_logprobs: int
    #: The format: text, json_object, json_schema.
    response_format: ResponseFormat
    #: A GBNF grammar that constrains the text.
    grammar: str
    #: A JSON schema that constrains the text.
    json_schema: Union[Dict[str, Any], bool]
    #: Whether the request runs alone, with a reproducible result.
    deterministic: bool
    #: The number of tokens that the context must hold.
    context: int
    #: Functions that the model may call.
    tools: List[Tool]
    #: none, auto, required, or the tool to call.
    tool_choice: ToolChoice
    #: Variables for the model's chat template.
    chat_template_kwargs: Dict[str, Any]
    #: How to combine vectors.
    pooling: Literal["mean", "cls", "last", "none"]
    #: Whether vectors are scaled to length 1.
    normalize: bool
    #: How many dimensions to keep.
    dimensions: int
    #: Whether to truncate overlong texts.
    truncate: bool
    #: Whether special tokens are included.
    add_special: bool
    #: The number of results to return.
    top: int
    #: The function that computes probabilities.
    activation: Literal["softmax", "sigmoid", "none"]
    #: simple joins an entity's tokens.
    aggregation: Literal["none", "simple"]
    #: Labels that are left out.
    ignore_labels: List[str]
    #: Whether more than one label may apply.
    multi_label: bool
    #: A template in which {} stands for the label.
    hypothesis_template: str
    #: The input's language, as the model names it.
    source_language: str
    target_language: str
    #: The minimum score; 0.5 by default.
    threshold: float
    #: The kind of masks.
    subtask: Literal["semantic", "instance", "panoptic"]
    #: The spoken language.
    language: str
    #: Whether to translate into English.
    translate: bool
    #: The parts with times.
    timestamps: Literal["none", "segment", "word", "both"]
    #: Whether segments list their tokens and probabilities.
    details: bool
    #: The text that precedes the transcript.
    prompt: str
    #: The voice.
    speaker: str
    #: The speaking rate; 1 by default.
    speed: float


class _InferRequest(TypedDict):
    #: NAME, or NAME:VARIANT for a variant other than the preferred one.
    model_name: str
    #: A list of tensors {name, datatype, shape, data}, or the input of a task: see Tasks.
    inputs: Union[List[Tensor], List[str], str, Inputs]


class InferRequest(_InferRequest, total=False):
    """A model's task, its input, and where to run it."""

    #: Overrides the model's own type.
    model_type: Literal["text_embedding", "text_generation", "text2text", "vision", "audio", "multimodal"]
    #: The task to perform.
    task: Task
    #: auto (the default), webgpu, webnn, webgl or wasm; native, for joined programs;
    #: simulated, for tests with nodes that compute nothing. If webnn cannot run any part of
    #: a model, another platform does, and fallbacks in the answer states the reason.
    platform: Union[Literal["auto"], Platform]
    #: Use only a browser of this kind.
    browser: str
    #: Use only this node.
    node: str
    #: Whether another platform may be tried if the first one fails; true by default.
    fallback: bool
    #: The variant, as in NAME:VARIANT. By default, or with auto, the service uses the first
    #: variant in webinfer show that fits model_budget. 8 bits come first, then floats, then
    #: 4 bits, which are many times slower on WASM. If memory runs out, the next smaller
    #: variant runs, and fallbacks reports it. 16-bit floats and GGUF files run on WebGPU
    #: only with shader-f16.
    precision: Literal["auto", "fp32", "fp16", "bf16", "int8", "uint8", "int4", "uint4", "q8", "q4", "q4f16", "bnb4"]
    #: Outputs to return, by name or as {name, parameters: {binary_data}}; all by default.
    outputs: List[WantedOutput]
    #: 9 is the most urgent; 5 by default.
    priority: int
    #: The time limit for queueing, loading and running; 60000 by default, 600000 for
    #: streams, generated text and speech recognition.
    timeout_ms: int
    #: Whether the answer is sent in parts.
    stream: bool
    #: Whether the stream can be resumed.
    resumable: bool
    #: How long a stream may send nothing once it has begun.
    stall_timeout_ms: int
    #: Whether subscribers get the result; see webinfer-channels(7).
    publish: bool
    #: An id, returned in the answer.
    id: str
    #: {binary_data_output: true} asks for binary outputs.
    parameters: InferRequestParameters
    #: Options of the task or model. An unknown option is refused with 400.
    options: TaskOptions
    #: See webinfer-relay(7).
    relay: Dict[str, Any]


class _Performance(TypedDict):
    #: The time until the request was sent to a node.
    queue_ms: float
    #: The loading time, measured in the page like inference_ms.
    load_ms: float
    #: The time of the computation, including upload and read-back.
    inference_ms: float
    #: The time since the body arrived, including failed attempts.
    total_ms: float
    attempts: int
    #: Whether the model was already loaded.
    warm: bool


class Performance(_Performance, total=False):
    #: The number of rows that ran together.
    batch: int


class OutputParameters(TypedDict):
    """Instead of data: this many bytes follow the JSON, in the order of the outputs."""

    binary_data_size: int


class _Output(TypedDict):
    name: str
    datatype: Datatype
    shape: List[int]


class Output(_Output, total=False):
    #: The values, row by row. NaN and infinities are strings.
    data: List[Union[float, bool, str]]
    #: Instead of data: this many bytes follow the JSON, in the order of the outputs.
    parameters: OutputParameters


class ToolCallFunction(TypedDict, total=False):
    name: str
    arguments: str


class _ToolCall(TypedDict):
    function: ToolCallFunction


class ToolCall(_ToolCall, total=False):
    #: In streams: the index of the call that this part continues.
    index: int
    id: str
    type: Literal["function"]


class _Logprob(TypedDict):
    token: str
    logprob: float


class Logprob(_Logprob, total=False):
    id: int
    bytes: Union[List[int], None]
    top_logprobs: List[Logprob]


class _Choice(TypedDict):
    index: int


class Choice(_Choice, total=False):
    text: str
    tokens: List[int]
    finish_reason: Literal["stop", "length", "tool_calls"]
    #: The string in options.stop that ended the text.
    stop_sequence: str
    #: The model's reasoning before its answer.
    reasoning: str
    tool_calls: List[ToolCall]
    logprobs: List[Logprob]


class _Usage(TypedDict):
    prompt_tokens: int


class Usage(_Usage, total=False):
    completion_tokens: int
    #: How many tokens of the prompt were cached.
    cached_tokens: int


class TextResult(TypedDict, total=False):
    """The text that a model has generated."""

    #: Present instead of the members above if more than one answer was requested.
    choices: List[Choice]
    usage: Usage
    timings: Timings
    text: str
    tokens: List[int]
    finish_reason: Literal["stop", "length", "tool_calls"]
    #: The string in options.stop that ended the text.
    stop_sequence: str
    #: The model's reasoning before its answer.
    reasoning: str
    tool_calls: List[ToolCall]
    logprobs: List[Logprob]


class _Scores(TypedDict):
    #: One score for each document.
    scores: List[float]


class Scores(_Scores, total=False):
    usage: Usage


class TokenList(TypedDict):
    tokens: List[int]


class _LabelsLabelsItem(TypedDict):
    label: str
    probability: float


class LabelsLabelsItem(_LabelsLabelsItem, total=False):
    index: int


class _Labels(TypedDict):
    #: The labels, the best first.
    labels: List[LabelsLabelsItem]


class Labels(_Labels, total=False):
    usage: Usage


class EntitiesEntitiesItem(TypedDict):
    entity: str
    score: float
    start: int
    end: int
    word: str


class _Entities(TypedDict):
    #: The entities; positions in the text are counted in characters.
    entities: List[EntitiesEntitiesItem]


class Entities(_Entities, total=False):
    usage: Usage


class Fill(TypedDict):
    token: int
    token_text: str
    token_str: str
    probability: float
    text: str
    sequence: str


class Fills(TypedDict, total=False):
    fills: List[Fill]
    #: Present instead of fills if a text has several gaps.
    masks: List[List[Fill]]
    usage: Usage


class _AnswersAnswersItem(TypedDict):
    answer: str
    score: float


class AnswersAnswersItem(_AnswersAnswersItem, total=False):
    start: Union[int, None]
    end: Union[int, None]


class _Answers(TypedDict):
    answers: List[AnswersAnswersItem]


class Answers(_Answers, total=False):
    usage: Usage


class BoxesBoxesItemBox(TypedDict):
    xmin: float
    ymin: float
    xmax: float
    ymax: float


class BoxesBoxesItem(TypedDict):
    label: str
    score: float
    box: BoxesBoxesItemBox


class Boxes(TypedDict):
    #: The boxes, in pixels of the picture as sent.
    boxes: List[BoxesBoxesItem]


class _SegmentsSegmentsItem(TypedDict):
    label: str
    mask: str


class SegmentsSegmentsItem(_SegmentsSegmentsItem, total=False):
    score: Union[float, None]


class Segments(TypedDict):
    #: The segments. mask names an output that contains a PNG file, whose pixels are 255
    #: inside the segment.
    segments: List[SegmentsSegmentsItem]


class _TranscriptSegmentsItem(TypedDict):
    text: str


class TranscriptSegmentsItem(_TranscriptSegmentsItem, total=False):
    start: Union[float, None]
    end: Union[float, None]
    seek: int
    tokens: List[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class _TranscriptWordsItem(TypedDict):
    text: str


class TranscriptWordsItem(_TranscriptWordsItem, total=False):
    start: Union[float, None]
    end: Union[float, None]


class Transcript(TypedDict, total=False):
    text: str
    #: The length of the audio. All times are in seconds, except seek.
    duration: float
    language: str
    #: If options.timestamps is word, the segments are words. With options.details, segments
    #: have the same fields as in openai/whisper; seek is in hundredths of a second.
    segments: List[TranscriptSegmentsItem]
    #: The words, if options.timestamps is both.
    words: List[TranscriptWordsItem]


class SpeechResult(TypedDict):
    sampling_rate: int
    duration: float


class _Results(TypedDict):
    #: One result for each of several texts.
    results: List[Union[Labels, Entities, Fills, Answers]]


class Results(_Results, total=False):
    usage: Usage


class Used(TypedDict):
    usage: Usage


class Counted(TypedDict):
    #: The count, for builtin/count.
    count: int


class Size(TypedDict):
    #: The width in pixels.
    width: int
    height: int


class _GraphOutputs(TypedDict):
    #: The outputs are those of the model's graphs, for a relay.
    raw: bool


class GraphOutputs(_GraphOutputs, total=False):
    usage: Usage
    timings: Timings


class Adapter(TypedDict, total=False):
    vendor: str
    architecture: str
    description: str
    #: Whether the adapter is a software adapter.
    is_fallback: bool


class ExecutedOnFallbacksItem(TypedDict):
    platform: str
    code: str
    reason: str


class _ExecutedOn(TypedDict):
    node: Union[str, None]
    browser: Union[str, None]
    browser_version: Union[str, None]
    platform: Union[str, None]
    engine: Union[str, None]
    #: The precision of the weights.
    precision: Union[str, None]
    adapter: Union[Adapter, None]
    #: The platforms that failed, in the order in which they were tried.
    fallbacks: List[ExecutedOnFallbacksItem]
    #: Whether the platform's results are known to be correct.
    numerics: Literal["ok", "wrong", "unchecked"]
    simulated: bool


class ExecutedOn(_ExecutedOn, total=False):
    #: The daemon that lent the browser, if it is another daemon's.
    via: str
    #: The build of the engine.
    build: str
    threads: int
    quantization: str


class _InferAnswer(TypedDict):
    performance: Performance
    #: The id of the request, or of the job.
    id: str
    model_name: str
    model_type: Union[str, None]
    #: The output tensors.
    outputs: List[Output]
    #: Where the request actually ran.
    executed_on: ExecutedOn


class InferAnswer(_InferAnswer, total=False):
    """A model's answer to a request."""

    #: The result of the task: labels with probabilities, text and so on.
    result: Result


class _StreamPart(TypedDict):
    #: The number of the part, from 0; also the event's id.
    seq: int
    #: The answer that the part belongs to, if there are several.
    index: int


class StreamPart(_StreamPart, total=False):
    """A part of an answer. The parts arrive in order, each of them once."""

    text: str
    tokens: List[int]
    result: Result


class _StreamProgress(TypedDict):
    #: The phase, such as queued or loading.
    phase: str


class StreamProgress(_StreamProgress, total=False):
    loaded_bytes: int
    total_bytes: int
    done: float
    total: float
    #: The estimated position in the queue, from 1.
    queue_position: int


class _StreamPerformance(TypedDict):
    first_part_ms: float
    #: The time spent waiting for the client.
    waited_for_client_ms: float
    #: The time until the request was sent to a node.
    queue_ms: float
    #: The loading time, measured in the page like inference_ms.
    load_ms: float
    #: The time of the computation, including upload and read-back.
    inference_ms: float
    #: The time since the body arrived, including failed attempts.
    total_ms: float
    attempts: int
    #: Whether the model was already loaded.
    warm: bool


class StreamPerformance(_StreamPerformance, total=False):
    #: The number of rows that ran together.
    batch: int


class _StreamDone(TypedDict):
    #: The number of parts.
    parts: int
    performance: StreamPerformance
    #: The id of the request, or of the job.
    id: str
    model_name: str
    model_type: Union[str, None]
    #: The output tensors.
    outputs: List[Output]
    #: Where the request actually ran.
    executed_on: ExecutedOn


class StreamDone(_StreamDone, total=False):
    """The answer, without the content of the parts."""

    #: The result of the task: labels with probabilities, text and so on.
    result: Result


class _ProfileOperator(TypedDict):
    operator: str
    platform: str
    #: The number of nodes.
    nodes: int
    #: The number of times that they ran.
    calls: int
    ms: float
    #: The share of run_ms, from 0 to 1.
    share: float
    #: Whether they ran on another platform than the model.
    fell_back: bool
    #: The bytes copied between platforms.
    copied_bytes: int


class ProfileOperator(_ProfileOperator, total=False):
    """All nodes of one operator on one platform."""

    #: The reason, if they fell back.
    reason: str


class ProfileOther(TypedDict):
    """The time of the runs that no node has, and what took it."""

    ms: float
    share: float
    what: str


class _ProfileNode(TypedDict):
    name: str
    operator: str
    platform: str
    #: The number of times that the node ran; for a phase, of tokens.
    calls: int
    #: Without the time of nodes inside the node, such as those of a loop.
    ms: float
    #: The share of run_ms, from 0 to 1.
    share: float
    #: Whether the node ran on another platform than the model.
    fell_back: bool


class ProfileNode(_ProfileNode, total=False):
    """A node of the graph, or a phase of llama.cpp."""

    #: With the GPU's clock: the CPU's time for preparing the node.
    cpu_ms: float
    #: When the node began in the last run, from the run's beginning.
    began_ms: float
    #: The reason, if the node fell back.
    reason: str
    #: The bytes copied between platforms.
    copied_bytes: int
    #: Types and shapes of inputs and outputs, or sizes.
    shapes: str


class ProfileLeftOut(TypedDict):
    """The nodes for which there is no room, and events that could not be read."""

    nodes: int
    ms: float
    events: int


class _ProfileCapture(TypedDict):
    possible: bool
    fixed_sizes: bool


class ProfileCapture(_ProfileCapture, total=False):
    """For an ONNX file on webgpu: whether onnxruntime can record its runs."""

    node: str
    operator: str
    reason: str


class _Profile(TypedDict):
    #: What has told the times.
    source: Literal["onnxruntime", "llama.cpp", "kernels", "simulated"]
    #: The platform of the runs.
    platform: str
    #: The clock by which ms is measured. With gpu, nodes that ran on the CPU still have
    #: times by the CPU's clock.
    clock: Literal["cpu", "gpu"]
    #: The number of runs; all times below are sums over these runs.
    runs: int
    #: The time of the runs, as in the sum of run_ms of the benchmark.
    run_ms: float
    #: The operators, those with the most time first.
    operators: List[ProfileOperator]
    #: The time of the runs that no node has, and what took it.
    other: ProfileOther
    #: The nodes, in the order in which they ran.
    nodes: List[ProfileNode]
    #: The nodes for which there is no room, and events that could not be read.
    left_out: ProfileLeftOut


class Profile(_Profile, total=False):
    """Where the time of a model's runs goes."""

    #: For an ONNX file on webgpu: whether onnxruntime can record its runs.
    capture: ProfileCapture


class _Benchmark(TypedDict):
    #: The time of the very first run, including compilation.
    first_ms: float
    #: The time of each run, from input bytes to output bytes.
    run_ms: List[float]
    #: The same times, measured by the GPU's clock; only for kernels on webgpu, and only if
    #: timestamp-query is supported.
    gpu_ms: Union[List[float], None]
    #: The time to load the model; 0 if it was already loaded.
    load_ms: float
    #: The number of threads that were used, if it is known.
    threads: Union[int, None]
    #: Each time in run_ms is the mean of this many consecutive runs.
    repeats: int
    #: The measured resolution of the page's clock. Each sample consists of repeats runs and
    #: lasts at least 20 times as long as this resolution; the first lasts at least 4 ms.
    clock_ms: float
    #: The indices, from 0, of runs during or before which the node did other work.
    disturbed: List[int]
    #: SHA-256 of the last run's outputs and result: see below.
    output_hash: str


class Benchmark(_Benchmark, total=False):
    #: If the request contained profile: true.
    profile: Profile


class StatusApi(TypedDict):
    url: str
    connections: int


class StatusBridge(TypedDict):
    """The address to which nodes connect."""

    url: str


class _RunningJob(TypedDict):
    age_ms: float
    id: str
    #: The client that owns the job.
    client: Union[str, None]
    model_name: str
    state: Literal["queued", "running"]
    node: Union[str, None]
    #: Whether the node has confirmed that it received the job.
    accepted: bool
    priority: int
    attempts: int
    #: When the job was accepted, in milliseconds since 1970.
    accepted_at: int
    timeout_ms: float


class RunningJob(_RunningJob, total=False):
    #: For a stream: the number of parts so far.
    parts: int
    request_id: str
    #: What went wrong with the last attempt.
    problem: str
    #: The id that the client gave to the job.
    client_id: str


class StatusQueue(TypedDict):
    """The jobs in progress. Up to 100 are listed; users see only their own jobs."""

    waiting: int
    running: int
    limit: int
    jobs: List[RunningJob]


class StatusMemory(TypedDict):
    """How many bytes of memory_budget are used, and how large the budget is."""

    used: int
    budget: int


class StatusSound(TypedDict):
    """Live audio: unfinished streams, audio without final text, and the largest lag."""

    streams: int
    waiting_ms: int
    lag_ms: int


class StatusStoredJobs(TypedDict):
    """How many jobs are queued and running now, and how many have ended in each way since the daemon started."""

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int


class Session(TypedDict):
    age_ms: float
    #: The memory of all the browser's processes together.
    memory_bytes: int
    id: str
    #: The kind of browser.
    kind: str
    state: Literal["starting", "ready", "busy", "draining", "broken", "closed"]
    #: The step that the session has reached.
    step: str
    ending: bool
    #: Why the session is due to be replaced.
    worn: Union[str, None]
    #: The session that replaces this one.
    successor: Union[str, None]
    #: How many jobs the session has run.
    jobs: int
    #: When the session started, in milliseconds since 1970.
    started_at: int
    #: How long the session took to become ready.
    ready_ms: float
    browser_version: str
    #: The browser's switches and preferences that depend on a setting, without values that
    #: may be paths or addresses.
    flags: List[str]
    driver_pid: int
    network: Literal["isolated", "host"]
    #: The only GPU that the browser can use, by its device; null without gpu_device.
    gpu: Union[str, None]
    node: Union[str, None]


class _NodeRow(TypedDict):
    id: str
    #: Null for a joined node.
    session: Union[str, None]
    browser: Union[str, None]
    browser_version: str
    #: Whether the node gets no more work.
    draining: bool
    #: Whether the node's owner has paused it.
    paused: bool
    #: Whether the node gets no work at present; limits states the reason.
    held: bool
    #: Whether the node has lost its connection but may reconnect.
    away: bool
    #: The number of attempts on the node.
    attempts: int


class NodeRow(_NodeRow, total=False):
    #: Why the node runs nothing; absent while it runs something.
    idle: str
    #: Of a relay: the daemon that lends its browsers.
    via: str


class _AbilitiesPlatformsValue(TypedDict):
    available: bool


class AbilitiesPlatformsValue(_AbilitiesPlatformsValue, total=False):
    reason: str
    adapter: Adapter


class Engine(TypedDict):
    version: Union[str, None]
    #: How many tasks the engine runs at a time.
    slots: int
    #: How many further tasks that generate no text can run; if 0, they also use the slots.
    short_slots: int
    #: How many more tasks may wait in the engine's queue.
    queue: int
    can: List[Literal["continue", "continue_several", "webgpu"]]


class Abilities(TypedDict):
    browser_version: str
    cores: int
    memory_gib: float
    cross_origin_isolated: bool
    platforms: Dict[str, AbilitiesPlatformsValue]
    #: The engines, by name.
    engines: Dict[str, Engine]


class _Kind(TypedDict):
    installed: bool
    problem: Union[str, None]
    #: open: starts are paused after failures.
    breaker: Literal["closed", "open", "half-open"]
    #: The number of failed starts in a row.
    failures: int
    next_start_ms: float
    min: int
    max: int
    #: Whether a browser of this kind is wanted.
    wished: bool
    #: The number of sessions, by state.
    sessions: Dict[str, int]
    #: How many times sessions have changed between states.
    transitions: Dict[str, Dict[str, int]]


class Kind(_Kind, total=False):
    #: What the installed browser can do, as one of its last two sessions reported. It need
    #: not be running. Absent if that is not known, or was long ago.
    abilities: Abilities


class ModelFilesItem(TypedDict):
    path: str
    bytes: int
    hash: str


class MadeCounts(TypedDict):
    """The size in bytes of all weights, of those that can be quantised, and of those that were quantised. Then the number of graph nodes that read quantised weights, and the number of those that keep more bits."""

    weights: int
    quantizable: int
    quantized: int
    nodes: int
    kept: int


class MadeMeasuredCosine(TypedDict):
    """The cosine between the outputs of the variant and of fp32 for the same input."""

    median: float
    p5: float
    least: float


class MadePlaceCosine(TypedDict):
    median: float
    p5: float
    least: float


class _MadePlace(TypedDict):
    browser: str
    browser_version: str
    platform: str
    #: The number of inputs with which the variant was measured.
    inputs: int
    cosine: MadePlaceCosine
    largest_error: Union[float, None]
    #: The median time of a run.
    run_ms: float
    #: The median time of a run with fp32.
    source_run_ms: float


class MadePlace(_MadePlace, total=False):
    #: The growth of the page's memory when the variant was loaded, or the size of its files
    #: if that is larger. If memory that other models had freed was reused, the variant may
    #: need more than this.
    memory_bytes: int
    #: The growth for fp32, which was loaded afterwards.
    source_memory_bytes: int


class MadeMeasured(TypedDict):
    #: The number of inputs that were used for the first entry of places. The cosines and
    #: the error below also belong to that entry.
    inputs: int
    #: How many of these inputs were the model's own samples.
    samples: int
    #: The cosine between the outputs of the variant and of fp32 for the same input.
    cosine: MadeMeasuredCosine
    #: The largest error of any number in an output, as a fraction of the largest such
    #: number.
    largest_error: Union[float, None]
    #: Where the weights of fp32 are stored: in the graph's file (one) or in separate files
    #: (external). Separate files use less memory in a page.
    source_files: Literal["one", "external"]
    #: The browsers and platforms on which the variant was measured: WASM first, then those
    #: that were idle.
    places: List[MadePlace]


class _Made(TypedDict):
    #: The hash of the fp32 variant from which the variant was built.
    of: str
    bits: int
    mixed: bool
    #: Whether force was set in the request.
    forced: bool
    #: When the variant was built, in seconds since 1970.
    made_at: int
    #: The size in bytes of all weights, of those that can be quantised, and of those that
    #: were quantised. Then the number of graph nodes that read quantised weights, and the
    #: number of those that keep more bits.
    counts: MadeCounts
    #: How the outputs of the variant's graphs differ from those of fp32.
    measured: MadeMeasured


class Made(_Made, total=False):
    #: The measurements of the graphs that are used only on WebGPU, if there are any. These
    #: graphs are measured on WASM as well.
    measured_webgpu: MadeMeasured


class ModelVariantsItemWebgpu(TypedDict):
    bytes: int
    file_count: int


class _ModelVariantsItem(TypedDict):
    name: str
    bytes: int
    file_count: int


class ModelVariantsItem(_ModelVariantsItem, total=False):
    made: Made
    webgpu: ModelVariantsItemWebgpu


class Value(TypedDict):
    name: str
    #: Null if the graph does not state it.
    datatype: Union[str, None]
    #: -1 for a free dimension.
    shape: Union[List[int], None]


class Memory(TypedDict):
    #: The weights. All sizes are in bytes.
    weights: int
    #: The size of each conversation's cache.
    kv_per_slot: int
    compute: int
    #: The total for all slots, with the context below.
    total: int
    limit: int
    context: int
    slots: int
    #: If false, requests are refused with model_too_large.
    fits: bool


class _ModelIgnoredSettingsItem(TypedDict):
    file: str
    member: str
    reason: str


class ModelIgnoredSettingsItem(_ModelIgnoredSettingsItem, total=False):
    value: Any


class VerdictInput(TypedDict):
    #: The hash of the input's shapes, and of the values of small integers and booleans.
    hash: str
    shapes: str


class _Verdict(TypedDict):
    browser: Union[str, None]
    browser_version: Union[str, None]
    #: Whether the verdict is about joined nodes.
    joined: bool
    #: A label for the token whose nodes the verdict is about; it is valid until the service
    #: exits. Null for the service's browsers. Also null if nodes of two tokens have
    #: produced the same evidence; the verdict then applies to all joined nodes.
    token: Union[str, None]
    platform: Platform
    engine: str
    engine_version: Union[str, None]
    adapter: Union[str, None]
    precision: Union[str, None]
    #: The kernel, for builtin/kernels; null means all kernels.
    kernel: Union[str, None]
    verdict: Literal["unknown", "trusted", "wrong", "unable", "exempt"]
    #: The error as a fraction of the tolerance.
    error_ratio: float
    detail: Union[str, None]
    #: When this was checked, in milliseconds since 1970.
    checked_at: int
    #: Whether the verdict is about all inputs or only about inputs such as the one below.
    scope: Literal["model", "input"]
    #: The input that decided the verdict; null if the input was the service's own.
    input: Union[VerdictInput, None]
    #: How many different inputs were compared.
    sets: int


class Verdict(_Verdict, total=False):
    #: The daemon that lends the browsers, if they are another daemon's.
    via: str


class ModelNumerics(TypedDict):
    """How accurate the results are on each platform."""

    exempt: Union[str, None]
    verdicts: List[Verdict]


class ModelBatching(TypedDict):
    """Whether requests can run together, or why not."""

    possible: bool
    reason: Union[str, None]


class GraphCapture(TypedDict):
    #: Null if this is not known.
    possible: Union[bool, None]
    #: The first node that prevents it, or prevents it unless the sizes are fixed. Null if
    #: there is none, or if it has no name.
    node: Union[str, None]
    #: The operator of that node.
    operator: Union[str, None]
    #: Why that node prevents it.
    reason: Union[str, None]
    #: Whether it is possible only with fixed sizes of the inputs, as in the trial.
    fixed_sizes: bool
    #: trial: onnxruntime said so in a browser. tables: the tables of onnxruntime-web say
    #: so, and it was not tried.
    known_by: Literal["trial", "tables"]
    #: The browser of the trial.
    browser: Union[str, None]
    browser_version: Union[str, None]
    #: When it was tried, in milliseconds since 1970.
    at: Union[int, None]


class LoadedSlots(TypedDict):
    """For a language model: how many requests can run at a time, how many are running now, how many tokens fit into each context, and how many tokens are cached."""

    count: int
    busy: int
    context: int
    cached_tokens: int


class LoadedSpeed(TypedDict):
    """Speeds measured with a few tokens, outside any request."""

    prompt_ms: float
    token_ms: float


class _Loaded(TypedDict):
    node: str
    hash: str
    platform: str
    #: loading, loaded, failed or evicted.
    state: str


class Loaded(_Loaded, total=False):
    #: The memory used, including memory kept from earlier runs.
    bytes: int
    error: str
    #: For a language model: how many requests can run at a time, how many are running now,
    #: how many tokens fit into each context, and how many tokens are cached.
    slots: LoadedSlots
    #: Speeds measured with a few tokens, outside any request.
    speed: LoadedSpeed


class _Source(TypedDict):
    hub: Union[str, None]
    repository: Union[str, None]
    revision: Union[str, None]
    commit: Union[str, None]
    #: When the model was pulled, in seconds since 1970.
    pulled_at: int


class Source(_Source, total=False):
    variant: str


class Version(TypedDict):
    version: int
    current: bool
    revision: Union[str, None]
    commit: Union[str, None]
    bytes: int
    #: When the model was pulled, in seconds since 1970.
    pulled_at: int


class Pin(TypedDict):
    #: The name of the published model, with or without a variant.
    name: str
    #: The CID, which identifies the model exactly as it was published.
    cid: str
    #: The total size of the files.
    bytes: int
    #: Whether the model's files have changed since the model was published. If so, the
    #: files are not served under this CID.
    stale: bool
    #: The version that is kept for this CID; null for a folder that was added manually.
    version: Union[int, None]
    #: When the model was published, in seconds since 1970.
    published_at: int


class PullSourcesItem(TypedDict):
    name: str
    bytes: int


class PullProblem(TypedDict):
    """Why the pull has failed."""

    code: Code
    detail: str


class _Pull(TypedDict):
    #: The model's name in the store.
    name: str
    #: resolving: the commit and the files are determined, and disk space is freed.
    #: downloading: each file is hashed as it arrives. verifying: the last bytes are hashed.
    #: For a variant built locally, quantizing and measuring replace the states above.
    #: publishing: the files get their final names. done or failed: the pull has ended.
    state: Literal["resolving", "downloading", "verifying", "quantizing", "measuring", "publishing", "done", "failed"]
    #: The requested model.
    model: str
    #: The hub; ipfs for a CID, and empty for a variant built locally.
    hub: str
    #: The variant; null until it is known.
    variant: Union[str, None]
    #: The hub's commit; null until it is known.
    commit: Union[str, None]
    #: The bytes in the store, including those from before the pull.
    loaded_bytes: int
    total_bytes: int
    #: The bytes fetched over the network since the daemon started.
    fetched_bytes: int
    #: The bytes that were taken from an older version.
    reused_bytes: int
    #: The bytes received from the hub or, in a pull by CID, from each source.
    sources: List[PullSourcesItem]
    files_done: int
    files: int


class Pull(_Pull, total=False):
    #: The time since the pull began.
    seconds: float
    #: The recent speed.
    bytes_per_second: int
    #: The remaining time at the recent speed.
    seconds_left: float
    #: How the hub failed, and when the pull will be retried.
    retrying: str
    #: Why the pull has failed.
    problem: PullProblem
    #: This and the members below are present only for a variant built locally.
    bits: int
    mixed: bool
    #: The number of inputs with which the variant has been measured so far.
    inputs_done: int
    #: The total number of inputs with which the variant is measured.
    inputs: int
    #: How the variant was built and measured, once this is known.
    made: Made


class _Model(TypedDict):
    name: str


class Model(_Model, total=False):
    type: Union[str, None]
    format: Literal["onnx", "gguf", "huggingface"]
    #: The hash of the content. This and other members that depend on the files appear once
    #: the files have been read, as by GET /v1/models/{model}.
    hash: str
    #: The total size of the files.
    bytes: int
    files: List[ModelFilesItem]
    #: The variant that this entry describes.
    variant: str
    #: The variants, the preferred one first. NAME:VARIANT selects another variant wherever
    #: a model is named. webgpu describes the files used only on WebGPU.
    variants: List[ModelVariantsItem]
    #: The operator set, for ONNX files.
    opset: int
    inputs: List[Value]
    outputs: List[Value]
    takes_picture: bool
    #: This member and those that follow, down to memory, are present only for GGUF files.
    title: str
    architecture: str
    quantization: str
    parameters: int
    context_length: int
    embedding_length: int
    #: The number of tokens in the vocabulary.
    vocabulary: int
    #: Whether the model has a chat template.
    chat: bool
    #: How an embedding model combines vectors.
    pooling: str
    #: The memory that the model needs in a page.
    memory: Memory
    #: For a folder: the tasks, with the default first.
    tasks: List[Task]
    dtype: str
    #: The number of labels.
    labels: int
    #: Settings in a folder's files that are not applied: at most 64, with long values
    #: omitted. See webinfer-inputs(7), Settings of folders.
    ignored_settings: List[ModelIgnoredSettingsItem]
    #: How accurate the results are on each platform.
    numerics: ModelNumerics
    #: Whether requests can run together, or why not.
    batching: ModelBatching
    #: For ONNX files: whether onnxruntime can record the model's runs on WebGPU. See
    #: webinfer-models(7), Graph capture.
    graph_capture: GraphCapture
    #: Warnings for the operator, such as slow weights.
    warnings: List[str]
    builtin: bool
    #: The nodes that have the model, and what they report; in lists at most 10 nodes.
    loaded: List[Loaded]
    #: In a list: the number of further such nodes.
    loaded_more: int
    #: Why the model cannot be read.
    problem: str
    #: When a request last used the model, in seconds since 1970; null if no request is
    #: known.
    last_used_at: Union[int, None]
    #: The source from which the model was pulled.
    source: Source
    #: The pulled or uploaded versions, latest first.
    versions: List[Version]
    #: The CIDs under which the model or a variant is published.
    published: List[Pin]
    #: The pull that is running for this name.
    pulling: Pull
    #: This and the members below are for OpenAI's clients.
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class StatusNumerics(TypedDict):
    """How many verdicts of each kind there are, and how many probes (runs outside clients' requests) had each outcome."""

    mode: Literal["check", "off"]
    verdicts: Dict[str, int]
    probes: Dict[str, int]


class StatusCrossChecks(TypedDict):
    """Answers of joined nodes that are recomputed in the service's browsers: how many are waiting, and how the completed comparisons ended."""

    waiting: int
    bytes: int
    agreed: int
    wrong: int
    suspected: int
    disputed: int
    unable: int
    dropped: int


class _Quarantined(TypedDict):
    #: The id for DELETE /v1/admin/quarantine.
    id: str
    #: The id that the node had.
    node: str
    #: The name of the node token that the node used.
    token: Union[str, None]
    #: The id of the join token that the node used.
    join: Union[str, None]
    #: The evidence, as in webinfer-proof(7).
    evidence: Union[str, None]
    #: When the quarantine began, in milliseconds since 1970.
    since: int
    #: When the quarantine ends, in milliseconds since 1970; null if it must be lifted.
    until: Union[int, None]


class Quarantined(_Quarantined, total=False):
    #: For admins: the node's address, or the first 64 bits of an IPv6 address.
    address: str
    #: For admins: the details.
    reason: str


class StatusCounters(TypedDict):
    jobs: Dict[str, int]
    sessions: Dict[str, int]
    bridge: Dict[str, int]


class _Status(TypedDict):
    version: str
    uptime_s: float
    #: When the daemon started, in milliseconds since 1970.
    started_at: int
    #: Whether a node can accept requests.
    ready: bool
    #: Why new clients cannot be served.
    problem: Union[str, None]
    api: StatusApi
    #: The address to which nodes connect.
    bridge: StatusBridge
    #: The jobs in progress. Up to 100 are listed; users see only their own jobs.
    queue: StatusQueue
    #: How many bytes of memory_budget are used, and how large the budget is.
    memory: StatusMemory
    #: Live audio: unfinished streams, audio without final text, and the largest lag.
    sound: StatusSound
    #: How many jobs are queued and running now, and how many have ended in each way since
    #: the daemon started.
    stored_jobs: StatusStoredJobs
    sessions: List[Session]
    #: How many browsers can run at the same time.
    session_limit: int
    #: The first 100 nodes; GET /v1/nodes lists all nodes in pages.
    nodes: List[NodeRow]
    #: How many more nodes there are.
    nodes_more: int
    #: The kinds of browsers, by name.
    kinds: Dict[str, Kind]
    #: The first 100 models; GET /v1/models lists all models in pages.
    models: List[Model]
    #: How many more models there are.
    models_more: int
    #: How many verdicts of each kind there are, and how many probes (runs outside clients'
    #: requests) had each outcome.
    numerics: StatusNumerics
    #: Answers of joined nodes that are recomputed in the service's browsers: how many are
    #: waiting, and how the completed comparisons ended.
    cross_checks: StatusCrossChecks
    #: The last 100 nodes under quarantine, the oldest first.
    quarantined: List[Quarantined]
    #: How many more nodes are under quarantine.
    quarantined_more: int
    counters: StatusCounters
    #: Warnings for the operator.
    warnings: List[str]


class Status(_Status, total=False):
    #: For admins: the model folder on the daemon's machine.
    models_directory: str
    #: The state of this daemon in its cluster, as in GET /v1/cluster; absent if it is in
    #: none.
    cluster: Literal["connecting", "joining", "member", "name_taken"]


class _NodeLimit(TypedDict):
    #: share: the node gets only work for which no other node has room. hold: the node gets
    #: no work except proofs.
    effect: Literal["share", "hold"]
    #: The evidence, as in webinfer-proof(7). deadlines: the node let several deadlines pass
    #: in a row. throttled: its page says that it runs slowly at present. unproven: the node
    #: has not yet proved that it computes correctly.
    evidence: str
    #: When the limit began, in milliseconds since 1970.
    since: Union[int, None]
    #: When the limit ends, in milliseconds since 1970; null if it does not end by itself.
    until: Union[int, None]
    #: What must happen for the limit to end.
    undone_by: str


class NodeLimit(_NodeLimit, total=False):
    #: Of a relay: the node gets no work for this platform only.
    platform: Platform
    #: Of a relay: likewise for this engine only.
    engine: str
    #: For admins: the details.
    reason: str


class Conduct(TypedDict):
    #: How many of the node's last 50 answers succeeded.
    ended: int
    #: How many of the last 50 answers failed, while one of the service's browsers
    #: succeeded.
    ending: int
    #: How many of the last 50 answers failed, while another joined node succeeded, or how
    #: often nodes of two join tokens had wrong blocks of models from it.
    disputed: int
    #: How many of the last 50 judged answers were correct.
    right: int
    #: How many of the last 50 answers could not be judged because of the node's choice.
    open: int
    #: How many of the last 50 judged answers differed for a client's input. Ten correct
    #: answers in a row clear this count.
    suspicion: int


class _NodePlatformsValue(TypedDict):
    available: bool


class NodePlatformsValue(_NodePlatformsValue, total=False):
    reason: str
    adapter: Adapter


class _Node(TypedDict):
    id: str
    #: Null for a joined node.
    session: Union[str, None]
    browser: Union[str, None]
    browser_version: str
    #: Whether the node gets no more work.
    draining: bool
    #: Whether the node's owner has paused it.
    paused: bool
    #: Whether the node gets no work at present; limits states the reason.
    held: bool
    #: Whether the node has lost its connection but may reconnect.
    away: bool
    #: The number of attempts on the node.
    attempts: int


class Node(_Node, total=False):
    #: For admins: the browser's User-Agent.
    user_agent: str
    #: For admins: the label of the join link with which the node came.
    label: str
    #: For admins: the id of the remembered device that the node is.
    device: str
    #: When the node connected, in milliseconds since 1970.
    connected_at: int
    #: The bytes that the node's user allows loaded models to take; absent if there is no
    #: such limit.
    memory_limit: int
    connected: bool
    busy_since_ms: float
    last_seen_ms: float
    rtt_ms: float
    #: How many tasks the node has answered since it joined.
    answered: int
    #: How many tasks have failed on the node since it joined. Tasks that a paused node
    #: returned do not count.
    failed: int
    #: The median time of the last 64 answered tasks, from sending the task to its answer;
    #: null if none was answered.
    task_ms_p50: Union[float, None]
    #: How many heartbeats of the service had no reply before the next one was due.
    heartbeats_lost: int
    bytes_in: int
    bytes_out: int
    #: What the node reports about its models.
    models: List[Any]
    #: Why the node gets less work than other nodes, or no work.
    limits: List[NodeLimit]
    #: A summary of the node's last answers; null if the service started the node.
    conduct: Union[Conduct, None]
    cores: int
    memory_gib: float
    cross_origin_isolated: bool
    platforms: Dict[str, NodePlatformsValue]
    #: The node's engines, by name.
    engines: Dict[str, Engine]
    #: Why the node runs nothing; absent while it runs something.
    idle: str
    #: Of a relay: the daemon that lends its browsers.
    via: str


class _Tuning(TypedDict):
    kernel: str
    #: The largest sizes to which this entry applies, in order.
    size_class: str
    #: The variant of the kernel's shader.
    variant: str
    #: The number of invocations in a workgroup, across and down.
    workgroup: List[int]
    #: The time of a run, measured by the adapter's own clock unless the browser rounds that
    #: clock; 0 if there was no choice.
    ms: float
    #: The time of a run without tuning.
    default_ms: float


class Tuning(_Tuning, total=False):
    #: This and the next three members state where the entry applies.
    browser: str
    browser_version: str
    platform: Platform
    adapter: str
    #: The joined node that reported this entry about itself.
    node: str


class _Nodes(TypedDict):
    #: The nodes of this page, sorted by id.
    nodes: List[Node]
    #: The value of after for the next page; null on the last page.
    next: Union[str, None]
    #: The latest nodes under quarantine, at most a page of them, the oldest first.
    quarantined: List[Quarantined]
    #: How many more nodes are under quarantine.
    quarantined_more: int


class Nodes(_Nodes, total=False):
    #: With tuning=yes: at most 1000 entries.
    tuning: List[Tuning]
    #: With tuning=yes: how many more entries there are.
    tuning_more: int


class HardwareWouldRun(TypedDict):
    node: str
    browser: str
    browser_version: str
    platform: Platform
    platforms: List[Platform]
    warm: bool
    expected_ms: float


class HardwareProbe(TypedDict):
    browser: str
    platform: Platform
    deadline_ms: float


class _Estimate(TypedDict):
    load_ms: float
    run_ms: float
    failure_rate: float
    loads: int
    runs: int
    measured_at: int


class Estimate(_Estimate, total=False):
    prompt_tokens_per_second: float
    tokens_per_second: float
    #: How many times as long a request takes alone as in a batch, by the bytes of its
    #: inputs. Requests are batched there while it is more than 1.
    batch_gain: float
    #: The most bytes of inputs that a batch may have there, because a larger one failed for
    #: lack of memory.
    batch_bytes_most: int


class Moves(TypedDict):
    #: The time that requests have lost by not running at that place.
    lost_ms: float
    #: The loss at which the model is moved to that place.
    at_ms: float


class _HardwareOption(TypedDict):
    browser: str
    browser_version: str
    joined: bool
    #: A label for the token of the option's nodes, valid until the service exits.
    token: Union[str, None]
    platform: Platform
    engine: str
    engine_version: Union[str, None]
    standing: str
    why: str
    chosen: bool
    adapter: Union[Adapter, None]


class HardwareOption(_HardwareOption, total=False):
    #: The daemon that lends the browsers, if they are another daemon's.
    via: str
    nodes: int
    open_nodes: int
    slots: int
    loaded_nodes: int
    warm: bool
    measured: bool
    verdict: Union[str, None]
    preference: int
    estimate: Union[Estimate, None]
    expected_ms: float
    queue_ms: float
    load_ms: float
    run_ms: float
    failure_ms: float
    moves: Union[Moves, None]


class Measured(TypedDict):
    """What was measured on browsers of a kind, where the model runs fastest."""

    browser_version: str
    platform: Platform
    engine: str
    engine_version: Union[str, None]
    estimate: Estimate


class HardwarePassedOverItem(TypedDict):
    browser: str
    installed: bool
    why: str
    moves: Union[Moves, None]
    measured: Union[Measured, None]


class _Hardware(TypedDict):
    model_name: str
    model_hash: str
    model_type: Union[str, None]
    decision: Literal["run", "wait", "never"]
    why: str
    would_run: Union[HardwareWouldRun, None]
    preferences: List[str]
    numerics: Literal["check", "off"]
    #: How much time may be spent on finding out whether another place has become faster.
    #: For each such place, this is a share of the time of the model's runs for clients.
    exploration: float
    recheck: float
    #: The probe that would run outside the client's request.
    probe: Union[HardwareProbe, None]
    #: The options: the chosen one, then those closest to it.
    options: List[HardwareOption]
    #: Configured kinds of browsers that have no node.
    passed_over: List[HardwarePassedOverItem]


class Hardware(_Hardware, total=False):
    #: If the model can never run: the error code.
    code: Code


class OpenaiModel(TypedDict):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsIgnoredItem(TypedDict):
    name: str
    reason: str


class Models(TypedDict):
    object: Literal["list"]
    #: The models for OpenAI's clients, including aliases: all of them, or those of the page
    #: if limit or after is given.
    data: List[OpenaiModel]
    #: The models of this page, sorted by name.
    models: List[Model]
    #: The value of after for the next page; null on the last page.
    next: Union[str, None]
    #: The pulls that are under way, and those that have failed.
    pulls: List[Pull]
    #: Files and folders in the model directory that are not models.
    ignored: List[ModelsIgnoredItem]
    ignored_more: int
    #: The other names that the configuration gives to models, each with the model's name.
    aliases: Dict[str, str]
    #: The published models whose names belong on this page, including models that are no
    #: longer here.
    published: List[Pin]
    #: The largest possible model, in bytes: [models] quota, or the size of the disk.
    room: Union[int, None]


class PullEventSourcesItem(TypedDict):
    name: str
    bytes: int


class PullEventProblem(TypedDict):
    """Why the pull has failed."""

    code: Code
    detail: str


class _PullEvent(TypedDict):
    #: The same as state.
    phase: str
    #: The model's name in the store.
    name: str
    #: resolving: the commit and the files are determined, and disk space is freed.
    #: downloading: each file is hashed as it arrives. verifying: the last bytes are hashed.
    #: For a variant built locally, quantizing and measuring replace the states above.
    #: publishing: the files get their final names. done or failed: the pull has ended.
    state: Literal["resolving", "downloading", "verifying", "quantizing", "measuring", "publishing", "done", "failed"]
    #: The requested model.
    model: str
    #: The hub; ipfs for a CID, and empty for a variant built locally.
    hub: str
    #: The variant; null until it is known.
    variant: Union[str, None]
    #: The hub's commit; null until it is known.
    commit: Union[str, None]
    #: The bytes in the store, including those from before the pull.
    loaded_bytes: int
    total_bytes: int
    #: The bytes fetched over the network since the daemon started.
    fetched_bytes: int
    #: The bytes that were taken from an older version.
    reused_bytes: int
    #: The bytes received from the hub or, in a pull by CID, from each source.
    sources: List[PullEventSourcesItem]
    files_done: int
    files: int


class PullEvent(_PullEvent, total=False):
    #: The time since the pull began.
    seconds: float
    #: The recent speed.
    bytes_per_second: int
    #: The remaining time at the recent speed.
    seconds_left: float
    #: How the hub failed, and when the pull will be retried.
    retrying: str
    #: Why the pull has failed.
    problem: PullEventProblem
    #: This and the members below are present only for a variant built locally.
    bits: int
    mixed: bool
    #: The number of inputs with which the variant has been measured so far.
    inputs_done: int
    #: The total number of inputs with which the variant is measured.
    inputs: int
    #: How the variant was built and measured, once this is known.
    made: Made


class Order(TypedDict):
    model_name: str
    state: Literal["loading", "unloading"]
    #: The nodes that received the order.
    nodes: List[str]


class _Removed(TypedDict):
    name: str
    state: Literal["removed", "cancelled", "unpublished"]


class Removed(_Removed, total=False):
    freed_bytes: int
    #: The CIDs under which the model or a variant was published until now.
    unpublished: List[str]


class Failure(TypedDict):
    #: Null if the entry covers several nodes.
    node: Union[str, None]
    reason: str
    times: int


class SourceError(TypedDict):
    #: The line of the source, counted from 1.
    line: int
    #: The column in the line, counted from 1.
    column: int
    message: str


class _Problem(TypedDict):
    #: A URI that identifies the code.
    type: str
    title: str
    #: The answer's HTTP status, or the one that it would have had.
    status: int
    #: One of the stable codes.
    code: Code


class Problem(_Problem, total=False):
    """An error in the format of RFC 9457."""

    #: One sentence: what was wrong, what is allowed, what to do.
    detail: str
    #: The field of the request that is at fault.
    field: str
    #: What is expected in the field.
    expected: str
    #: What is allowed in the field.
    allowed: str
    #: How many times the job was sent to nodes.
    attempts: int
    #: True if the job breaks what runs it. See webinfer-relay(7).
    poisoned: bool
    #: What went wrong on the nodes, with equal failures grouped. The last entry may cover
    #: several different failures.
    failures: List[Failure]
    #: For kernel_invalid: up to 20 errors in the source.
    errors: List[SourceError]
    #: The X-Request-Id of the answer.
    request_id: str


class OpenaiErrorValue(TypedDict):
    message: str
    type: Literal["invalid_request_error", "permission_error", "rate_limit_error", "server_error"]
    #: The parameter that is at fault.
    param: Union[str, None]
    #: The stable code, or OpenAI's own name for it.
    code: str


class OpenaiError(TypedDict):
    """An error in the form that OpenAI's clients read."""

    error: OpenaiErrorValue


class AnthropicErrorValue(TypedDict):
    type: Literal["invalid_request_error", "authentication_error", "permission_error", "not_found_error", "request_too_large", "rate_limit_error", "overloaded_error", "api_error"]
    message: str


class AnthropicError(TypedDict):
    """An error in the form that Anthropic's clients read."""

    type: Literal["error"]
    error: AnthropicErrorValue
    request_id: Union[str, None]


class _StoredJob(TypedDict):
    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    #: The endpoint that received the job.
    endpoint: Literal["/v1/infer", "/v1/jobs"]
    priority: int
    #: How many times the daemon has started the job.
    runs: int
    #: When the job was accepted. All times in this object are in milliseconds since 1970.
    accepted_at: int
    deadline_at: int


class StoredJob(_StoredJob, total=False):
    model_name: str
    #: The client that owns the job.
    client: str
    #: The id that the client gave to the job.
    client_id: str
    node: str
    finished_at: int
    attempts: int
    #: What the job is waiting for, or what went wrong last.
    problem: str
    #: The answer of a completed job, in the form of the job's endpoint.
    answer: Any
    #: The error of a failed job.
    error: Union[Problem, OpenaiError, AnthropicError]


class Jobs(TypedDict):
    #: The jobs, the newest first.
    jobs: List[StoredJob]
    #: The value of after for the next page; null if there is none.
    next: Union[str, None]


class Verb(TypedDict):
    id: str
    state: Literal["draining", "ready", "revoked", "cancelled", "cancelling", "removed", "lifted", "doubted", "forgiven"]
