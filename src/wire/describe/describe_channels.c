/* The messages of channels, as events; frames have the same members in their data. */
#include "wire/describe/schemas.h"

/* clang-format off */
const struct wi_schema wi_channel_schemas[] = {
    WI_OBJECT("JobCompleted",
        {"type", "'job_completed'", NULL},
        {"jobs", "[ChannelJob]", "The requests that have ended, in this order."},
        {"result?", "ChannelResult|null", "The result of the only job, if it was published."},
        {"timestamp", "integer", "When the message was made, in milliseconds since 1970."}),
    WI_OBJECT("ChannelJob",
        {"id", "string", "The id of the request, or of the job."},
        {"model_name", "string|null", "The model; null if it is not known any more."},
        {"status", "'done'|'failed'|'cancelled'", NULL},
        {"performance", "Performance|StreamPerformance|ComputePerformance|(total_ms number)",
            "As in the answer to the request; of a request that has no answer, total_ms alone."},
        {"result?", "ChannelResult|null",
            "For a published request: its result, or null if that has more than 64 KiB."}),
    {.name = "ChannelResult",
        .help = "The members of the answer's result, and also: outputs, the tensors of the answer, "
                "without vectors and without tensors that JSON cannot contain; vector, if the "
                "answer has exactly one.",
        .is = "(outputs [Output], vector? [number|string], * any)"},
    WI_OBJECT("VectorBatch",
        {"type", "'vector_batch'", NULL},
        {"model_name", "string", NULL},
        {"count", "integer", "The number of vectors."},
        {"dimensions", "integer", "The numbers of each vector."},
        {"jobs", "[string]", "For each vector, the id of its request, or of its job."},
        {"labels", "[string|null]",
            "For each vector, the first 80 characters of its text; null without a text."},
        {"timestamp", "integer", "When the message was made, in milliseconds since 1970."},
        {"vectors", "[[number|string]]",
            "The vectors; numbers that are not finite are the strings NaN, Infinity and -Infinity."}),
    WI_OBJECT("ChannelMissed",
        {"type", "'missed'", NULL},
        {"channel", "'job_results'|'vector_updates'", NULL},
        {"count", "integer", "How many requests or vectors were not sent at this place."}),
    {0},
};
