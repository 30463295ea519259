/*
 * A list that is kept as it is sent: the text of each key, in the order of the keys, with commas
 * between. What has changed is noted by its key and printed again before the list is read, so that
 * a reader costs no more than what has changed. Pure.
 */
#ifndef WI_API_HTTP_KEPT_H
#define WI_API_HTTP_KEPT_H

#include "base/blob.h"
#include "base/buffer.h"

/* Appends what the list has of that key: JSON values with commas between; nothing: it has none. It
 * changes no list. */
typedef void wi_kept_print_fn(void *context, const char *key, struct wi_buffer *out);

struct wi_kept_list;
struct wi_kept_list *wi_kept_new(wi_kept_print_fn *print, void *context);
void wi_kept_free(struct wi_kept_list *kept); /* NULL is fine */

/* What the list has of that key is printed again, also where it has nothing of it yet. */
void wi_kept_note(struct wi_kept_list *kept, const char *key);
/* The same of each key of which it has something. */
void wi_kept_note_all(struct wi_kept_list *kept);
/* Prints at most so many of the keys that were noted. How many are left: once it is 0 the list is
 * as all of them say. */
size_t wi_kept_go_on(struct wi_kept_list *kept, size_t most);
/* The list as it was when none was left last: nobody changes it any more, and who needs it longer
 * than to the next call has a reference. */
struct wi_blob *wi_kept_text(const struct wi_kept_list *kept);

#endif
