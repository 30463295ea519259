/* What a simulated node says, apart from its answers. */
#include "config.h"

#include "simulate/simulate.h"

#include <utlist.h>

static void send_text(struct sim_node *node, struct wi_buffer *out)
{
    wi_buffer_puts(out, "}");
    wi_frame_end(out, 0);
    sim_link_send_once(node, 0, out);
}

static void put_capabilities(struct wi_buffer *out, const struct sim_node *node)
{
    wi_buffer_puts(out, "\"capabilities\":{\"browser\":{\"name\":");
    wi_buffer_json_string(out, node->sim->options->browser);
    wi_buffer_puts(out,
        ",\"version\":\"" PACKAGE_VERSION "\",\"user_agent\":\"webinfer-simulate\"},\"cores\":2,"
        "\"memory_gib\":4,\"cross_origin_isolated\":true,\"platforms\":{\"simulated\":{"
        "\"available\":true}},\"engines\":{\"simulator\":\"" PACKAGE_VERSION "\"},"
        "\"parts\":true,\"long_continue\":true,\"engine_info\":{\"builtin\":{\"slots\":16,"
        "\"queue\":1,\"can\":["
        "\"continue\"]},\"ort\":{\"slots\":1,\"queue\":1},\"llama\":{\"slots\":4,\"queue\":1,"
        "\"can\":[\"continue\",\"continue_several\",\"embeddings\"]},\"pipeline\":{\"slots\":4,"
        "\"short_slots\":4,\"queue\":1,\"can\":[\"continue\"]}}}");
}

/* Attempts that are answered, or those that are not. */
static void put_attempts(struct wi_buffer *out, const struct sim_node *node, int answered)
{
    const struct sim_attempt *attempt;
    int first = 1;

    wi_buffer_puts(out, "[");
    DL_FOREACH(node->attempts, attempt)
    {
        if (attempt->answered != answered)
            continue;
        wi_buffer_puts(out, first ? "" : ",");
        wi_buffer_json_string(out, attempt->id);
        first = 0;
    }
    wi_buffer_puts(out, "]");
}

static void put_key(struct wi_buffer *out, const struct sim_attempt *attempt, int *first)
{
    wi_buffer_puts(out, *first ? "" : ",");
    wi_buffer_json_string(out, attempt->id);
    wi_buffer_puts(out, ":");
    *first = 0;
}

/* What each stream makes next. */
static void put_streams(struct wi_buffer *out, const struct sim_node *node)
{
    const struct sim_attempt *attempt;
    int first = 1;

    DL_FOREACH(node->attempts, attempt)
    {
        if (!attempt->stream)
            continue;
        put_key(out, attempt, &first);
        wi_buffer_printf(out, "%llu", (unsigned long long)sim_stream_next(attempt->stream));
    }
}

/* What is wanted next of tensors that come in pieces. */
static void put_pieces(struct wi_buffer *out, const struct sim_node *node)
{
    const struct sim_attempt *attempt;
    int first = 1;

    DL_FOREACH(node->attempts, attempt)
    {
        if (!attempt->in)
            continue;
        put_key(out, attempt, &first);
        wi_buffer_printf(
            out, "{\"tensor\":%zu,\"position\":%zu}", attempt->in->tensor, attempt->in->position);
    }
}

void sim_say_announcement(struct sim_node *node)
{
    struct wi_buffer out = {0};

    sim_message_begin(node, &out, 0, "node_announcement");
    wi_buffer_puts(&out, "\"protocol\":1,\"page_version\":\"" PACKAGE_VERSION "\",");
    if (*node->resume_token) {
        wi_buffer_printf(&out,
            "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":", node->id,
            node->resume_token);
        put_attempts(&out, node, 0);
        wi_buffer_puts(&out, ",\"unacknowledged\":");
        put_attempts(&out, node, 1);
        wi_buffer_puts(&out, ",\"next\":{");
        put_streams(&out, node);
        wi_buffer_puts(&out, "},\"data\":{");
        put_pieces(&out, node);
        wi_buffer_puts(&out, "}},");
    } else {
        wi_buffer_printf(&out, "\"token\":\"%s\",", node->sim->options->token);
    }
    put_capabilities(&out, node);
    send_text(node, &out);
}

void sim_say_heartbeat(struct sim_node *node, const char *reply_to)
{
    struct wi_buffer out = {0};

    sim_message_begin(node, &out, 0, "heartbeat");
    wi_buffer_printf(&out, "\"seq\":%llu,", (unsigned long long)node->sequence);
    if (reply_to) {
        wi_buffer_puts(&out, "\"reply_to\":");
        wi_buffer_json_string(&out, reply_to);
        wi_buffer_puts(&out, ",");
    }
    wi_buffer_puts(&out, "\"busy_since_ms\":0,\"running\":");
    put_attempts(&out, node, 0);
    send_text(node, &out);
}

void sim_say_models(struct sim_node *node)
{
    struct wi_buffer out = {0};

    sim_message_begin(node, &out, 0, "model_status");
    wi_buffer_puts(&out, "\"models\":");
    if (node->models)
        wi_buffer_json(&out, node->models);
    else
        wi_buffer_puts(&out, "[]");
    send_text(node, &out);
}

void sim_say_capabilities(struct sim_node *node)
{
    struct wi_buffer out = {0};

    sim_message_begin(node, &out, 0, "capability_report");
    put_capabilities(&out, node);
    send_text(node, &out);
}

void sim_say_bye(struct sim_node *node)
{
    struct wi_buffer out = {0};

    sim_message_begin(node, &out, 0, "bye");
    wi_buffer_puts(&out, "\"reason\":\"the simulation is over\"");
    send_text(node, &out);
}
