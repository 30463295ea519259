/*
 * The model that is published under a name, with the metadata of its files: in memory, and as JSON
 * in D/.content/pins/HEX, where HEX is the SHA-256 of the name, so that a name has one pin and a
 * rename replaces it. Files that are read are not trusted. Functions block unless they say
 * otherwise.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_PIN_H
#define WI_MODELS_SHARE_BLOCKSTORE_PIN_H

#include "base/secret.h"
#include "models/share/blockstore/blockstore.h"

#define WI_PIN_MAX (1024 * 1024) /* bytes of the JSON */
#define WI_PINS_MAX 10000        /* the most that are read */

/* Fills a pin, which is cleared with wi_pin_clear, with the files and the name of the model,
 * without CIDs, origin and time. Does not block. */
void wi_pin_of(struct wi_pin *pin, const struct wi_model *model);
void wi_pin_copy(struct wi_pin *to, const struct wi_pin *from);
void wi_pin_clear(struct wi_pin *pin);
/* The folder of its files; the caller frees it. Does not block. */
char *wi_pin_folder(const struct wi_pin *pin, const char *directory);

/* Does not block. The caller frees the text. Public for tests. */
char *wi_pin_print(const struct wi_pin *pin);
/* Fills an empty pin. 0, or -1 if the text is malformed; the pin is still empty then. Does not
 * block. Public for tests. */
int wi_pin_parse(const char *text, size_t size, struct wi_pin *pin);

/* Calls `take` with each pin of the store; the callee owns it then. Files that are no pins are
 * logged. */
typedef void wi_pin_take_fn(void *context, struct wi_pin *pin);
void wi_pins_read(const char *directory, wi_pin_take_fn *take, void *context);
/* Writes the pin to disk under a temporary name. WI_OK, WI_NO_ROOM, WI_STORAGE_FAILED or
 * WI_UNAVAILABLE. */
enum wi_code wi_pin_stage(const char *directory, const struct wi_pin *pin,
    char temporary[WI_ID_SIZE], struct wi_error *error);
/* Makes it the pin of that model, replacing any earlier one; with `temporary` NULL, the model has
 * no pin from then on. Like wi_pin_drop, it changes a folder and does not wait for the disk:
 * wi_pins_sync does. */
enum wi_code wi_pin_commit(
    const char *directory, const char *model, const char *temporary, struct wi_error *error);
void wi_pin_drop(const char *directory, const char *temporary);
/* Syncs the folder of pins to disk. */
void wi_pins_sync(const char *directory);
/* Removes temporary files left by a process that was killed. */
void wi_pins_sweep(const char *directory);

#endif
