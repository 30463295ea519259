/*
 * A list that is kept in the form in which it is sent: the text of each key, in the order of the
 * keys, with commas between. Changed keys are noted and printed again before the list is read, so
 * that a read costs no more than the changes. Pure.
 */
#ifndef WI_API_HTTP_KEPT_H
#define WI_API_HTTP_KEPT_H

#include "base/blob.h"
#include "base/buffer.h"

/* Appends the list's text for that key: JSON values with commas between, or nothing if it has none.
 * Must not change a list. */
typedef void wi_kept_print_fn(void *context, const char *key, struct wi_buffer *out);

struct wi_kept_list;
struct wi_kept_list *wi_kept_new(wi_kept_print_fn *print, void *context);
void wi_kept_free(struct wi_kept_list *kept); /* NULL is fine */

/* The text of that key is to be printed again, also if the list has none yet. */
void wi_kept_note(struct wi_kept_list *kept, const char *key);
/* The same for each key that has text. */
void wi_kept_note_all(struct wi_kept_list *kept);
/* Prints at most `most` of the noted keys. Returns how many are left: at 0 the list is up to date.
 */
size_t wi_kept_go_on(struct wi_kept_list *kept, size_t most);
/* The list as it was when no noted key was left last. The blob does not change any more; a caller
 * that needs it beyond the next call takes a reference. */
struct wi_blob *wi_kept_text(const struct wi_kept_list *kept);

#endif
