/* Shares of clients in second opinions; see opinions.h. */
#include "work/job/opinions.h"

#include "base/table.h"
#include <string.h>

/* Of so many requests both counts are halved: what is long past weighs less, and none overflows. */
#define REQUESTS_MAX 65536

static struct wi_opinions_row *opinions_row(struct wi_opinions *opinions, const char *client)
{
    const char *name = client ? client : "";
    return &opinions->rows[wi_table_hash(name, strlen(name)) % WI_OPINIONS_ROWS];
}

void wi_opinions_count(struct wi_opinions *opinions, const char *client)
{
    struct wi_opinions_row *row = opinions_row(opinions, client);
    if (++row->requests < REQUESTS_MAX)
        return;
    row->requests /= 2;
    row->spent /= 2;
}

int wi_opinions_take(struct wi_opinions *opinions, const char *client)
{
    struct wi_opinions_row *row = opinions_row(opinions, client);
    uint32_t most = row->requests / WI_OPINIONS_OF;
    if (row->spent >= (most > 0 ? most : 1) || row->open >= WI_OPINIONS_AT_ONCE)
        return 0;
    row->open++;
    return 1;
}

void wi_opinions_end(struct wi_opinions *opinions, const char *client)
{
    struct wi_opinions_row *row = opinions_row(opinions, client);
    row->open--;
    row->spent++;
}

void wi_opinions_excuse(struct wi_opinions *opinions, const char *client)
{
    struct wi_opinions_row *row = opinions_row(opinions, client);
    row->spent -= row->spent > 0;
}
