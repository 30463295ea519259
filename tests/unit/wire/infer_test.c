/* What every dialect shares of a request: how long it may take where its client does not say. */
#include "reading.h"

#include "wire/openai/openai.h"

struct row {
    const struct wi_dialect *dialect;
    const char *body;
    enum wi_model_type type; /* of the model */
    double timeout_ms;
};

#define TENSORS "\"inputs\":[{\"name\":\"x\",\"datatype\":\"INT32\",\"shape\":[1],\"data\":[1]}]"
#define SAID "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"

static const struct row rows[] = {
    /* What ends by itself before long. */
    {&wi_dialect_native, "{\"model_name\":\"m\"," TENSORS "}", WI_TYPE_VISION, 60000},
    {&wi_dialect_native, "{\"model_name\":\"m\",\"inputs\":[\"a\"]}", WI_TYPE_TEXT_EMBEDDING,
        60000},
    {&wi_dialect_openai_embeddings, "{\"model\":\"m\",\"input\":\"a\"}", WI_TYPE_TEXT_EMBEDDING,
        60000},
    /* What writes text … */
    {&wi_dialect_native, "{\"model_name\":\"m\",\"inputs\":\"a\"}", WI_TYPE_TEXT_GENERATION,
        600000},
    {&wi_dialect_native, "{\"model_name\":\"m\",\"inputs\":\"a\"}", WI_TYPE_TEXT2TEXT, 600000},
    {&wi_dialect_openai_chat, "{\"model\":\"m\"," SAID "}", WI_TYPE_TEXT_GENERATION, 600000},
    {&wi_dialect_openai_completions, "{\"model\":\"m\",\"prompt\":\"a\"}", WI_TYPE_TEXT_GENERATION,
        600000},
    /* … and every stream. */
    {&wi_dialect_native, "{\"model_name\":\"m\"," TENSORS ",\"stream\":true}", WI_TYPE_VISION,
        600000},
    {&wi_dialect_openai_chat, "{\"model\":\"m\",\"stream\":true," SAID "}", WI_TYPE_TEXT_GENERATION,
        600000},
    /* What the client says holds. */
    {&wi_dialect_native, "{\"model_name\":\"m\",\"inputs\":\"a\",\"stream\":true,\"timeout_ms\":7}",
        WI_TYPE_TEXT_GENERATION, 7},
    {&wi_dialect_native, "{\"model_name\":\"m\"," TENSORS ",\"timeout_ms\":3600000}",
        WI_TYPE_VISION, 3600000},
};

TEST(test_timeouts)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_infer infer;
        struct wi_error error;
        if (parse(rows[i].dialect, &infer, rows[i].body, &error) != WI_OK)
            fail_msg("%s: %s", rows[i].body, error.detail);
        double ms = wi_infer_timeout_ms(&infer, rows[i].type);
        if (ms != rows[i].timeout_ms)
            fail_msg("%s: %.0f ms", rows[i].body, ms);
        wi_infer_clear(&infer);
    }
}
