/*
 * Pictures and sounds as inputs: the bytes of a file, or a slice of a body, become the one tensor
 * of a request, whichever dialect or content type they came in.
 */
#ifndef WI_WIRE_MEDIA_H
#define WI_WIRE_MEDIA_H

#include "wire/infer.h"
#include "wire/sound.h"

/* Makes `size` bytes of `blob` from `at` on the picture or the sound of `infer`, which has no
 * inputs yet; of the blob a reference is taken. `field` stands before "audio" in
 * errors: "inputs.". WI_OK, or as wi_picture_sniff and wi_sound_sniff. */
enum wi_code wi_media_take_picture(
    struct wi_infer *infer, struct wi_blob *blob, size_t at, size_t size, struct wi_error *error);
/* Likewise one of several pictures, a tensor of that name; `*form` becomes what nodes are told of
 * it, and the largest is the picture of `infer`. */
enum wi_code wi_media_add_picture(struct wi_infer *infer, const char *name, struct wi_blob *blob,
    json_t **form, struct wi_error *error);
/* `sound` says what is known of it and receives the rest. */
enum wi_code wi_media_take_sound(struct wi_infer *infer, struct wi_blob *blob, size_t at,
    size_t size, struct wi_sound *sound, const char *field, struct wi_error *error);

#endif
