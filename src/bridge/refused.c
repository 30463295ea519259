/* Ends the attempts whose answers cannot be read; see refused.h. */
#include "bridge/refused.h"
#include "base/log.h"
#include "bridge/node.h"
#include "bridge/text.h"
#include <string.h>

/* Which attempt a message answers stands near its start. */
#define LOOK 4096
/* So many messages in a row that nobody can tell, before one of the unacknowledged is given up. */
#define UNTOLD_MAX 2

/* --- which attempt it was -------------------------------------------------------------------- */

static size_t skip_space(const char *text, size_t size, size_t at)
{
    while (at < size && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n'))
        at++;
    return at;
}

/* The string at `at`, behind a colon; 0, or -1 if there is none, or one that no id of ours is. */
static int read_value(const char *text, size_t size, size_t at, char *out, size_t room)
{
    at = skip_space(text, size, at);
    if (at >= size || text[at] != ':')
        return -1;
    at = skip_space(text, size, at + 1);
    if (at >= size || text[at] != '"')
        return -1;
    const char *start = text + at + 1, *end = memchr(start, '"', size - at - 1);
    if (!end || (size_t)(end - start) >= room || memchr(start, '\\', (size_t)(end - start)))
        return -1;
    memcpy(out, start, (size_t)(end - start));
    out[end - start] = '\0';
    return 0;
}

/* The first member of that name, wherever it is. The JSON may be cut off or no JSON: what is found
 * is only used where it names an attempt of the node's own. */
static int find_member(
    const char *text, size_t size, const char *quoted_name, char *out, size_t room)
{
    size_t length = strlen(quoted_name);
    const char *found = text;
    while ((found = memmem(found, size - (size_t)(found - text), quoted_name, length)) != NULL) {
        if ((found == text || found[-1] != '\\') &&
            read_value(text, size, (size_t)(found - text) + length, out, room) == 0)
            return 0;
        found += length;
    }
    return -1;
}

void wi_refused_tell(const void *message, size_t size, int binary, struct wi_told *told)
{
    const char *bytes = message;
    char type[WI_FRAME_ID_MAX + 1];
    uint32_t length;
    *told = (struct wi_told){0};
    if (binary) {
        if (size < sizeof length)
            return;
        memcpy(&length, bytes, sizeof length);
        told->head = le32toh(length);
        bytes += sizeof length;
        size -= sizeof length;
        size = size < told->head ? size : told->head;
    }
    size = size < LOOK ? size : LOOK;
    if (find_member(bytes, size, "\"type\"", type, sizeof type) ||
        (strcmp(type, "task_response") != 0 && strcmp(type, "task_outline") != 0 &&
            strcmp(type, "task_data") != 0) ||
        find_member(bytes, size, "\"attempt_id\"", told->attempt, sizeof told->attempt))
        told->attempt[0] = '\0';
}

/* --- its end --------------------------------------------------------------------------------- */

static void end_attempt(
    struct wi_node *node, struct wi_attempt *attempt, int too_large, const char *why)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_answer answer = {.retryable = !too_large};
    char id[WI_FRAME_ID_MAX + 1];
    memcpy(id, attempt->id, sizeof id);
    if (too_large)
        wi_error_set(&answer.error, WI_ANSWER_TOO_LARGE, NULL,
            "the answer of node %s is too large to be taken: %s; ask for fewer or smaller outputs",
            node->info.id, why);
    else
        wi_error_set(&answer.error, WI_INFERENCE_FAILED, NULL,
            "the answer of node %s cannot be read: %s", node->info.id, why);
    bridge->counters.bad_answers++;
    wi_log_limited(&bridge->bad_answers, WI_LOG_WARN, "bridge", node->info.id,
        "an answer of this node is not used: %s", why);
    wi_node_remove_attempt(node, attempt);
    bridge->events.on_answer(bridge->events.context, node->info.id, id, &answer);
}

void wi_refuse_message(struct wi_node *node, enum wi_close code, const char *why, const void *bytes,
    size_t size, int binary)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_told told;
    char id[WI_ID_SIZE];
    memcpy(id, node->info.id, sizeof id);
    wi_refused_tell(bytes, size, binary, &told);
    /* First: what the end leads to must not be sent over this link. */
    wi_node_fail(node, code, why);
    node = bridge->closed ? NULL : wi_node_find(bridge, id);
    if (!node)
        return;
    struct wi_attempt *attempt = wi_node_find_attempt(node, told.attempt);
    int too_large = code == WI_CLOSE_TOO_BIG || told.head > WI_FRAME_HEAD_MAX;
    if (attempt) {
        end_attempt(node, attempt, too_large, why);
        return;
    }
    node->untold++;
    node->untold_large = code == WI_CLOSE_TOO_BIG;
    wi_text_printable(node->untold_why, sizeof node->untold_why, why);
}

void wi_refused_resume(struct wi_node *node, const json_t *unacknowledged)
{
    if (node->untold < UNTOLD_MAX)
        return;
    for (size_t i = 0; i < json_array_size(unacknowledged); i++) {
        const char *id = json_string_value(json_array_get(unacknowledged, i));
        struct wi_attempt *attempt = id ? wi_node_find_attempt(node, id) : NULL;
        if (!attempt)
            continue;
        end_attempt(node, attempt, node->untold_large, node->untold_why);
        return;
    }
}
