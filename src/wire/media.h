/*
 * Pictures and sounds as inputs: the bytes of a file, or a slice of a body, become the only tensor
 * of a request, whatever its dialect or content type.
 */
#ifndef WI_WIRE_MEDIA_H
#define WI_WIRE_MEDIA_H

#include "wire/infer.h"
#include "wire/sound.h"

/* Makes `size` bytes of `blob` from `at` on the picture or the sound of `infer`, which has no
 * inputs yet; it takes a reference to the blob. `field` precedes "audio" in errors: "inputs.".
 * WI_OK, or as wi_picture_sniff and wi_sound_sniff. */
enum wi_code wi_media_take_picture(
    struct wi_infer *infer, struct wi_blob *blob, size_t at, size_t size, struct wi_error *error);
/* Likewise for one of several pictures, as a tensor of that name; `*form` becomes its description
 * for nodes, and the largest is the picture of `infer`. */
enum wi_code wi_media_add_picture(struct wi_infer *infer, const char *name, struct wi_blob *blob,
    json_t **form, struct wi_error *error);
/* `sound` has the known properties and receives the others. */
enum wi_code wi_media_take_sound(struct wi_infer *infer, struct wi_blob *blob, size_t at,
    size_t size, struct wi_sound *sound, const char *field, struct wi_error *error);

#endif
