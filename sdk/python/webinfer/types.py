"""What webinferd is asked and answers, as types of dictionaries.

Made by scripts/python-types.py of the description of the API: do not edit.
A member in a class whose name begins with an underscore is always there.
"""
from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict, Union

__all__ = [
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
    "Memory",
    "Model",
    "Models",
    "Moves",
    "Node",
    "NodeLimit",
    "NodeRow",
    "Nodes",
    "OpenaiError",
    "OpenaiErrorValue",
    "OpenaiMessage",
    "OpenaiModel",
    "OpenaiPart",
    "OpenaiToolCall",
    "Order",
    "Output",
    "Performance",
    "Pin",
    "Platform",
    "Problem",
    "Pull",
    "PullEvent",
    "Quarantined",
    "Removed",
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
    "Tensor",
    "TextResult",
    "Timings",
    "TokenList",
    "ToolCall",
    "Transcript",
    "Tuning",
    "Usage",
    "Used",
    "Value",
    "Verb",
    "Verdict",
    "VerdictInput",
    "Version",
]

OpenaiPart = Union["OpenaiPartTypeText", "OpenaiPartTypeImageUrl"]
Bytes = Union[str, "BytesBinaryDataSize"]
Inputs = Union["InputsMessages", "InputsQueryDocuments", "InputsPairs", "InputsTextTextPair", "InputsQuestionContext", "InputsTextLabels", "InputsTextsLabels", "InputsImage", "InputsImageLabels", "InputsImageQuestion", "InputsImagePrompt", "InputsAudio"]
Task = Literal["chat", "complete", "embed", "rerank", "tokenize", "text-classification", "token-classification", "fill-mask", "question-answering", "zero-shot-classification", "text2text-generation", "translation", "summarization", "image-classification", "object-detection", "image-segmentation", "depth-estimation", "image-feature-extraction", "automatic-speech-recognition", "audio-classification", "text-to-speech", "zero-shot-image-classification", "zero-shot-audio-classification", "image-to-text", "document-question-answering", "visual-question-answering"]
Platform = Literal["webgpu", "webnn", "webgl", "wasm", "native", "simulated"]
Datatype = Literal["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BF16", "BYTES"]
Timings = Dict[str, float]
Result = Union["TextResult", "Scores", "TokenList", "Labels", "Entities", "Fills", "Answers", "Boxes", "Segments", "Transcript", "SpeechResult", "Results", "Used", "Counted", "Size"]
Code = Literal["bad_request", "bad_json", "unknown_field", "missing_field", "invalid_field", "bad_framing", "non_finite", "context_length_exceeded", "unauthorized", "forbidden_host", "forbidden_origin", "rank", "not_found", "model_not_found", "kernel_not_found", "node_not_found", "session_not_found", "job_not_found", "hub_not_found", "method_not_allowed", "not_acceptable", "request_timeout", "conflict", "cancelled", "stream_gone", "length_required", "body_too_large", "answer_too_large", "model_too_large", "unsupported_media_type", "input_unknown", "input_missing", "input_datatype", "input_shape", "input_size", "input_invalid", "grammar_too_costly", "output_unknown", "picture_invalid", "picture_too_large", "audio_invalid", "audio_too_large", "precision_unsupported", "model_invalid", "operator_unsupported", "platform_unsupported", "kernel_invalid", "idempotency_mismatch", "nothing_to_quantize", "quantized_badly", "queue_full", "client_share_used", "too_many_watchers", "sound_ahead", "inference_failed", "internal", "not_implemented", "attempts_exhausted", "hub_failed", "hub_unauthorized", "download_corrupt", "stream_interrupted", "stream_diverged", "unavailable", "node_busy", "node_paused", "shutting_down", "memory_budget", "too_many_connections", "hub_busy", "deadline_exceeded", "stall_timeout", "storage_failed", "no_room"]
Job = Union["RunningJob", "StoredJob"]


class TensorParameters(TypedDict, total=False):
    binary_data_size: int


class _Tensor(TypedDict):
    name: str
    datatype: Literal["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "BF16", "FP32", "FP64", "BYTES"]
    shape: List[int]


class Tensor(_Tensor, total=False):
    #: Flat or nested.
    data: List[Any]
    parameters: TensorParameters


class OpenaiPartTypeText(TypedDict):
    type: Literal["text"]
    text: str


class _OpenaiPartTypeImageUrlImageUrl(TypedDict):
    url: str


class OpenaiPartTypeImageUrlImageUrl(_OpenaiPartTypeImageUrlImageUrl, total=False):
    detail: str


class OpenaiPartTypeImageUrl(TypedDict):
    type: Literal["image_url"]
    image_url: Union[str, OpenaiPartTypeImageUrlImageUrl]


class OpenaiToolCallFunction(TypedDict, total=False):
    name: str
    arguments: str


class _OpenaiToolCall(TypedDict):
    function: OpenaiToolCallFunction


class OpenaiToolCall(_OpenaiToolCall, total=False):
    #: In streams.
    index: int
    id: str
    type: Literal["function"]


class _OpenaiMessage(TypedDict):
    role: Literal["system", "developer", "user", "assistant", "tool"]


class OpenaiMessage(_OpenaiMessage, total=False):
    #: Null or none with tool_calls.
    content: Union[str, List[OpenaiPart], None]
    name: str
    #: Of an assistant.
    tool_calls: List[OpenaiToolCall]
    #: Of a tool.
    tool_call_id: str
    #: Of an assistant.
    reasoning_content: str


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


class InferRequestOutputsItemParameters(TypedDict, total=False):
    binary_data: bool


class _InferRequestOutputsItem(TypedDict):
    name: str


class InferRequestOutputsItem(_InferRequestOutputsItem, total=False):
    parameters: InferRequestOutputsItemParameters


class InferRequestParameters(TypedDict, total=False):
    """{binary_data_output: true} asks for binary outputs."""

    binary_data_output: bool


class _InferRequest(TypedDict):
    #: NAME, or NAME:VARIANT for another variant than the first.
    model_name: str
    #: A list of tensors {name, datatype, shape, data}; or what a task takes: see Tasks.
    inputs: Union[List[Tensor], List[str], str, Inputs]


class InferRequest(_InferRequest, total=False):
    """The task for a model, its input, and where it runs."""

    #: In the place of the model's own.
    model_type: Literal["text_embedding", "text_generation", "text2text", "vision", "audio", "multimodal"]
    #: What the model is to do.
    task: Task
    #: auto (the default), webgpu, webnn, webgl, wasm; native, of programs that joined;
    #: simulated, for tests, of nodes that compute nothing. A model of which webnn takes no
    #: part falls back; fallbacks says why.
    platform: Union[Literal["auto"], Platform]
    #: Only a browser of this kind.
    browser: str
    #: Only this node.
    node: str
    #: Whether another platform may follow one that fails; true by default.
    fallback: bool
    #: The variant, as NAME:VARIANT. Without either, and with auto, it is the first that
    #: webinfer show lists and model_budget has room for: 8 bits, then floats, then 4 bits,
    #: which WASM computes many times slower. Where it had not the memory, the next smaller
    #: one runs, and fallbacks says so. 16-bit floats and GGUF files do not go to WebGPU
    #: without shader-f16.
    precision: Literal["auto", "fp32", "fp16", "bf16", "int8", "uint8", "int4", "uint4", "q8", "q4", "q4f16", "bnb4"]
    #: The names of the outputs wanted, or {name, parameters: {binary_data}}; all by
    #: default.
    outputs: List[Union[str, InferRequestOutputsItem]]
    #: 9 is the most urgent; 5 by default.
    priority: int
    #: For queue, load and run together; 60000 by default, 600000 for streams, generated
    #: text and speech recognition.
    timeout_ms: int
    #: Whether the answer comes in parts.
    stream: bool
    #: Whether a stream outlives its connection.
    resumable: bool
    #: How long a stream that has begun may be silent.
    stall_timeout_ms: int
    #: Comes back in the answer.
    id: str
    #: {binary_data_output: true} asks for binary outputs.
    parameters: InferRequestParameters
    #: Of the task or model; an unknown one is 400 and named.
    options: Dict[str, Any]


class _Performance(TypedDict):
    #: Until it was sent to a node.
    queue_ms: float
    #: By the page's clock, as the next.
    load_ms: float
    #: With upload and read-back.
    inference_ms: float
    #: From the last byte of the body on, with failed attempts.
    total_ms: float
    attempts: int
    #: The model was loaded already.
    warm: bool


class Performance(_Performance, total=False):
    #: So many rows ran together.
    batch: int


class OutputParameters(TypedDict):
    """In the place of data: so many bytes follow the JSON, in the order of the outputs."""

    binary_data_size: int


class _Output(TypedDict):
    name: str
    datatype: Datatype
    shape: List[int]


class Output(_Output, total=False):
    #: Row by row; NaN and infinities are strings.
    data: List[Any]
    #: In the place of data: so many bytes follow the JSON, in the order of the outputs.
    parameters: OutputParameters


class ToolCallFunction(TypedDict, total=False):
    name: str
    arguments: str


class _ToolCall(TypedDict):
    function: ToolCallFunction


class ToolCall(_ToolCall, total=False):
    #: In streams: which call it goes on with.
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
    #: The text of options.stop at which it ended.
    stop_sequence: str
    #: What the model thought before it answered.
    reasoning: str
    tool_calls: List[ToolCall]
    logprobs: List[Logprob]


class _Usage(TypedDict):
    prompt_tokens: int


class Usage(_Usage, total=False):
    completion_tokens: int
    #: Of the prompt's, so many were known from before.
    cached_tokens: int


class TextResult(TypedDict, total=False):
    """What a model that writes has written."""

    #: In the place of what is above, where more than one was asked for.
    choices: List[Choice]
    usage: Usage
    timings: Timings
    text: str
    tokens: List[int]
    finish_reason: Literal["stop", "length", "tool_calls"]
    #: The text of options.stop at which it ended.
    stop_sequence: str
    #: What the model thought before it answered.
    reasoning: str
    tool_calls: List[ToolCall]
    logprobs: List[Logprob]


class _Scores(TypedDict):
    #: One for each document.
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
    #: The best first.
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
    #: Places in texts count characters.
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
    #: In the place of fills, of a text with several gaps.
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
    #: In pixels of the picture as it was sent.
    boxes: List[BoxesBoxesItem]


class _SegmentsSegmentsItem(TypedDict):
    label: str
    mask: str


class SegmentsSegmentsItem(_SegmentsSegmentsItem, total=False):
    score: Union[float, None]


class Segments(TypedDict):
    #: A mask is the name of an output, a PNG file with 255 where the segment is.
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
    #: In seconds, as all times here.
    duration: float
    language: str
    #: With options.timestamps word, words. What openai/whisper tells of them, with
    #: options.details; seek in hundredths of a second.
    segments: List[TranscriptSegmentsItem]
    #: With options.timestamps both.
    words: List[TranscriptWordsItem]


class SpeechResult(TypedDict):
    sampling_rate: int
    duration: float


class _Results(TypedDict):
    #: One for each of several texts.
    results: List[Union[Labels, Entities, Fills, Answers]]


class Results(_Results, total=False):
    usage: Usage


class Used(TypedDict):
    usage: Usage


class Counted(TypedDict):
    #: Of builtin/count.
    count: int


class Size(TypedDict):
    #: In pixels.
    width: int
    height: int


class Adapter(TypedDict, total=False):
    vendor: str
    architecture: str
    description: str
    #: It is software.
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
    #: Of the weights.
    precision: Union[str, None]
    adapter: Union[Adapter, None]
    #: The platforms that did not do, in the order in which they were given up.
    fallbacks: List[ExecutedOnFallbacksItem]
    #: What is known of the platform's numbers.
    numerics: Literal["ok", "wrong", "unchecked"]
    simulated: bool


class ExecutedOn(_ExecutedOn, total=False):
    #: Of the engine.
    build: str
    threads: int
    quantization: str


class _InferAnswer(TypedDict):
    performance: Performance
    #: The request's own, or the job's.
    id: str
    model_name: str
    model_type: Union[str, None]
    #: Tensors.
    outputs: List[Output]
    #: What really computed it.
    executed_on: ExecutedOn


class InferAnswer(_InferAnswer, total=False):
    """What a model made of a request."""

    #: What the task makes of them: labels with probabilities, text and such.
    result: Result


class _StreamPart(TypedDict):
    #: Counts from 0; the id of the event.
    seq: int
    #: To which of several answers it belongs.
    index: int


class StreamPart(_StreamPart, total=False):
    """A part of an answer, in order and each once."""

    text: str
    tokens: List[int]
    result: Result


class _StreamProgress(TypedDict):
    #: Such as queued or loading.
    phase: str


class StreamProgress(_StreamProgress, total=False):
    loaded_bytes: int
    total_bytes: int
    done: float
    total: float
    #: An estimate, from 1.
    queue_position: int


class _StreamPerformance(TypedDict):
    first_part_ms: float
    #: A part of total_ms, and of no other.
    waited_for_client_ms: float
    #: Until it was sent to a node.
    queue_ms: float
    #: By the page's clock, as the next.
    load_ms: float
    #: With upload and read-back.
    inference_ms: float
    #: From the last byte of the body on, with failed attempts.
    total_ms: float
    attempts: int
    #: The model was loaded already.
    warm: bool


class StreamPerformance(_StreamPerformance, total=False):
    #: So many rows ran together.
    batch: int


class _StreamDone(TypedDict):
    #: How many there were.
    parts: int
    performance: StreamPerformance
    #: The request's own, or the job's.
    id: str
    model_name: str
    model_type: Union[str, None]
    #: Tensors.
    outputs: List[Output]
    #: What really computed it.
    executed_on: ExecutedOn


class StreamDone(_StreamDone, total=False):
    """The answer without what its parts carried."""

    #: What the task makes of them: labels with probabilities, text and such.
    result: Result


class Benchmark(TypedDict):
    #: The first run of all: with what is compiled at it.
    first_ms: float
    #: A run, from its inputs' bytes to its outputs', for each of runs.
    run_ms: List[float]
    #: The same by the GPU's clock; of kernels on webgpu, where the adapter has timestamp-
    #: query.
    gpu_ms: Union[List[float], None]
    #: 0: the model was loaded already.
    load_ms: float
    #: Those that computed, where they are counted.
    threads: Union[int, None]
    #: Each of run_ms is the mean of so many, one after another.
    repeats: int
    #: The resolution of the page's clock, as it was measured. A sample, which is repeats
    #: runs, lasts at least 20 times as long, and the first 4 ms.
    clock_ms: float
    #: Indices, from 0, of those beside or before which something else was computed there.
    disturbed: List[int]
    #: SHA-256 of the last run's outputs and result: see below.
    output_hash: str


class StatusApi(TypedDict):
    url: str
    connections: int


class StatusBridge(TypedDict):
    """Where nodes come."""

    url: str


class _RunningJob(TypedDict):
    age_ms: float
    id: str
    #: Whose it is.
    client: Union[str, None]
    model_name: str
    state: Literal["queued", "running"]
    node: Union[str, None]
    #: Whether the node has said that it has it.
    accepted: bool
    priority: int
    attempts: int
    #: In milliseconds since 1970.
    accepted_at: int
    timeout_ms: float


class RunningJob(_RunningJob, total=False):
    #: Of a stream: how many there were.
    parts: int
    request_id: str
    #: What went wrong with the last attempt.
    problem: str
    #: What the client called it.
    client_id: str


class StatusQueue(TypedDict):
    """The jobs under way; up to 100 of them one by one, a user's own only."""

    waiting: int
    running: int
    limit: int
    jobs: List[RunningJob]


class StatusMemory(TypedDict):
    """Bytes of memory_budget."""

    used: int
    budget: int


class StatusSound(TypedDict):
    """Live sound: streams that are not at their end, sound without final text, the largest lag."""

    streams: int
    waiting_ms: int
    lag_ms: int


class StatusStoredJobs(TypedDict):
    """Queued and running now; the others since the start."""

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int


class Session(TypedDict):
    age_ms: float
    #: Of all its processes.
    memory_bytes: int
    id: str
    #: Of browser.
    kind: str
    state: Literal["starting", "ready", "busy", "draining", "broken", "closed"]
    #: How far it is.
    step: str
    ending: bool
    #: Why it is to be replaced.
    worn: Union[str, None]
    #: The session that takes its place.
    successor: Union[str, None]
    #: How many it has run.
    jobs: int
    #: In milliseconds since 1970.
    started_at: int
    #: How long it took to be ready.
    ready_ms: float
    browser_version: str
    #: Switches and preferences that it was started with and that a setting decides, without
    #: values that may be paths or addresses.
    flags: List[str]
    driver_pid: int
    network: Literal["isolated", "host"]
    node: Union[str, None]


class NodeRow(TypedDict):
    id: str
    #: Null of one that joined.
    session: Union[str, None]
    browser: Union[str, None]
    browser_version: str
    #: It gets no more work.
    draining: bool
    #: Its person wants no more work for it for now.
    paused: bool
    #: It gets no work for now; limits says why.
    held: bool
    #: It has lost its connection, and may come back.
    away: bool
    #: How many are on it.
    attempts: int


class Kind(TypedDict):
    installed: bool
    problem: Union[str, None]
    #: Open: after failed starts there is a pause.
    breaker: Literal["closed", "open", "half-open"]
    #: Failed starts in a row.
    failures: int
    next_start_ms: float
    min: int
    max: int
    #: Somebody waits for one.
    wished: bool
    #: How many there are, by state.
    sessions: Dict[str, int]
    #: How often a state has followed another.
    transitions: Dict[str, Dict[str, int]]


class ModelFilesItem(TypedDict):
    path: str
    bytes: int
    hash: str


class MadeCounts(TypedDict):
    """How many weights there are, can have fewer bits, and have them; and of how many nodes, and how many keep more bits."""

    weights: int
    quantizable: int
    quantized: int
    nodes: int
    kept: int


class MadeMeasuredCosine(TypedDict):
    """Between what both put out for an input."""

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
    #: That it was measured with there.
    inputs: int
    cosine: MadePlaceCosine
    largest_error: Union[float, None]
    #: The median of its runs.
    run_ms: float
    #: That of fp32.
    source_run_ms: float


class MadePlace(_MadePlace, total=False):
    #: What the page's memory grew by to load it, at least its files: less than it needs
    #: where other models had left room.
    memory_bytes: int
    #: The same of fp32, which was loaded after it.
    source_memory_bytes: int


class MadeMeasured(TypedDict):
    #: Of the first place, as the cosines and the error that stand here.
    inputs: int
    #: How many of them were the model's own.
    samples: int
    #: Between what both put out for an input.
    cosine: MadeMeasuredCosine
    #: Of one number, as a share of the largest.
    largest_error: Union[float, None]
    #: Where fp32 has its weights: in the graph's file, or in files beside it, which take
    #: less memory in a page.
    source_files: Literal["one", "external"]
    #: Where it was measured: first on WASM, then wherever it was idle.
    places: List[MadePlace]


class _Made(TypedDict):
    #: The hash of the fp32 variant that it was made of.
    of: str
    bits: int
    mixed: bool
    #: It was to be published however it measured.
    forced: bool
    #: In seconds since 1970.
    made_at: int
    #: How many weights there are, can have fewer bits, and have them; and of how many
    #: nodes, and how many keep more bits.
    counts: MadeCounts
    #: What its graphs put out against those of fp32.
    measured: MadeMeasured


class Made(_Made, total=False):
    #: The same of the graphs that are for WebGPU alone, where it has such: on WASM too.
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
    #: Null where the graph does not say.
    datatype: Union[str, None]
    #: -1 for a free dimension.
    shape: Union[List[int], None]


class Memory(TypedDict):
    #: Bytes, as of all but the last three.
    weights: int
    #: Of its cache for each conversation.
    kv_per_slot: int
    compute: int
    #: With so many slots of so many tokens of context.
    total: int
    limit: int
    context: int
    slots: int
    #: If not, a request for it gets model_too_large.
    fits: bool


class _ModelIgnoredSettingsItem(TypedDict):
    file: str
    member: str
    reason: str


class ModelIgnoredSettingsItem(_ModelIgnoredSettingsItem, total=False):
    value: Any


class VerdictInput(TypedDict):
    #: Of its shapes, and of the values of small whole numbers and booleans.
    hash: str
    shapes: str


class Verdict(TypedDict):
    browser: Union[str, None]
    browser_version: Union[str, None]
    #: About nodes that joined.
    joined: bool
    #: A label of the token whose nodes it is about, until the service ends; null of
    #: browsers of the service, and of what nodes of two tokens have shown, which counts for
    #: all that join.
    token: Union[str, None]
    platform: Platform
    engine: str
    engine_version: Union[str, None]
    adapter: Union[str, None]
    precision: Union[str, None]
    #: Of builtin/kernels; null: of all kernels.
    kernel: Union[str, None]
    verdict: Literal["unknown", "trusted", "wrong", "unable", "exempt"]
    #: Of what is tolerated.
    error_ratio: float
    detail: Union[str, None]
    #: In milliseconds since 1970.
    checked_at: int
    #: Whether it is about the model, or about such inputs alone.
    scope: Literal["model", "input"]
    #: That decided it; null: one of the service's own.
    input: Union[VerdictInput, None]
    #: How many different inputs were looked at.
    sets: int


class ModelNumerics(TypedDict):
    """How right platforms compute it."""

    exempt: Union[str, None]
    verdicts: List[Verdict]


class LoadedSlots(TypedDict):
    """Of a language model: how many requests it runs at a time, and at work, the tokens that each has room for, and those that are kept."""

    count: int
    busy: int
    context: int
    cached_tokens: int


class LoadedSpeed(TypedDict):
    """Of a few tokens that were computed for nobody."""

    prompt_ms: float
    token_ms: float


class _Loaded(TypedDict):
    node: str
    hash: str
    platform: str
    #: loading, loaded, failed or evicted.
    state: str


class Loaded(_Loaded, total=False):
    #: With what is kept of what was computed with it.
    bytes: int
    error: str
    #: Of a language model: how many requests it runs at a time, and at work, the tokens
    #: that each has room for, and those that are kept.
    slots: LoadedSlots
    #: Of a few tokens that were computed for nobody.
    speed: LoadedSpeed


class _Source(TypedDict):
    hub: Union[str, None]
    repository: Union[str, None]
    revision: Union[str, None]
    commit: Union[str, None]
    #: In seconds since 1970.
    pulled_at: int


class Source(_Source, total=False):
    variant: str


class Version(TypedDict):
    version: int
    current: bool
    revision: Union[str, None]
    commit: Union[str, None]
    bytes: int
    #: In seconds since 1970.
    pulled_at: int


class Pin(TypedDict):
    #: The model as it was published, with or without a variant.
    name: str
    #: ipfs://CID is the model as it was published, to the bit.
    cid: str
    #: Of all its files.
    bytes: int
    #: Its files are not any more what was published, and are not served under this CID.
    stale: bool
    #: The version that is kept for it; null of a folder that was put there.
    version: Union[int, None]
    #: In seconds since 1970.
    published_at: int


class PullSourcesItem(TypedDict):
    name: str
    bytes: int


class PullProblem(TypedDict):
    """Why it has failed."""

    code: Code
    detail: str


class _Pull(TypedDict):
    #: What the model is called here.
    name: str
    #: Resolving: which commit and which files, and room is made. Downloading: each file is
    #: hashed as it comes. Of a variant that is made here it is quantizing and measuring
    #: instead.
    state: Literal["resolving", "downloading", "verifying", "quantizing", "measuring", "publishing", "done", "failed"]
    #: What was asked for.
    model: str
    #: Of what is pulled by its CID: ipfs; of what is made here: empty.
    hub: str
    #: Null as long as it is not known.
    variant: Union[str, None]
    #: Likewise.
    commit: Union[str, None]
    #: What was here already is counted.
    loaded_bytes: int
    total_bytes: int
    #: Over the network since the daemon was started.
    fetched_bytes: int
    #: What an older version had.
    reused_bytes: int
    #: Who has brought how much: the hub, or all sources of what is pulled by its CID.
    sources: List[PullSourcesItem]
    files_done: int
    files: int


class Pull(_Pull, total=False):
    #: Since it began.
    seconds: float
    #: Lately.
    bytes_per_second: int
    #: At that speed.
    seconds_left: float
    #: What the hub has failed at, and when it is tried again.
    retrying: str
    #: Why it has failed.
    problem: PullProblem
    #: Of a variant that is made here, as what follows.
    bits: int
    mixed: bool
    #: How many inputs it was measured with.
    inputs_done: int
    #: How many there are to be.
    inputs: int
    #: Once it was measured.
    made: Made


class _Model(TypedDict):
    name: str


class Model(_Model, total=False):
    type: Union[str, None]
    format: Literal["onnx", "gguf", "huggingface"]
    #: Of its content. This and what follows from its files is there once they have been
    #: read, as asking for the model alone makes them be.
    hash: str
    #: Of all its files.
    bytes: int
    files: List[ModelFilesItem]
    #: Which of its variants this is.
    variant: str
    #: The preferred one first. NAME:VARIANT names another one, wherever a model is named.
    #: webgpu: the graphs that it has for WebGPU alone.
    variants: List[ModelVariantsItem]
    #: Of ONNX files.
    opset: int
    inputs: List[Value]
    outputs: List[Value]
    takes_picture: bool
    #: Of GGUF files, as what follows.
    title: str
    architecture: str
    quantization: str
    parameters: int
    context_length: int
    embedding_length: int
    #: How many tokens.
    vocabulary: int
    #: Whether it has a template for conversations.
    chat: bool
    #: Of an embedder.
    pooling: str
    #: What it takes in a page.
    memory: Memory
    #: Of a folder: what it can do, the usual one first.
    tasks: List[Task]
    dtype: str
    #: How many it tells apart.
    labels: int
    #: What a folder's files ask for, and its model is answered without: at most 64, a long
    #: value left out. See webinfer-inputs(7), Settings of folders.
    ignored_settings: List[ModelIgnoredSettingsItem]
    #: How right platforms compute it.
    numerics: ModelNumerics
    #: For the operator, such as that its weights are slow in WebAssembly.
    warnings: List[str]
    builtin: bool
    #: Which nodes have it, and what they tell of it: of a list where there are many, 10 of
    #: them.
    loaded: List[Loaded]
    #: Of a list: how many others have it.
    loaded_more: int
    #: Why it cannot be read.
    problem: str
    #: When a request last used it, in seconds since 1970, as far as is known; null for
    #: never.
    last_used_at: Union[int, None]
    #: Where it was pulled from.
    source: Source
    #: Of one that was pulled or uploaded, the latest first.
    versions: List[Version]
    #: Under which CIDs it, or a variant of it, is published.
    published: List[Pin]
    #: While one of this name is under way.
    pulling: Pull
    #: For OpenAI's clients, as what follows.
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class StatusNumerics(TypedDict):
    """How many verdicts there are, and how runs beside the clients' path have ended."""

    mode: Literal["check", "off"]
    verdicts: Dict[str, int]
    probes: Dict[str, int]


class StatusCrossChecks(TypedDict):
    """Answers of nodes that joined, computed again by browsers of the service: what waits for it, and how the others have ended."""

    waiting: int
    bytes: int
    agreed: int
    wrong: int
    suspected: int
    disputed: int
    unable: int
    dropped: int


class _Quarantined(TypedDict):
    #: For DELETE /v1/admin/quarantine.
    id: str
    #: What its id was.
    node: str
    #: The node token that it came with, by its name.
    token: Union[str, None]
    #: The join token that it came with, by its id.
    join: Union[str, None]
    #: What was found, as webinfer-proof(7) has it.
    evidence: Union[str, None]
    #: In milliseconds since 1970.
    since: int
    #: Likewise; null: it is refused until this is lifted.
    until: Union[int, None]


class Quarantined(_Quarantined, total=False):
    #: For admins: where it came from; of IPv6 the first 64 bits.
    address: str
    #: For admins: more of it.
    reason: str


class StatusCounters(TypedDict):
    jobs: Dict[str, int]
    sessions: Dict[str, int]
    bridge: Dict[str, int]


class _Status(TypedDict):
    version: str
    uptime_s: float
    #: In milliseconds since 1970.
    started_at: int
    #: Whether a node can take work.
    ready: bool
    #: What keeps new clients from being served.
    problem: Union[str, None]
    api: StatusApi
    #: Where nodes come.
    bridge: StatusBridge
    #: The jobs under way; up to 100 of them one by one, a user's own only.
    queue: StatusQueue
    #: Bytes of memory_budget.
    memory: StatusMemory
    #: Live sound: streams that are not at their end, sound without final text, the largest
    #: lag.
    sound: StatusSound
    #: Queued and running now; the others since the start.
    stored_jobs: StatusStoredJobs
    sessions: List[Session]
    #: The first 100; GET /v1/nodes has all in pages.
    nodes: List[NodeRow]
    #: How many others there are.
    nodes_more: int
    #: The kinds of browsers by name.
    kinds: Dict[str, Kind]
    #: The first 100; GET /v1/models has all in pages.
    models: List[Model]
    #: How many others there are.
    models_more: int
    #: How many verdicts there are, and how runs beside the clients' path have ended.
    numerics: StatusNumerics
    #: Answers of nodes that joined, computed again by browsers of the service: what waits
    #: for it, and how the others have ended.
    cross_checks: StatusCrossChecks
    #: The latest 100, the oldest of them first.
    quarantined: List[Quarantined]
    #: How many others there are.
    quarantined_more: int
    counters: StatusCounters
    #: For the operator.
    warnings: List[str]


class Status(_Status, total=False):
    #: For admins: where the models lie on the daemon's machine.
    models_directory: str


class _NodeLimit(TypedDict):
    #: It gets only what nothing else has room for, or no work that does not prove anything.
    effect: Literal["share", "hold"]
    #: What was found, as webinfer-proof(7) has it; deadlines: it let some pass in a row;
    #: unproven: it has not shown yet that it computes right.
    evidence: str
    #: In milliseconds since 1970.
    since: Union[int, None]
    #: Likewise; null: until it is undone.
    until: Union[int, None]
    #: What ends it.
    undone_by: str


class NodeLimit(_NodeLimit, total=False):
    #: For admins: more of it.
    reason: str


class Conduct(TypedDict):
    #: That ended well, as the next of its last 50 answers.
    ended: int
    #: That ended badly, and well in a browser of the service.
    ending: int
    #: That ended badly, and well at another joined node.
    disputed: int
    #: That were right, as the next of the last 50 that were judged.
    right: int
    #: That could not be judged, by its choice.
    open: int
    #: That differed for a client's input, as long as not ten in a row after them were
    #: right.
    suspicion: int


class _NodePlatformsValue(TypedDict):
    available: bool


class NodePlatformsValue(_NodePlatformsValue, total=False):
    reason: str
    adapter: Adapter


class Engine(TypedDict):
    version: Union[str, None]
    #: How many tasks it runs at a time.
    slots: int
    #: How many that make no text it runs beside those; 0: among those.
    short_slots: int
    #: How many it takes beside both.
    queue: int
    can: List[Literal["continue", "continue_several", "webgpu"]]


class _Node(TypedDict):
    id: str
    #: Null of one that joined.
    session: Union[str, None]
    browser: Union[str, None]
    browser_version: str
    #: It gets no more work.
    draining: bool
    #: Its person wants no more work for it for now.
    paused: bool
    #: It gets no work for now; limits says why.
    held: bool
    #: It has lost its connection, and may come back.
    away: bool
    #: How many are on it.
    attempts: int


class Node(_Node, total=False):
    #: Why it gets less work than others, or none.
    limits: List[NodeLimit]
    #: What was found of its last answers; null: the service started it.
    conduct: Union[Conduct, None]
    #: For admins.
    user_agent: str
    #: In milliseconds since 1970.
    connected_at: int
    cores: int
    memory_gib: float
    cross_origin_isolated: bool
    connected: bool
    busy_since_ms: float
    last_seen_ms: float
    rtt_ms: float
    bytes_in: int
    bytes_out: int
    platforms: Dict[str, NodePlatformsValue]
    #: Those that it has, by name.
    engines: Dict[str, Engine]
    #: What it tells of the models that it has.
    models: List[Any]


class _Tuning(TypedDict):
    kernel: str
    #: The largest sizes of the calls that it holds for, in their order.
    size_class: str
    #: Of the kernel's shader.
    variant: str
    #: How many invocations it has across and down.
    workgroup: List[int]
    #: What a run takes, by the adapter's own clock unless its browser rounds that; 0: there
    #: was nothing to choose.
    ms: float
    #: What it takes without tuning.
    default_ms: float


class Tuning(_Tuning, total=False):
    #: With what follows: at which place it holds.
    browser: str
    browser_version: str
    platform: Platform
    adapter: str
    #: Instead of the place: the node that joined, which has said it of itself.
    node: str


class _Nodes(TypedDict):
    #: Of the page, in the order of their ids.
    nodes: List[Node]
    #: What is after on the next page; null: it is the last.
    next: Union[str, None]
    #: The latest of the nodes that were found wrong, as many as a page has; the oldest of
    #: them first.
    quarantined: List[Quarantined]
    #: How many others there are.
    quarantined_more: int


class Nodes(_Nodes, total=False):
    #: With tuning=yes, at most 1000.
    tuning: List[Tuning]
    #: Likewise: how many others there are.
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


class Moves(TypedDict):
    #: What requests have lost by not running there.
    lost_ms: float
    #: At how much the model is moved there.
    at_ms: float


class _HardwareOption(TypedDict):
    browser: str
    browser_version: str
    joined: bool
    #: A label of the token that its nodes joined with, until the service ends.
    token: Union[str, None]
    platform: Platform
    engine: str
    engine_version: Union[str, None]
    standing: str
    why: str
    chosen: bool
    adapter: Union[Adapter, None]


class HardwareOption(_HardwareOption, total=False):
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


class HardwarePassedOverItem(TypedDict):
    browser: str
    installed: bool
    why: str
    moves: Union[Moves, None]


class _Hardware(TypedDict):
    model_name: str
    model_hash: str
    model_type: Union[str, None]
    decision: Literal["run", "wait", "never"]
    why: str
    would_run: Union[HardwareWouldRun, None]
    preferences: List[str]
    numerics: Literal["check", "off"]
    #: The share of requests that run once more elsewhere.
    exploration: float
    recheck: float
    #: What would run beside the client's path.
    probe: Union[HardwareProbe, None]
    #: The chosen one first, then what is nearest to it.
    options: List[HardwareOption]
    #: Configured kinds without a node.
    passed_over: List[HardwarePassedOverItem]


class Hardware(_Hardware, total=False):
    #: Where it would never run.
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
    #: The models for OpenAI's clients, aliases among them: all of them, or with limit or
    #: after those of the page.
    data: List[OpenaiModel]
    #: Of the page, in the order of their names.
    models: List[Model]
    #: What is after on the next page; null: it is the last.
    next: Union[str, None]
    #: Those under way, and those that have failed.
    pulls: List[Pull]
    #: What lies there and is no model.
    ignored: List[ModelsIgnoredItem]
    ignored_more: int
    #: The other names that the configuration gives to models, each with its model.
    aliases: Dict[str, str]
    #: What is published of models whose names are on the page or would be, also of those
    #: that are not here any more.
    published: List[Pin]
    #: How many bytes a model can have at most: [models] quota, or all of the disk.
    room: Union[int, None]


class PullEventSourcesItem(TypedDict):
    name: str
    bytes: int


class PullEventProblem(TypedDict):
    """Why it has failed."""

    code: Code
    detail: str


class _PullEvent(TypedDict):
    #: The state.
    phase: str
    #: What the model is called here.
    name: str
    #: Resolving: which commit and which files, and room is made. Downloading: each file is
    #: hashed as it comes. Of a variant that is made here it is quantizing and measuring
    #: instead.
    state: Literal["resolving", "downloading", "verifying", "quantizing", "measuring", "publishing", "done", "failed"]
    #: What was asked for.
    model: str
    #: Of what is pulled by its CID: ipfs; of what is made here: empty.
    hub: str
    #: Null as long as it is not known.
    variant: Union[str, None]
    #: Likewise.
    commit: Union[str, None]
    #: What was here already is counted.
    loaded_bytes: int
    total_bytes: int
    #: Over the network since the daemon was started.
    fetched_bytes: int
    #: What an older version had.
    reused_bytes: int
    #: Who has brought how much: the hub, or all sources of what is pulled by its CID.
    sources: List[PullEventSourcesItem]
    files_done: int
    files: int


class PullEvent(_PullEvent, total=False):
    #: Since it began.
    seconds: float
    #: Lately.
    bytes_per_second: int
    #: At that speed.
    seconds_left: float
    #: What the hub has failed at, and when it is tried again.
    retrying: str
    #: Why it has failed.
    problem: PullEventProblem
    #: Of a variant that is made here, as what follows.
    bits: int
    mixed: bool
    #: How many inputs it was measured with.
    inputs_done: int
    #: How many there are to be.
    inputs: int
    #: Once it was measured.
    made: Made


class Order(TypedDict):
    model_name: str
    state: Literal["loading", "unloading"]
    #: Those that were told.
    nodes: List[str]


class _Removed(TypedDict):
    name: str
    state: Literal["removed", "cancelled", "unpublished"]


class Removed(_Removed, total=False):
    freed_bytes: int
    #: The CIDs under which it, or a variant of it, was published until now.
    unpublished: List[str]


class Failure(TypedDict):
    #: Null where it stands for several.
    node: Union[str, None]
    reason: str
    times: int


class SourceError(TypedDict):
    #: Of the source that was sent, counted from 1.
    line: int
    #: Likewise.
    column: int
    message: str


class _Problem(TypedDict):
    #: An address that stands for the code.
    type: str
    title: str
    #: The status that the answer has, or would have had.
    status: int
    #: One of the stable codes.
    code: Code


class Problem(_Problem, total=False):
    """An error, as RFC 9457 has it."""

    #: What was wrong, what is allowed and what to do, in a sentence.
    detail: str
    #: The field of the request that is at fault.
    field: str
    #: What is expected there.
    expected: str
    #: What may be there.
    allowed: str
    #: How often the job was sent to nodes.
    attempts: int
    #: What went wrong there, the same things together; the last may stand for several
    #: others.
    failures: List[Failure]
    #: Of kernel_invalid: what is wrong with the source, at most 20.
    errors: List[SourceError]
    #: The X-Request-Id of the answer.
    request_id: str


class OpenaiErrorValue(TypedDict):
    message: str
    type: Literal["invalid_request_error", "permission_error", "rate_limit_error", "server_error"]
    #: The parameter that is at fault.
    param: Union[str, None]
    #: As of a problem document, but where OpenAI has a name of its own.
    code: str


class OpenaiError(TypedDict):
    """An error, as OpenAI's clients read it."""

    error: OpenaiErrorValue


class AnthropicErrorValue(TypedDict):
    type: Literal["invalid_request_error", "authentication_error", "permission_error", "not_found_error", "request_too_large", "rate_limit_error", "overloaded_error", "api_error"]
    message: str


class AnthropicError(TypedDict):
    """An error, as Anthropic's clients read it."""

    type: Literal["error"]
    error: AnthropicErrorValue
    request_id: Union[str, None]


class _StoredJob(TypedDict):
    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    #: Where it came.
    endpoint: Literal["/v1/infer", "/v1/jobs"]
    priority: int
    #: How often the daemon has begun it.
    runs: int
    #: In milliseconds since 1970, as all times here.
    accepted_at: int
    deadline_at: int


class StoredJob(_StoredJob, total=False):
    model_name: str
    #: Whose it is.
    client: str
    #: What the client called it.
    client_id: str
    node: str
    finished_at: int
    attempts: int
    #: What it waits for, or what went wrong last.
    problem: str
    #: Of one that is done, as its endpoint gives it.
    answer: Any
    #: Of one that has failed.
    error: Union[Problem, OpenaiError, AnthropicError]


class Jobs(TypedDict):
    #: The newest first.
    jobs: List[StoredJob]
    #: What is after on the next page; null: there are no others.
    next: Union[str, None]


class Verb(TypedDict):
    id: str
    state: Literal["draining", "ready", "revoked", "cancelled", "cancelling", "removed", "lifted", "doubted", "forgiven"]
