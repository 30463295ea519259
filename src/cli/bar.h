/* The progress of a pull, as one line of text. Pure: takes the server's JSON, gives text without
 * control characters. */
#ifndef WI_CLI_BAR_H
#define WI_CLI_BAR_H

#include "base/buffer.h"
#include <jansson.h>

/* The share that is loaded, 0 to 1; 0 if the total is unknown. */
double wi_bar_share(const json_t *pull);
/* "downloading [=====> ] 45 % 1.2 of 2.6 GB 35 MB/s 40 s left" in at most `columns`. The bar takes
 * the columns that are left, and is omitted if they are too few. With 0 columns the line is
 * complete but has no bar, for a log. `pull` is an object of GET /v1/models/NAME. */
void wi_bar_line(struct wi_buffer *out, const json_t *pull, unsigned columns);

#endif
