/*
 * A reference to what is to be pulled, as people write it: REPOSITORY[:VARIANT][@REVISION]. Pure.
 *
 *   REPOSITORY   ORG/NAME; on a plain hub a path of one to four such segments below its URL;
 *                ipfs://CID[/PATH], which is the same on every hub and has no REVISION
 *   VARIANT      a quantisation or dtype of it ("Q8_0", "q4f16")
 *   REVISION     a branch, a tag or a commit; on a plain hub the SHA-256 of its SHA256SUMS
 */
#ifndef WI_TERMS_MODEL_REFERENCE_H
#define WI_TERMS_MODEL_REFERENCE_H

#include "base/error.h"
#include "base/memory.h"
#include "terms/model/cid.h"

#define WI_HUB_SEGMENT_MAX 96   /* bytes of a segment of the repository */
#define WI_HUB_VARIANT_MAX 128  /* bytes of a variant */
#define WI_HUB_REVISION_MAX 128 /* bytes of a revision */

/* Zero-initialise; free with wi_hub_reference_clear. */
struct wi_hub_reference {
    char *repository;
    char *variant;  /* NULL: what suits this machine */
    char *revision; /* NULL: what the hub has now ("main") */
    /* For ipfs://, where `repository` has the CID in its printed form: */
    int is_content;
    struct wi_cid root;
    const char *path; /* below the root, a part of `repository`; "": the root itself */
};

/* What references of a hub's layout may be. */
struct wi_hub_reference_rules {
    const char *article; /* "a hub", "a plain hub" */
    /* The least and most "/"-separated names in a repository; and in words, what repositories and
     * revisions are. */
    size_t least, most;
    const char *repositories, *revisions;
    int (*is_revision)(const char *text);
};

/* Whether a name begins with a letter or a digit, and has only those and "._-", with no two dots in
 * a row. */
int wi_hub_name_ok(const char *text, size_t length, size_t most);
/* The length of REPOSITORY in `text`, or of the name before whatever follows it in the same way. */
size_t wi_hub_reference_base(const char *text);
/* WI_OK, or WI_INVALID_FIELD with the field ("model") and what is allowed; `reference` is then
 * empty. */
enum wi_code wi_hub_reference_parse(const char *text, const struct wi_hub_reference_rules *rules,
    struct wi_hub_reference *reference, struct wi_error *error);
void wi_hub_reference_clear(struct wi_hub_reference *reference);

/* Whether `text` names content, independent of a hub: it begins with ipfs://, or with ipns://,
 * which wi_hub_reference_parse_content refuses. */
int wi_hub_reference_is_content(const char *text);
/* As wi_hub_reference_parse, for a text that names content. */
enum wi_code wi_hub_reference_parse_content(
    const char *text, struct wi_hub_reference *reference, struct wi_error *error);
/* The reference to a CID alone. */
void wi_hub_reference_of_cid(const struct wi_cid *cid, struct wi_hub_reference *reference);
/* The default name of the model here; the caller frees it. The target of a path in content has a
 * CID of its own, which becomes its name once it is known: until then this is the pull's name,
 * which no model has. */
char *wi_hub_reference_name(const struct wi_hub_reference *reference);
/* The reference by which a model "ipfs/CID[:VARIANT]" is pulled; the caller frees it. NULL for any
 * other name, and for a CID that is not in its printed form: no model has such a name. */
char *wi_hub_reference_of_name(const char *name);

/* Whether [models] pull_on_demand lets a request pull that repository. */
int wi_hub_reference_on_demand(const struct wi_strings *patterns, const char *repository);

#endif
