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
    #: For an assistant.
    tool_calls: List[OpenaiToolCall]
    #: For a tool.
    tool_call_id: str
    #: For an assistant.
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
    #: NAME, or NAME:VARIANT for a variant other than the first.
    model_name: str
    #: A list of tensors {name, datatype, shape, data}; or what a task takes: see Tasks.
    inputs: Union[List[Tensor], List[str], str, Inputs]


class InferRequest(_InferRequest, total=False):
    """The task for a model, its input, and where it runs."""

    #: Overrides the model's own type.
    model_type: Literal["text_embedding", "text_generation", "text2text", "vision", "audio", "multimodal"]
    #: What the model is to do.
    task: Task
    #: auto (the default), webgpu, webnn, webgl, wasm; native, for programs that joined;
    #: simulated, for tests with nodes that compute nothing. If webnn cannot run any part of
    #: a model, another platform runs it; fallbacks says why.
    platform: Union[Literal["auto"], Platform]
    #: Only a browser of this kind.
    browser: str
    #: Only this node.
    node: str
    #: Whether another platform may be tried after one that fails; true by default.
    fallback: bool
    #: The variant, as in NAME:VARIANT. By default, or with auto, it is the first that
    #: webinfer show lists and that fits model_budget: 8 bits, then floats, then 4 bits,
    #: which WASM computes many times slower. If memory runs out, the next smaller one runs,
    #: and fallbacks says so. 16-bit floats and GGUF files do not go to WebGPU without
    #: shader-f16.
    precision: Literal["auto", "fp32", "fp16", "bf16", "int8", "uint8", "int4", "uint4", "q8", "q4", "q4f16", "bnb4"]
    #: The wanted outputs, by name or as {name, parameters: {binary_data}}; all by default.
    outputs: List[Union[str, InferRequestOutputsItem]]
    #: 9 is the most urgent; 5 by default.
    priority: int
    #: The time limit for queueing, loading and running; 60000 by default, 600000 for
    #: streams, generated text and speech recognition.
    timeout_ms: int
    #: Whether the answer comes in parts.
    stream: bool
    #: Whether a stream outlives its connection.
    resumable: bool
    #: How long a stream that has begun may be silent.
    stall_timeout_ms: int
    #: Returned in the answer.
    id: str
    #: {binary_data_output: true} asks for binary outputs.
    parameters: InferRequestParameters
    #: Of the task or model; an unknown one is answered with 400 and its name.
    options: Dict[str, Any]


class _Performance(TypedDict):
    #: Until it was sent to a node.
    queue_ms: float
    #: By the page's clock, like inference_ms.
    load_ms: float
    #: Including upload and read-back.
    inference_ms: float
    #: From the last byte of the body on, including failed attempts.
    total_ms: float
    attempts: int
    #: The model was loaded already.
    warm: bool


class Performance(_Performance, total=False):
    #: How many rows ran together.
    batch: int


class OutputParameters(TypedDict):
    """Instead of data: this many bytes follow the JSON, in the order of the outputs."""

    binary_data_size: int


class _Output(TypedDict):
    name: str
    datatype: Datatype
    shape: List[int]


class Output(_Output, total=False):
    #: Row by row; NaN and infinities are strings.
    data: List[Any]
    #: Instead of data: this many bytes follow the JSON, in the order of the outputs.
    parameters: OutputParameters


class ToolCallFunction(TypedDict, total=False):
    name: str
    arguments: str


class _ToolCall(TypedDict):
    function: ToolCallFunction


class ToolCall(_ToolCall, total=False):
    #: In streams: the call that it continues.
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
    #: The string of options.stop at which it ended.
    stop_sequence: str
    #: The model's reasoning before its answer.
    reasoning: str
    tool_calls: List[ToolCall]
    logprobs: List[Logprob]


class _Usage(TypedDict):
    prompt_tokens: int


class Usage(_Usage, total=False):
    completion_tokens: int
    #: How many tokens of the prompt were known from before.
    cached_tokens: int


class TextResult(TypedDict, total=False):
    """The text that a model has generated."""

    #: Instead of the members above, if more than one answer was asked for.
    choices: List[Choice]
    usage: Usage
    timings: Timings
    text: str
    tokens: List[int]
    finish_reason: Literal["stop", "length", "tool_calls"]
    #: The string of options.stop at which it ended.
    stop_sequence: str
    #: The model's reasoning before its answer.
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
    #: Positions in texts count characters.
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
    #: Instead of fills, for a text with several gaps.
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
    #: With options.timestamps word, the segments are words. With options.details they have
    #: the values that openai/whisper gives; seek is in hundredths of a second.
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
    #: For builtin/count.
    count: int


class Size(TypedDict):
    #: In pixels.
    width: int
    height: int


class Adapter(TypedDict, total=False):
    vendor: str
    architecture: str
    description: str
    #: It computes in software.
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
    #: The platforms that did not work, in the order in which they were given up.
    fallbacks: List[ExecutedOnFallbacksItem]
    #: What is known about the platform's numbers.
    numerics: Literal["ok", "wrong", "unchecked"]
    simulated: bool


class ExecutedOn(_ExecutedOn, total=False):
    #: The build of the engine.
    build: str
    threads: int
    quantization: str


class _InferAnswer(TypedDict):
    performance: Performance
    #: The request's id, or the job's.
    id: str
    model_name: str
    model_type: Union[str, None]
    #: Tensors.
    outputs: List[Output]
    #: Where it was really computed.
    executed_on: ExecutedOn


class InferAnswer(_InferAnswer, total=False):
    """The answer of a model to a request."""

    #: The result of the task: labels with probabilities, text and so on.
    result: Result


class _StreamPart(TypedDict):
    #: Counts from 0; the id of the event.
    seq: int
    #: The answer that it belongs to, if there are several.
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
    #: A part of total_ms and of no other time.
    waited_for_client_ms: float
    #: Until it was sent to a node.
    queue_ms: float
    #: By the page's clock, like inference_ms.
    load_ms: float
    #: Including upload and read-back.
    inference_ms: float
    #: From the last byte of the body on, including failed attempts.
    total_ms: float
    attempts: int
    #: The model was loaded already.
    warm: bool


class StreamPerformance(_StreamPerformance, total=False):
    #: How many rows ran together.
    batch: int


class _StreamDone(TypedDict):
    #: How many there were.
    parts: int
    performance: StreamPerformance
    #: The request's id, or the job's.
    id: str
    model_name: str
    model_type: Union[str, None]
    #: Tensors.
    outputs: List[Output]
    #: Where it was really computed.
    executed_on: ExecutedOn


class StreamDone(_StreamDone, total=False):
    """The answer without what its parts carried."""

    #: The result of the task: labels with probabilities, text and so on.
    result: Result


class Benchmark(TypedDict):
    #: The very first run, including what it compiles.
    first_ms: float
    #: The time of a run, from the bytes of its inputs to those of its outputs, for each of
    #: runs.
    run_ms: List[float]
    #: The same by the GPU's clock: for kernels on webgpu, where the adapter has timestamp-
    #: query.
    gpu_ms: Union[List[float], None]
    #: 0: the model was loaded already.
    load_ms: float
    #: The number of threads that computed, where it is known.
    threads: Union[int, None]
    #: Each of run_ms is the mean of this many runs, one after another.
    repeats: int
    #: The measured resolution of the page's clock. A sample (repeats runs) lasts at least
    #: 20 times as long, and the first at least 4 ms.
    clock_ms: float
    #: Indices, from 0, of the runs during or before which something else was computed
    #: there.
    disturbed: List[int]
    #: SHA-256 of the last run's outputs and result: see below.
    output_hash: str


class StatusApi(TypedDict):
    url: str
    connections: int


class StatusBridge(TypedDict):
    """Where nodes connect."""

    url: str


class _RunningJob(TypedDict):
    age_ms: float
    id: str
    #: The client that it belongs to.
    client: Union[str, None]
    model_name: str
    state: Literal["queued", "running"]
    node: Union[str, None]
    #: Whether the node has confirmed that it has the job.
    accepted: bool
    priority: int
    attempts: int
    #: In milliseconds since 1970.
    accepted_at: int
    timeout_ms: float


class RunningJob(_RunningJob, total=False):
    #: For a stream: the number of parts so far.
    parts: int
    request_id: str
    #: What went wrong with the last attempt.
    problem: str
    #: The id that the client gave it.
    client_id: str


class StatusQueue(TypedDict):
    """The jobs under way. Up to 100 are listed; a user sees only its own."""

    waiting: int
    running: int
    limit: int
    jobs: List[RunningJob]


class StatusMemory(TypedDict):
    """Bytes of memory_budget."""

    used: int
    budget: int


class StatusSound(TypedDict):
    """Live sound: streams that have not ended, sound without final text, and the largest lag."""

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
    #: Of all its processes together.
    memory_bytes: int
    id: str
    #: The kind of browser.
    kind: str
    state: Literal["starting", "ready", "busy", "draining", "broken", "closed"]
    #: The step that it has reached.
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
    #: How long it took to become ready.
    ready_ms: float
    browser_version: str
    #: Switches and preferences of its start that depend on a setting, without values that
    #: may be paths or addresses.
    flags: List[str]
    driver_pid: int
    network: Literal["isolated", "host"]
    node: Union[str, None]


class NodeRow(TypedDict):
    id: str
    #: Null for a joined node.
    session: Union[str, None]
    browser: Union[str, None]
    browser_version: str
    #: It gets no more work.
    draining: bool
    #: Its owner has paused it.
    paused: bool
    #: It gets no work for now; limits says why.
    held: bool
    #: It has lost its connection but may come back.
    away: bool
    #: The number of attempts on it.
    attempts: int


class Kind(TypedDict):
    installed: bool
    problem: Union[str, None]
    #: open: there is a pause after failed starts.
    breaker: Literal["closed", "open", "half-open"]
    #: Failed starts in a row.
    failures: int
    next_start_ms: float
    min: int
    max: int
    #: A browser of this kind is wanted.
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
    """The bytes of all weights, of those that can have fewer bits, and of those that have them; and the number of graph nodes that read these, and of those that keep more bits."""

    weights: int
    quantizable: int
    quantized: int
    nodes: int
    kept: int


class MadeMeasuredCosine(TypedDict):
    """Between the outputs of the variant and of fp32 for the same input."""

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
    #: The number of inputs that it was measured with there.
    inputs: int
    cosine: MadePlaceCosine
    largest_error: Union[float, None]
    #: The median time of its runs.
    run_ms: float
    #: The same for fp32.
    source_run_ms: float


class MadePlace(_MadePlace, total=False):
    #: How much the page's memory grew when it was loaded, but at least the size of its
    #: files. It may need more, if memory that other models had left could be reused.
    memory_bytes: int
    #: The same for fp32, which was loaded after it.
    source_memory_bytes: int


class MadeMeasured(TypedDict):
    #: The number of inputs at the first place. The cosines and the error below also come
    #: from that place.
    inputs: int
    #: How many of them were the model's own samples.
    samples: int
    #: Between the outputs of the variant and of fp32 for the same input.
    cosine: MadeMeasuredCosine
    #: The largest error of one number, as a fraction of the largest number.
    largest_error: Union[float, None]
    #: Where fp32 has its weights: in the graph's file (one) or in separate files
    #: (external), which take less memory in a page.
    source_files: Literal["one", "external"]
    #: Where it was measured: first on WASM, then wherever it was idle.
    places: List[MadePlace]


class _Made(TypedDict):
    #: The hash of the fp32 variant that it was built from.
    of: str
    bits: int
    mixed: bool
    #: Whether it was to be published regardless of its measurements.
    forced: bool
    #: In seconds since 1970.
    made_at: int
    #: The bytes of all weights, of those that can have fewer bits, and of those that have
    #: them; and the number of graph nodes that read these, and of those that keep more
    #: bits.
    counts: MadeCounts
    #: The outputs of its graphs compared with those of fp32.
    measured: MadeMeasured


class Made(_Made, total=False):
    #: The same for the graphs that are for WebGPU only, if it has any; these too are
    #: measured on WASM.
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
    #: In bytes, like all but the last three.
    weights: int
    #: The cache of each conversation.
    kv_per_slot: int
    compute: int
    #: With this many slots of this many tokens of context.
    total: int
    limit: int
    context: int
    slots: int
    #: If false, a request for it gets model_too_large.
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
    #: It is about joined nodes.
    joined: bool
    #: A label, valid until the service ends, of the token whose nodes it is about. Null for
    #: browsers of the service, and for what nodes of two tokens have shown, which counts
    #: for all that join.
    token: Union[str, None]
    platform: Platform
    engine: str
    engine_version: Union[str, None]
    adapter: Union[str, None]
    precision: Union[str, None]
    #: For builtin/kernels; null: all kernels.
    kernel: Union[str, None]
    verdict: Literal["unknown", "trusted", "wrong", "unable", "exempt"]
    #: The error as a fraction of the tolerance.
    error_ratio: float
    detail: Union[str, None]
    #: In milliseconds since 1970.
    checked_at: int
    #: Whether it is about the model, or only about such inputs.
    scope: Literal["model", "input"]
    #: The input that decided it; null: an input of the service.
    input: Union[VerdictInput, None]
    #: How many different inputs were compared.
    sets: int


class ModelNumerics(TypedDict):
    """How accurately platforms compute it."""

    exempt: Union[str, None]
    verdicts: List[Verdict]


class LoadedSlots(TypedDict):
    """For a language model: how many requests it can run at a time, how many it runs now, the tokens that each has room for, and the tokens that are kept."""

    count: int
    busy: int
    context: int
    cached_tokens: int


class LoadedSpeed(TypedDict):
    """Measured with a few tokens outside any request."""

    prompt_ms: float
    token_ms: float


class _Loaded(TypedDict):
    node: str
    hash: str
    platform: str
    #: loading, loaded, failed or evicted.
    state: str


class Loaded(_Loaded, total=False):
    #: Including what is kept of earlier computations.
    bytes: int
    error: str
    #: For a language model: how many requests it can run at a time, how many it runs now,
    #: the tokens that each has room for, and the tokens that are kept.
    slots: LoadedSlots
    #: Measured with a few tokens outside any request.
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
    #: The name under which it was published, with or without a variant.
    name: str
    #: ipfs://CID is exactly the model as it was published.
    cid: str
    #: Of all its files.
    bytes: int
    #: Whether its files have changed since it was published; they are then not served under
    #: this CID.
    stale: bool
    #: The version that is kept for it; null for a folder that was added by hand.
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
    #: The model's name here.
    name: str
    #: resolving: the commit and the files are determined, and room is made. downloading:
    #: each file is hashed as it arrives. verifying: the last bytes are hashed. quantizing
    #: and measuring, instead of these, for a variant built locally. publishing: the files
    #: get their final names. done or failed: the end.
    state: Literal["resolving", "downloading", "verifying", "quantizing", "measuring", "publishing", "done", "failed"]
    #: The model that was asked for.
    model: str
    #: For a pull by CID: ipfs; for a variant built locally: empty.
    hub: str
    #: Null until it is known.
    variant: Union[str, None]
    #: Likewise.
    commit: Union[str, None]
    #: Including what was here already.
    loaded_bytes: int
    total_bytes: int
    #: Over the network since the daemon was started.
    fetched_bytes: int
    #: Taken from an older version.
    reused_bytes: int
    #: The bytes from each source: the hub, or all sources of a pull by CID.
    sources: List[PullSourcesItem]
    files_done: int
    files: int


class Pull(_Pull, total=False):
    #: Since the pull began.
    seconds: float
    #: The recent speed.
    bytes_per_second: int
    #: At that speed.
    seconds_left: float
    #: The hub's failure, and when the pull is tried again.
    retrying: str
    #: Why it has failed.
    problem: PullProblem
    #: For a variant built locally, like the members below.
    bits: int
    mixed: bool
    #: How many inputs it was measured with.
    inputs_done: int
    #: How many inputs it will be measured with.
    inputs: int
    #: Once it has been measured.
    made: Made


class _Model(TypedDict):
    name: str


class Model(_Model, total=False):
    type: Union[str, None]
    format: Literal["onnx", "gguf", "huggingface"]
    #: Of its content. This and other members that depend on its files are there once the
    #: files have been read; a request for this one model reads them.
    hash: str
    #: Of all its files.
    bytes: int
    files: List[ModelFilesItem]
    #: Which of its variants this is.
    variant: str
    #: The preferred one first. NAME:VARIANT selects another one, wherever a model is named.
    #: webgpu: graphs that are for WebGPU only.
    variants: List[ModelVariantsItem]
    #: For ONNX files.
    opset: int
    inputs: List[Value]
    outputs: List[Value]
    takes_picture: bool
    #: For GGUF files, like the members below.
    title: str
    architecture: str
    quantization: str
    parameters: int
    context_length: int
    embedding_length: int
    #: The number of tokens.
    vocabulary: int
    #: Whether it has a template for conversations.
    chat: bool
    #: For an embedder.
    pooling: str
    #: The memory that it needs in a page.
    memory: Memory
    #: For a folder: what it can do, the default first.
    tasks: List[Task]
    dtype: str
    #: The number of labels.
    labels: int
    #: Settings in a folder's files that are not applied: at most 64, without long values.
    #: See webinfer-inputs(7), Settings of folders.
    ignored_settings: List[ModelIgnoredSettingsItem]
    #: How accurately platforms compute it.
    numerics: ModelNumerics
    #: For the operator, for example that its weights are slow in WebAssembly.
    warnings: List[str]
    builtin: bool
    #: The nodes that have it, and what they report about it; in long lists only 10 nodes.
    loaded: List[Loaded]
    #: In a list: how many other nodes have it.
    loaded_more: int
    #: Why it cannot be read.
    problem: str
    #: When a request last used it, in seconds since 1970, as far as known; null: never.
    last_used_at: Union[int, None]
    #: Where it was pulled from.
    source: Source
    #: For a pulled or uploaded model, the latest first.
    versions: List[Version]
    #: The CIDs under which it, or a variant of it, is published.
    published: List[Pin]
    #: While a pull of this name is under way.
    pulling: Pull
    #: For OpenAI's clients, like the members below.
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class StatusNumerics(TypedDict):
    """How many verdicts there are, and how probes, which run outside clients' requests, have ended."""

    mode: Literal["check", "off"]
    verdicts: Dict[str, int]
    probes: Dict[str, int]


class StatusCrossChecks(TypedDict):
    """Answers of joined nodes that browsers of the service compute again: those that wait, and how the others have ended."""

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
    #: The id that it had.
    node: str
    #: The name of the node token that it came with.
    token: Union[str, None]
    #: The id of the join token that it came with.
    join: Union[str, None]
    #: The evidence, as in webinfer-proof(7).
    evidence: Union[str, None]
    #: In milliseconds since 1970.
    since: int
    #: In milliseconds since 1970; null: it is refused until this is lifted.
    until: Union[int, None]


class Quarantined(_Quarantined, total=False):
    #: For admins: the address that it came from; for IPv6 the first 64 bits.
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
    #: In milliseconds since 1970.
    started_at: int
    #: Whether a node can take work.
    ready: bool
    #: Why new clients cannot be served.
    problem: Union[str, None]
    api: StatusApi
    #: Where nodes connect.
    bridge: StatusBridge
    #: The jobs under way. Up to 100 are listed; a user sees only its own.
    queue: StatusQueue
    #: Bytes of memory_budget.
    memory: StatusMemory
    #: Live sound: streams that have not ended, sound without final text, and the largest
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
    #: How many verdicts there are, and how probes, which run outside clients' requests,
    #: have ended.
    numerics: StatusNumerics
    #: Answers of joined nodes that browsers of the service compute again: those that wait,
    #: and how the others have ended.
    cross_checks: StatusCrossChecks
    #: The latest 100, the oldest of them first.
    quarantined: List[Quarantined]
    #: How many others there are.
    quarantined_more: int
    counters: StatusCounters
    #: For the operator.
    warnings: List[str]


class Status(_Status, total=False):
    #: For admins: the folder of the models on the daemon's machine.
    models_directory: str


class _NodeLimit(TypedDict):
    #: share: it gets only work that nothing else has room for. hold: it gets no work except
    #: proofs.
    effect: Literal["share", "hold"]
    #: The evidence, as in webinfer-proof(7); or deadlines: it let several deadlines pass in
    #: a row; or unproven: it has not yet proved that it computes right.
    evidence: str
    #: In milliseconds since 1970.
    since: Union[int, None]
    #: In milliseconds since 1970; null: until it is undone.
    until: Union[int, None]
    #: What ends it.
    undone_by: str


class NodeLimit(_NodeLimit, total=False):
    #: For admins: the details.
    reason: str


class Conduct(TypedDict):
    #: Of its last 50 answers: how many ended well.
    ended: int
    #: Likewise: how many ended badly, while a browser of the service succeeded.
    ending: int
    #: Likewise: how many ended badly, while another joined node succeeded.
    disputed: int
    #: Of the last 50 answers that were judged: how many were right.
    right: int
    #: Likewise: how many could not be judged, by the node's choice.
    open: int
    #: Likewise: how many differed for a client's input; ten right answers in a row clear
    #: those before them.
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
    #: How many more tasks it runs that make no text; 0: these use the slots, too.
    short_slots: int
    #: How many more tasks it accepts to wait.
    queue: int
    can: List[Literal["continue", "continue_several", "webgpu"]]


class _Node(TypedDict):
    id: str
    #: Null for a joined node.
    session: Union[str, None]
    browser: Union[str, None]
    browser_version: str
    #: It gets no more work.
    draining: bool
    #: Its owner has paused it.
    paused: bool
    #: It gets no work for now; limits says why.
    held: bool
    #: It has lost its connection but may come back.
    away: bool
    #: The number of attempts on it.
    attempts: int


class Node(_Node, total=False):
    #: Why it gets less work than others, or none.
    limits: List[NodeLimit]
    #: A summary of its last answers; null if the service started it.
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
    #: What it reports about its models.
    models: List[Any]


class _Tuning(TypedDict):
    kernel: str
    #: The largest sizes of the calls that it applies to, in their order.
    size_class: str
    #: The variant of the kernel's shader.
    variant: str
    #: Its number of invocations across and down.
    workgroup: List[int]
    #: The time of a run, by the adapter's own clock unless the browser rounds that; 0:
    #: there was nothing to choose.
    ms: float
    #: The time of a run without tuning.
    default_ms: float


class Tuning(_Tuning, total=False):
    #: This and the next three members: the place that it applies to.
    browser: str
    browser_version: str
    platform: Platform
    adapter: str
    #: Instead of the place: the joined node that has reported it about itself.
    node: str


class _Nodes(TypedDict):
    #: The nodes of this page, sorted by id.
    nodes: List[Node]
    #: The value of after for the next page; null on the last page.
    next: Union[str, None]
    #: The latest nodes under quarantine, as many as a page has; the oldest of them first.
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
    #: The time that requests have lost by not running there.
    lost_ms: float
    #: The loss at which the model is moved there.
    at_ms: float


class _HardwareOption(TypedDict):
    browser: str
    browser_version: str
    joined: bool
    #: A label of the token that its nodes joined with, valid until the service ends.
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
    #: How much time any other place may take to find out whether it has become faster, as a
    #: share of the time of the model's runs for clients.
    exploration: float
    recheck: float
    #: The probe that would run outside the client's request.
    probe: Union[HardwareProbe, None]
    #: The chosen one first, then those closest to it.
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
    #: The models for OpenAI's clients, including aliases: all of them, or those of the page
    #: if limit or after is given.
    data: List[OpenaiModel]
    #: The models of this page, sorted by name.
    models: List[Model]
    #: The value of after for the next page; null on the last page.
    next: Union[str, None]
    #: Those under way, and those that have failed.
    pulls: List[Pull]
    #: Files and folders there that are not models.
    ignored: List[ModelsIgnoredItem]
    ignored_more: int
    #: The other names that the configuration gives to models, each with its model.
    aliases: Dict[str, str]
    #: The published models whose names are on the page or would be, including those that
    #: are no longer here.
    published: List[Pin]
    #: The most bytes that a model can have: [models] quota, or the whole disk.
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
    #: The model's name here.
    name: str
    #: resolving: the commit and the files are determined, and room is made. downloading:
    #: each file is hashed as it arrives. verifying: the last bytes are hashed. quantizing
    #: and measuring, instead of these, for a variant built locally. publishing: the files
    #: get their final names. done or failed: the end.
    state: Literal["resolving", "downloading", "verifying", "quantizing", "measuring", "publishing", "done", "failed"]
    #: The model that was asked for.
    model: str
    #: For a pull by CID: ipfs; for a variant built locally: empty.
    hub: str
    #: Null until it is known.
    variant: Union[str, None]
    #: Likewise.
    commit: Union[str, None]
    #: Including what was here already.
    loaded_bytes: int
    total_bytes: int
    #: Over the network since the daemon was started.
    fetched_bytes: int
    #: Taken from an older version.
    reused_bytes: int
    #: The bytes from each source: the hub, or all sources of a pull by CID.
    sources: List[PullEventSourcesItem]
    files_done: int
    files: int


class PullEvent(_PullEvent, total=False):
    #: Since the pull began.
    seconds: float
    #: The recent speed.
    bytes_per_second: int
    #: At that speed.
    seconds_left: float
    #: The hub's failure, and when the pull is tried again.
    retrying: str
    #: Why it has failed.
    problem: PullEventProblem
    #: For a variant built locally, like the members below.
    bits: int
    mixed: bool
    #: How many inputs it was measured with.
    inputs_done: int
    #: How many inputs it will be measured with.
    inputs: int
    #: Once it has been measured.
    made: Made


class Order(TypedDict):
    model_name: str
    state: Literal["loading", "unloading"]
    #: The nodes that were told.
    nodes: List[str]


class _Removed(TypedDict):
    name: str
    state: Literal["removed", "cancelled", "unpublished"]


class Removed(_Removed, total=False):
    freed_bytes: int
    #: The CIDs under which it, or a variant of it, was published until now.
    unpublished: List[str]


class Failure(TypedDict):
    #: Null if the entry covers several nodes.
    node: Union[str, None]
    reason: str
    times: int


class SourceError(TypedDict):
    #: In the source that was sent, counted from 1.
    line: int
    #: Likewise.
    column: int
    message: str


class _Problem(TypedDict):
    #: A URI that identifies the code.
    type: str
    title: str
    #: The HTTP status that the answer has, or would have had.
    status: int
    #: One of the stable codes.
    code: Code


class Problem(_Problem, total=False):
    """An error in the format of RFC 9457."""

    #: One sentence: what was wrong, what is allowed and what to do.
    detail: str
    #: The field of the request that is at fault.
    field: str
    #: What is expected there.
    expected: str
    #: What may be there.
    allowed: str
    #: How often the job was sent to nodes.
    attempts: int
    #: What went wrong there, with equal failures grouped; the last entry may cover several
    #: others.
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
    #: The code of a problem document, unless OpenAI has its own name for it.
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
    #: The endpoint that received it.
    endpoint: Literal["/v1/infer", "/v1/jobs"]
    priority: int
    #: How often the daemon has started it.
    runs: int
    #: In milliseconds since 1970, as all times here.
    accepted_at: int
    deadline_at: int


class StoredJob(_StoredJob, total=False):
    model_name: str
    #: The client that it belongs to.
    client: str
    #: The id that the client gave it.
    client_id: str
    node: str
    finished_at: int
    attempts: int
    #: What it waits for, or what went wrong last.
    problem: str
    #: For a job that is done: the answer, in the form of its endpoint.
    answer: Any
    #: For a job that has failed.
    error: Union[Problem, OpenaiError, AnthropicError]


class Jobs(TypedDict):
    #: The newest first.
    jobs: List[StoredJob]
    #: The value of after for the next page; null if there is none.
    next: Union[str, None]


class Verb(TypedDict):
    id: str
    state: Literal["draining", "ready", "revoked", "cancelled", "cancelling", "removed", "lifted", "doubted", "forgiven"]
