/* See bar.h. */
#include "cli/bar.h"

#include "cli/text_table.h"
#include <math.h>

#define BAR_MIN 12u /* columns of the smallest useful bar */
#define BAR_MAX 40u

static double pull_number(const json_t *object, const char *name)
{
    double value = json_number_value(json_object_get(object, name));

    return isfinite(value) && value > 0 ? value : 0;
}

double wi_bar_share(const json_t *pull)
{
    double total = pull_number(pull, "total_bytes"), done = pull_number(pull, "loaded_bytes");

    return total <= 0 ? 0 : done < total ? done / total : 1;
}

static void add_figures(struct wi_buffer *out, const json_t *pull)
{
    double total = pull_number(pull, "total_bytes"), rate = pull_number(pull, "bytes_per_second");

    if (total <= 0)
        return;
    wi_buffer_printf(out, " %3.0f %%  ", floor(100 * wi_bar_share(pull)));
    wi_table_fill(out, "{loaded_bytes:B} of {total_bytes:B}", pull);
    if (rate > 0)
        wi_table_fill(out, "  {bytes_per_second:B}/s<  {seconds_left:s} left>", pull);
}

static void add_bar(struct wi_buffer *out, double share, unsigned width)
{
    unsigned inner = width - 3; /* a space and the brackets */
    unsigned full = (unsigned)(share * inner);

    wi_buffer_puts(out, " [");
    for (unsigned i = 0; i < inner; i++)
        wi_buffer_puts(out, i < full ? "=" : i == full && share > 0 ? ">" : " ");
    wi_buffer_puts(out, "]");
}

void wi_bar_line(struct wi_buffer *out, const json_t *pull, unsigned columns)
{
    struct wi_buffer figures = {0}, state = {0};

    wi_table_cell(&state, json_object_get(pull, "state"));
    if (json_is_string(json_object_get(pull, "retrying"))) {
        wi_buffer_puts(&state, ": ");
        wi_table_cell(&state, json_object_get(pull, "retrying"));
    } else {
        add_figures(&figures, pull);
    }
    unsigned used = (unsigned)(state.size + figures.size);
    if (columns == 0)
        columns = used;
    unsigned left = columns > used ? columns - used : 0;
    wi_buffer_add(out, state.text, state.size < columns ? state.size : columns);
    if (figures.size > 0 && left >= BAR_MIN)
        add_bar(out, wi_bar_share(pull), left < BAR_MAX ? left : BAR_MAX);
    if (figures.size > 0 && columns >= used)
        wi_buffer_add(out, figures.text, figures.size);
    wi_buffer_clear(&state);
    wi_buffer_clear(&figures);
}
