/* The output of models in our own dialect: answers, their results by task, and streams. */
#include "wire/describe/schemas.h"

#include "terms/task/task_table.h"

/* --- an answer ------------------------------------------------------------------------------- */

static const struct wi_member answer_head[] = {
    {"id", "string", "The request's id, or the job's."},
    {"model_name", "string", NULL},
    {"model_type", "string|null", NULL},
    {"outputs", "[Output]", "Tensors."},
    {"result?", "Result", "The result of the task: labels with probabilities, text and so on."},
    {"executed_on", "ExecutedOn", "Where it was really computed."},
};
static const struct wi_member times[] = {
    {"queue_ms", "number", "Until it was sent to a node."},
    {"load_ms", "number", "By the page's clock, like inference_ms."},
    {"inference_ms", "number", "Including upload and read-back."},
    {"total_ms", "number", "From the last byte of the body on, including failed attempts."},
    {"attempts", "integer", NULL},
    {"batch?", "integer", "How many rows ran together."},
    {"warm", "boolean", "The model was loaded already."},
};

static const struct wi_member infer_answer[] = {
    {"performance", "Performance", NULL},
};
static const struct wi_member compute_answer[] = {
    {"id", "string", "The request's id, or the job's."},
    {"kernel", "string|null", "Null if the request brought a source."},
    {"outputs", "[Output]", NULL},
    {"executed_on", "ExecutedOn", "Where it was really computed."},
    {"performance", "ComputePerformance", NULL},
};
static const struct wi_member compute_performance[] = {
    {"gpu_ms", "number|null",
        "The time of the kernel alone, by the GPU's clock; null if there is no such clock. On "
        "webgpu it needs an adapter with timestamp-query."},
};
static const struct wi_member benchmark_answer[] = {
    {"id", "string", "The request's id, or the job's."},
    {"model_name?", "string", NULL},
    {"model_type?", "string|null", NULL},
    {"kernel?", "string", "Instead of the two members above."},
    {"outputs", "[Output]", "Of the last run."},
    {"result", "Benchmark", NULL},
    {"executed_on", "ExecutedOn", "Where it was really computed."},
    {"performance", "Performance", "inference_ms is the time of all runs together."},
};
static const struct wi_member benchmark[] = {
    {"first_ms", "number", "The very first run, including what it compiles."},
    {"run_ms", "[number]",
        "The time of a run, from the bytes of its inputs to those of its outputs, for each of "
        "runs."},
    {"gpu_ms", "[number]|null",
        "The same by the GPU's clock: for kernels on webgpu, where the adapter has "
        "timestamp-query."},
    {"load_ms", "number", "0: the model was loaded already."},
    {"threads", "integer|null", "The number of threads that computed, where it is known."},
    {"repeats", "integer", "Each of run_ms is the mean of this many runs, one after another."},
    {"clock_ms", "number",
        "The measured resolution of the page's clock. A sample (repeats runs) lasts at least 20 "
        "times as long, and the first at least 4 ms."},
    {"disturbed", "[integer]",
        "Indices, from 0, of the runs during or before which something else was computed there."},
    {"output_hash", "string", "SHA-256 of the last run's outputs and result: see below."},
};
static const struct wi_member output[] = {
    {"name", "string", NULL},
    {"datatype", "Datatype", NULL},
    {"shape", "[integer]", NULL},
    {"data?", "[any]", "Row by row; NaN and infinities are strings."},
    {"parameters?", "(binary_data_size integer)",
        "Instead of data: this many bytes follow the JSON, in the order of the outputs."},
};
static const struct wi_member executed_on[] = {
    {"node", "string|null", NULL},
    {"browser", "string|null", NULL},
    {"browser_version", "string|null", NULL},
    {"platform", "string|null", NULL},
    {"engine", "string|null", NULL},
    {"build?", "string", "The build of the engine."},
    {"threads?", "integer", NULL},
    {"precision", "string|null", "The precision of the weights."},
    {"quantization?", "string", NULL},
    {"adapter", "Adapter|null", NULL},
    {"fallbacks", "[(platform string, code string, reason string)]",
        "The platforms that did not work, in the order in which they were given up."},
    {"numerics", "'ok'|'wrong'|'unchecked'", "What is known about the platform's numbers."},
    {"simulated", "boolean", NULL},
};
/* --- as a stream ----------------------------------------------------------------------------- */

static const struct wi_member part[] = {
    {"seq", "integer", "Counts from 0; the id of the event."},
    {"index", "integer", "The answer that it belongs to, if there are several."},
    {"text?", "string", NULL},
    {"tokens?", "[integer]", NULL},
    {"result?", "Result", NULL},
};
static const struct wi_member progress[] = {
    {"phase", "string", "Such as queued or loading."},
    {"loaded_bytes?", "integer", NULL},
    {"total_bytes?", "integer", NULL},
    {"done?", "number", NULL},
    {"total?", "number", NULL},
    {"queue_position?", "integer", "An estimate, from 1."},
};
static const struct wi_member done[] = {
    {"parts", "integer", "How many there were."},
    {"performance", "StreamPerformance", NULL},
};
static const struct wi_member stream_performance[] = {
    {"first_part_ms", "number", NULL},
    {"waited_for_client_ms", "number", "A part of total_ms and of no other time."},
};

/* --- results --------------------------------------------------------------------------------- */

static const struct wi_member choice_members[] = {
    {"text?", "string", NULL},
    {"tokens?", "[integer]", NULL},
    {"finish_reason?", "'stop'|'length'|'tool_calls'", NULL},
    {"stop_sequence?", "string", "The string of options.stop at which it ended."},
    {"reasoning?", "string", "The model's reasoning before its answer."},
    {"tool_calls?", "[ToolCall]", NULL},
    {"logprobs?", "[Logprob]", NULL},
};

static const struct wi_member text_result[] = {
    {"choices?", "[Choice]",
        "Instead of the members above, if more than one answer was asked for."},
    {"usage?", "Usage", NULL},
    {"timings?", "Timings", NULL},
};
static const struct wi_member choice[] = {
    {"index", "integer", NULL},
};
static const struct wi_member usage[] = {
    {"prompt_tokens", "integer", NULL},
    {"completion_tokens?", "integer", NULL},
    {"cached_tokens?", "integer", "How many tokens of the prompt were known from before."},
};
static const struct wi_member tool_call[] = {
    {"index?", "integer", "In streams: the call that it continues."},
    {"id?", "string", NULL},
    {"type?", "'function'", NULL},
    {"function", "(name? string, arguments? string)", NULL},
};
static const struct wi_member logprob[] = {
    {"token", "string", NULL},
    {"id?", "integer", NULL},
    {"logprob", "number", NULL},
    {"bytes?", "[integer]|null", NULL},
    {"top_logprobs?", "[Logprob]", NULL},
};
static const struct wi_member scores[] = {
    {"scores", "[number]", "One for each document."},
    {"usage?", "Usage", NULL},
};
static const struct wi_member tokens[] = {
    {"tokens", "[integer]", NULL},
};
static const struct wi_member size[] = {
    {"width", "integer", "In pixels."},
    {"height", "integer", NULL},
};
static const struct wi_member counted[] = {
    {"count", "integer", "For builtin/count."},
};
static const struct wi_member used[] = {
    {"usage", "Usage", NULL},
};
static const struct wi_member labels[] = {
    {"labels", "[(" WI_LABEL_MEMBERS ")]", "The best first."},
    {"usage?", "Usage", NULL},
};
static const struct wi_member entities[] = {
    {"entities", "[(" WI_ENTITY_MEMBERS ")]", "Positions in texts count characters."},
    {"usage?", "Usage", NULL},
};
static const struct wi_member fills[] = {
    {"fills?", "[Fill]", NULL},
    {"masks?", "[[Fill]]", "Instead of fills, for a text with several gaps."},
    {"usage?", "Usage", NULL},
};
static const struct wi_member answers[] = {
    {"answers", "[(" WI_ANSWER_MEMBERS ")]", NULL},
    {"usage?", "Usage", NULL},
};
static const struct wi_member boxes[] = {
    {"boxes", "[(" WI_BOX_MEMBERS ")]", "In pixels of the picture as it was sent."},
};
static const struct wi_member segments[] = {
    {"segments", "[(" WI_SEGMENT_MEMBERS ")]",
        "A mask is the name of an output, a PNG file with 255 where the segment is."},
};
static const struct wi_member transcript[] = {
    {"text?", "string", NULL},
    {"duration?", "number", "In seconds, as all times here."},
    {"language?", "string", NULL},
    {"segments?", "[(" WI_SPOKEN_MEMBERS ", " WI_SPOKEN_DETAILS ")]",
        "With options.timestamps word, the segments are words. With options.details they have the "
        "values that openai/whisper gives; seek is in hundredths of a second."},
    {"words?", "[(" WI_SPOKEN_MEMBERS ")]", "With options.timestamps both."},
};
static const struct wi_member speech[] = {
    {"sampling_rate", "integer", NULL},
    {"duration", "number", NULL},
};
static const struct wi_member results[] = {
    {"results", "[Labels|Entities|Fills|Answers]", "One for each of several texts."},
    {"usage?", "Usage", NULL},
};

const struct wi_schema wi_result_schemas[] = {
    WI_SCHEMA("AnswerHead", answer_head),
    WI_SCHEMA("InferAnswer", infer_answer, .also = "AnswerHead",
        .help = "The answer of a model to a request."),
    WI_SCHEMA("ComputeAnswer", compute_answer, .help = "The answer of a kernel."),
    WI_SCHEMA("BenchmarkAnswer", benchmark_answer, .help = "The measurements."),
    WI_SCHEMA("Benchmark", benchmark),
    WI_SCHEMA("Output", output),
    {.name = "Datatype",
        .is = "'BOOL'|'UINT8'|'UINT16'|'UINT32'|'UINT64'|'INT8'|'INT16'|'INT32'|'INT64'|'FP16'|"
              "'FP32'|'FP64'|'BF16'|'BYTES'"},
    WI_SCHEMA("ExecutedOn", executed_on),
    WI_SCHEMA("Performance", times),
    WI_SCHEMA("ComputePerformance", compute_performance, .also = "Performance"),
    WI_SCHEMA("StreamPart", part, .help = "A part of an answer, in order and each once."),
    WI_SCHEMA("StreamProgress", progress),
    WI_SCHEMA("StreamDone", done, .also = "AnswerHead",
        .help = "The answer without what its parts carried."),
    WI_SCHEMA("StreamPerformance", stream_performance, .also = "Performance"),
    {.name = "Result",
        .is = "TextResult|Scores|TokenList|Labels|Entities|Fills|Answers|Boxes|Segments|Transcript|"
              "SpeechResult|Results|Used|Counted|Size"},
    WI_SCHEMA("Text", choice_members),
    WI_SCHEMA(
        "TextResult", text_result, .also = "Text", .help = "The text that a model has generated."),
    WI_SCHEMA("Choice", choice, .also = "Text"),
    WI_SCHEMA("Usage", usage),
    {.name = "Timings",
        .is = "{number}",
        .help =
            "As in llama-server: the tokens that were read and generated, and how long that took."},
    WI_SCHEMA("ToolCall", tool_call),
    WI_SCHEMA("Logprob", logprob),
    WI_SCHEMA("Scores", scores),
    WI_SCHEMA("TokenList", tokens),
    WI_SCHEMA("Used", used),
    WI_SCHEMA("Counted", counted),
    WI_SCHEMA("Size", size),
    WI_SCHEMA("Labels", labels),
    WI_SCHEMA("Entities", entities),
    WI_SCHEMA("Fills", fills),
    {.name = "Fill", .is = "(" WI_FILL_MEMBERS ")"},
    WI_SCHEMA("Answers", answers),
    WI_SCHEMA("Boxes", boxes),
    WI_SCHEMA("Segments", segments),
    WI_SCHEMA("Transcript", transcript),
    WI_SCHEMA("SpeechResult", speech),
    WI_SCHEMA("Results", results),
    {0},
};
