/* Shares of clients in second opinions; see opinions.h. */
#include "work/job/opinions.h"

#include "base/memory.h"
#include "base/table.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 1024
/* Of so many requests both counts are halved: what is long past weighs less, and none overflows. */
#define REQUESTS_MAX 65536

struct row {
    uint32_t requests, spent, open;
};

struct wi_opinions {
    struct row rows[ROWS];
};

struct wi_opinions *wi_opinions_new(void)
{
    return wi_alloc(sizeof(struct wi_opinions));
}

void wi_opinions_free(struct wi_opinions *opinions)
{
    free(opinions);
}

static struct row *opinions_row(struct wi_opinions *opinions, const char *client)
{
    const char *name = client ? client : "";
    return &opinions->rows[wi_table_hash(name, strlen(name)) % ROWS];
}

void wi_opinions_count(struct wi_opinions *opinions, const char *client)
{
    struct row *row = opinions_row(opinions, client);
    if (++row->requests < REQUESTS_MAX)
        return;
    row->requests /= 2;
    row->spent /= 2;
}

int wi_opinions_take(struct wi_opinions *opinions, const char *client)
{
    struct row *row = opinions_row(opinions, client);
    uint32_t most = row->requests / WI_OPINIONS_OF;
    if (row->spent >= (most > 0 ? most : 1) || row->open >= WI_OPINIONS_AT_ONCE)
        return 0;
    row->open++;
    return 1;
}

void wi_opinions_end(struct wi_opinions *opinions, const char *client)
{
    struct row *row = opinions_row(opinions, client);
    row->open--;
    row->spent++;
}

void wi_opinions_excuse(struct wi_opinions *opinions, const char *client)
{
    struct row *row = opinions_row(opinions, client);
    row->spent -= row->spent > 0;
}
