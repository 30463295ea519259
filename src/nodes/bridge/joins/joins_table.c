/* The table of tokens that nodes join with; see joins_private.h. */
#include "nodes/bridge/joins/joins_private.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

struct wi_join *wi_joins_make(struct wi_joins *joins, int is_relay)
{
    struct wi_join *join = wi_alloc(sizeof *join);
    *WI_APPEND(joins->items, joins->count) = join;
    wi_id_new(join->id, "join");
    join->is_relay = is_relay;
    join->least = SIZE_MAX;
    join->reading = wi_reading_token_new(is_relay);
    return join;
}

struct wi_join *wi_joins_find(const struct wi_joins *joins, const char *id)
{
    for (size_t i = 0; i < joins->count; i++)
        if (strcmp(joins->items[i]->id, id) == 0)
            return joins->items[i];
    return NULL;
}

void wi_joins_drop(struct wi_joins *joins, struct wi_join *join)
{
    size_t i = 0;
    while (joins->items[i] != join)
        i++;
    joins->items[i] = joins->items[--joins->count];
    wi_reading_token_unref(join->reading);
    wi_join_row_clear(&join->row);
    free(join);
}
