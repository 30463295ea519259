/* Clients whose requests run alone for a while; see spoilers.h. */
#include "work/job/spoilers.h"

#include "base/table.h"
#include <stddef.h>
#include <string.h>

static size_t row_index(const char *client, const char *model)
{
    const char *name = client ? client : "";
    return (wi_table_hash(name, strlen(name)) ^ wi_table_hash(model, strlen(model))) %
           WI_SPOILERS_ROWS;
}

double wi_spoilers_note(
    struct wi_spoilers *spoilers, const char *client, const char *model, double now)
{
    struct wi_spoilers_row *row = &spoilers->rows[row_index(client, model)];
    if (now < row->until)
        return 0;
    int is_again = row->while_ms > 0 && now < row->until + WI_SPOILERS_GOOD_MS;
    double while_ms = is_again ? 2 * row->while_ms : WI_SPOILERS_FIRST_MS;
    row->while_ms = while_ms < WI_SPOILERS_LONGEST_MS ? while_ms : WI_SPOILERS_LONGEST_MS;
    row->until = now + row->while_ms;
    return row->while_ms;
}

int wi_spoilers_has(
    const struct wi_spoilers *spoilers, const char *client, const char *model, double now)
{
    return now < spoilers->rows[row_index(client, model)].until;
}
