/* Printing a stream's last event: at once where it is short, else on another thread. */
#ifndef WI_API_STREAM_END_H
#define WI_API_STREAM_END_H

#include "base/budget.h"
#include "base/work_queue.h"
#include "wire/printing.h"

struct wi_stream_end;

/* The text may be taken. */
typedef void wi_stream_end_fn(void *context, struct wi_buffer *text);
/* Takes the printing over, whose needs have been taken from `budget`. `done` comes once: from
 * inside, and then there is nothing to hold and the result is NULL, or later from the loop. */
struct wi_stream_end *wi_stream_end_print(struct wi_work_queue *heavy, struct wi_budget *budget,
    struct wi_printing *printing, wi_stream_end_fn *done, void *context);
/* `done` will not come. NULL is fine. */
void wi_stream_end_abandon(struct wi_stream_end *end);

#endif
