/*
 * What is to be pulled, as people write it: REPOSITORY[:VARIANT][@REVISION]. Pure.
 *
 *   REPOSITORY   ORG/NAME; on a plain hub a path of one to four such segments below its URL;
 *                ipfs://CID[/PATH], which is the same on every hub, and has no REVISION
 *   VARIANT      a quantisation or dtype of it ("Q8_0", "q4f16")
 *   REVISION     a branch, a tag or a commit; on a plain hub the SHA-256 of its SHA256SUMS
 */
#ifndef WI_MODELS_ARRIVE_HUB_REFERENCE_H
#define WI_MODELS_ARRIVE_HUB_REFERENCE_H

#include "base/error.h"
#include "base/memory.h"
#include "models/share/content/cid.h"
#include "settings/config/config.h"

#define WI_HUB_SEGMENT_MAX 96   /* bytes of a segment of the repository */
#define WI_HUB_VARIANT_MAX 128  /* bytes of a variant */
#define WI_HUB_REVISION_MAX 128 /* bytes of a revision */

/* Zero-initialise; free with wi_hub_reference_clear. */
struct wi_hub_reference {
    char *repository;
    char *variant;  /* NULL: what suits this machine */
    char *revision; /* NULL: what the hub has now ("main") */
    /* Of ipfs://, where `repository` has the CID as it is printed: */
    int is_content;
    struct wi_cid root;
    const char *path; /* below the root, a part of `repository`; "": the root itself */
};

/* The bytes of REPOSITORY in `text`, or of a name in front of what follows it likewise. */
size_t wi_hub_reference_base(const char *text);
/* WI_OK, or WI_INVALID_FIELD with the field ("model") and what is allowed; then it is empty. */
enum wi_code wi_hub_reference_parse(const char *text, enum wi_hub_kind layout,
    struct wi_hub_reference *reference, struct wi_error *error);
void wi_hub_reference_copy(struct wi_hub_reference *to, const struct wi_hub_reference *from);
void wi_hub_reference_clear(struct wi_hub_reference *reference);

/* Whether `text` names content, wherever it is: it begins with ipfs://, or with ipns://, which
 * wi_hub_reference_parse_content refuses. */
int wi_hub_reference_is_content(const char *text);
/* The same as wi_hub_reference_parse for what names content. */
enum wi_code wi_hub_reference_parse_content(
    const char *text, struct wi_hub_reference *reference, struct wi_error *error);
/* The same of a CID alone. */
void wi_hub_reference_of_cid(const struct wi_cid *cid, struct wi_hub_reference *reference);
/* What it is called here unless somebody says otherwise; the caller frees it. What a path in
 * content leads to has a CID of its own, and is called by that once it is known: until then this is
 * the pull's name, which no model has. */
char *wi_hub_reference_name(const struct wi_hub_reference *reference);
/* What a model "ipfs/CID[:VARIANT]" is pulled as; the caller frees it. NULL for any other name, and
 * for one whose CID is not as it is printed: no model is called so. */
char *wi_hub_reference_of_name(const char *name);

/* Whether [models] pull_on_demand lets a request pull that repository. */
int wi_hub_reference_on_demand(const struct wi_strings *patterns, const char *repository);

#endif
