/* Messages of simulated nodes: how each begins, and how long its bytes are kept. */
#include "simulate/simulate.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>

void sim_message_begin(struct sim_node *node, struct wi_buffer *out, int binary, const char *type)
{
    if (binary)
        wi_buffer_add(out, "\0\0\0\0", 4);
    wi_buffer_printf(out,
        "{\"id\":\"%llu\",\"type\":\"%s\",\"from\":\"%s\",\"timestamp\":%lld,\"data\":{",
        (unsigned long long)++node->sequence, type, node->id, (long long)wi_wall_ms());
}

struct sim_message *sim_message_new(int binary, struct wi_buffer *bytes)
{
    struct sim_message *message = wi_alloc(sizeof *message);

    message->references = 1;
    message->binary = binary;
    message->size = bytes->size;
    message->bytes = wi_buffer_take(bytes);
    return message;
}

void sim_message_unref(struct sim_message *message)
{
    if (!message || --message->references > 0)
        return;
    free(message->bytes);
    free(message);
}
