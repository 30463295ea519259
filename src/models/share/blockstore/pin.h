/*
 * What is published under a name, and how the published files looked: in memory, and as JSON in
 * D/.content/pins/HEX, where HEX is the SHA-256 of the name, so that a name has one pin and a
 * rename replaces it. What is read is hostile. Blocks, but for what says otherwise.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_PIN_H
#define WI_MODELS_SHARE_BLOCKSTORE_PIN_H

#include "base/secret.h"
#include "models/share/blockstore/blockstore.h"

#define WI_PIN_MAX (1024 * 1024) /* bytes of the JSON */
#define WI_PINS_MAX 10000        /* that are read */

/* Zero-initialise; free with wi_pin_record_clear. */
struct wi_pin_record {
    struct wi_pin pin;
    /* Of each file: what is known to have its SHA-256, and what is known not to (all zero: nothing;
     * that is not written down). */
    struct wi_file_identity *seen, *refused;
};
/* Does not block. The files and the name of the model, without CIDs, origin and time. */
void wi_pin_record_of(struct wi_pin_record *record, const struct wi_model *model);
void wi_pin_record_copy(struct wi_pin_record *to, const struct wi_pin_record *from);
void wi_pin_record_clear(struct wi_pin_record *record);
/* Where its files lie; the caller frees it. Does not block. */
char *wi_pin_folder(const struct wi_pin_record *record, const char *directory);

/* Does not block. The caller frees the text. Public for tests. */
char *wi_pin_print(const struct wi_pin_record *record);
/* Fills an empty record; 0, or -1 and still empty where that is not well-formed. Does not block.
 * Public for tests. */
int wi_pin_parse(const char *text, size_t size, struct wi_pin_record *record);

/* Calls `take` with each pin of the store, which is then the callee's; what is no pin is logged. */
typedef void wi_pin_take_fn(void *context, struct wi_pin_record *record);
void wi_pins_read(const char *directory, wi_pin_take_fn *take, void *context);
/* Writes the pin to disk under a temporary name. WI_OK, WI_NO_ROOM, WI_STORAGE_FAILED or
 * WI_UNAVAILABLE. */
enum wi_code wi_pin_stage(const char *directory, const struct wi_pin_record *record,
    char temporary[WI_ID_SIZE], struct wi_error *error);
/* Makes it the pin of that model, in the place of the one that is there. As wi_pin_remove and
 * wi_pin_drop it changes a folder and does not wait for the disk: wi_pins_sync does. */
enum wi_code wi_pin_commit(
    const char *directory, const char *model, const char *temporary, struct wi_error *error);
enum wi_code wi_pin_remove(const char *directory, const char *model, struct wi_error *error);
void wi_pin_drop(const char *directory, const char *temporary);
/* Brings the folder of pins to disk. */
void wi_pins_sync(const char *directory);
/* Removes what was being written when somebody was killed. */
void wi_pins_sweep(const char *directory);

#endif
