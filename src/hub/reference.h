/*
 * What is to be pulled, as people write it: REPOSITORY[:VARIANT][@REVISION]. Pure.
 *
 *   REPOSITORY   ORG/NAME; on a plain hub a path of one to four such segments below its URL
 *   VARIANT      a quantisation or dtype of it ("Q8_0", "q4f16")
 *   REVISION     a branch, a tag or a commit; on a plain hub the SHA-256 of its SHA256SUMS
 */
#ifndef WI_HUB_REFERENCE_H
#define WI_HUB_REFERENCE_H

#include "base/error.h"
#include "base/memory.h"
#include "config/config.h"

#define WI_HUB_SEGMENT_MAX 96   /* bytes of a segment of the repository */
#define WI_HUB_VARIANT_MAX 128  /* bytes of a variant */
#define WI_HUB_REVISION_MAX 128 /* bytes of a revision */

/* Zero-initialise; free with wi_hub_reference_clear. */
struct wi_hub_reference {
    char *repository;
    char *variant;  /* NULL: what suits this machine */
    char *revision; /* NULL: what the hub has now ("main") */
};

/* WI_OK, or WI_INVALID_FIELD with the field ("model") and what is allowed; then it is empty. */
enum wi_code wi_hub_reference_parse(const char *text, enum wi_hub_kind layout,
    struct wi_hub_reference *reference, struct wi_error *error);
void wi_hub_reference_clear(struct wi_hub_reference *reference);

/* Whether [models] pull_on_demand lets a request pull that repository. */
int wi_hub_reference_on_demand(const struct wi_strings *patterns, const char *repository);

#endif
