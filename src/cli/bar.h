/* How far a pull is, as one line of text. Pure: what the server said in, text out, without control
 * characters. */
#ifndef WI_CLI_BAR_H
#define WI_CLI_BAR_H

#include "base/buffer.h"
#include <jansson.h>

/* "950 B", "12.3 MB": powers of ten, as networks and disks are sold. */
void wi_bar_bytes(struct wi_buffer *out, double bytes);
/* The same of a value that is an integer; nothing for others. */
void wi_bar_size(struct wi_buffer *out, const json_t *value);
/* "8 s", "2 min 5 s", "3 h 10 min". */
void wi_bar_seconds(struct wi_buffer *out, double seconds);
/* How much of it is there, 0 to 1; 0 where nobody knows how much there is. */
double wi_bar_share(const json_t *pull);
/* "downloading [=====>     ] 45 %  1.2 of 2.6 GB  35 MB/s  40 s left" in at most `columns`: the bar
 * takes what is left of them, and none where that is too little; with 0 columns all of the line but
 * no bar, for a log. `pull` is an object of GET /v1/models/NAME. */
void wi_bar_line(struct wi_buffer *out, const json_t *pull, unsigned columns);

#endif
