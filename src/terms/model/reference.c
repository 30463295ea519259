/* References, taken apart from the right: "@" begins the revision, ":" the variant before it. */
#include "terms/model/reference.h"

#include "base/hash.h"
#include "terms/model_name.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IPFS "ipfs://"
#define IPNS "ipns://"

int wi_hub_name_ok(const char *text, size_t length, size_t most)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return length > 0 && length <= most && !strchr("._-", text[0]) &&
           strspn(text, letters) >= length && !memmem(text, length, "..", 2);
}

static int is_repository(const char *text, const struct wi_hub_reference_rules *rules)
{
    size_t segments = 0;
    for (;; text++) {
        size_t length = strcspn(text, "/");
        if (++segments > rules->most || !wi_hub_name_ok(text, length, WI_HUB_SEGMENT_MAX))
            return 0;
        text += length;
        if (!*text)
            return segments >= rules->least;
    }
}

static enum wi_code check_variant(const char *variant, struct wi_error *error)
{
    if (!variant || wi_hub_name_ok(variant, strlen(variant), WI_HUB_VARIANT_MAX))
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.120s\" is not a valid variant", variant);
    return wi_error_allow(error, "letters, digits, \".\", \"_\" and \"-\", such as Q8_0");
}

static enum wi_code reference_check(const struct wi_hub_reference *reference,
    const struct wi_hub_reference_rules *rules, struct wi_error *error)
{
    const char *repository = reference->repository;
    if (!is_repository(repository, rules)) {
        wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.120s\" is no repository of %s hub",
            repository, rules->article);
        return wi_error_allow(error,
            "%s, each of letters, digits, \".\", \"_\" and \"-\", at most %d", rules->repositories,
            WI_HUB_SEGMENT_MAX);
    }
    if (check_variant(reference->variant, error) != WI_OK)
        return WI_INVALID_FIELD;
    if (reference->revision && !rules->is_revision(reference->revision)) {
        wi_error_set(error, WI_INVALID_FIELD, "model",
            "\"%.120s\" is not a valid revision of %s hub", reference->revision, rules->article);
        return wi_error_allow(error, "%s", rules->revisions);
    }
    return WI_OK;
}

/* What ":VARIANT" names; NULL where it is empty, or means the preferred one. */
static char *variant_of(const char *text, size_t size)
{
    if (size == 0 || (size == sizeof WI_VARIANT_LATEST &&
                         strncasecmp(text + 1, WI_VARIANT_LATEST, size - 1) == 0))
        return NULL;
    return wi_strndup(text + 1, size - 1);
}

size_t wi_hub_reference_base(const char *text)
{
    return strcspn(text, ":@");
}

enum wi_code wi_hub_reference_parse(const char *text, const struct wi_hub_reference_rules *rules,
    struct wi_hub_reference *reference, struct wi_error *error)
{
    size_t whole = strlen(text), before = strcspn(text, "@");
    size_t repository = wi_hub_reference_base(text);
    *reference = (struct wi_hub_reference){.repository = wi_strndup(text, repository)};
    reference->variant = variant_of(text + repository, before - repository);
    if (before < whole)
        reference->revision = wi_strdup(text + before + 1);
    enum wi_code code = reference_check(reference, rules, error);
    if (code != WI_OK)
        wi_hub_reference_clear(reference);
    return code;
}

/* --- names ------------------------------------------------------------------------------------ */

/* Of a plain hub's repository the last two segments. */
static const char *repository_name(const char *repository)
{
    const char *at = repository + strlen(repository);
    for (int slashes = 0; at > repository; at--)
        if (at[-1] == '/' && ++slashes == 2)
            break;
    return at;
}

char *wi_hub_reference_name(const struct wi_hub_reference *reference)
{
    char cid[WI_CID_TEXT], hex[WI_HASH_HEX_SIZE];
    unsigned char hash[WI_HASH_SIZE];
    if (!reference->is_content)
        return wi_strdup(repository_name(reference->repository));
    wi_cid_print(&reference->root, cid);
    if (!*reference->path)
        return wi_sprintf(WI_NAME_CONTENT "%s", cid);
    wi_hash(reference->path, strlen(reference->path), hash);
    wi_hash_hex(hash, hex);
    return wi_sprintf(WI_NAME_CONTENT "%s-%.8s", cid, hex);
}

/* --- content ---------------------------------------------------------------------------------- */

static int text_begins(const char *text, const char *scheme)
{
    return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

int wi_hub_reference_is_content(const char *text)
{
    return text_begins(text, IPFS) || text_begins(text, IPNS);
}

/* Names with "/" between them, none of which leads up or stays where it is. */
static int is_path(const char *text)
{
    for (;; text++) {
        size_t length = strcspn(text, "/");
        if (length == 0 || (length <= 2 && strncmp(text, "..", length) == 0))
            return 0;
        for (size_t i = 0; i < length; i++)
            if (iscntrl((unsigned char)text[i]))
                return 0;
        text += length;
        if (!*text)
            return 1;
    }
}

static enum wi_code reference_refuse(const char *text, const char *problem, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.160s\": %s", text, problem);
    return wi_error_allow(error, "ipfs://CID, ipfs://CID/PATH, and perhaps :VARIANT behind either");
}

static enum wi_code root_read(
    const char *text, size_t size, struct wi_cid *root, struct wi_error *error)
{
    char *cid = wi_strndup(text, size);
    enum wi_code code = wi_cid_parse(cid, "model", root, error);
    free(cid);
    return code;
}

/* `rest` is what follows ipfs://. */
static enum wi_code reference_read_content(
    const char *text, const char *rest, struct wi_hub_reference *reference, struct wi_error *error)
{
    size_t cid = strcspn(rest, "/:@"), whole = wi_hub_reference_base(rest);
    char printed[WI_CID_TEXT];
    if (strchr(rest, '@'))
        return reference_refuse(
            text, "a CID is one revision alone, so nothing may follow \"@\"", error);
    if (root_read(rest, cid, &reference->root, error) != WI_OK)
        return WI_INVALID_FIELD;
    wi_cid_print(&reference->root, printed);
    size_t ends_by_slash = cid + 1 == whole; /* that is the root, too */
    reference->repository =
        wi_sprintf(IPFS "%s%.*s", printed, (int)(whole - cid - ends_by_slash), rest + cid);
    reference->path = reference->repository + strlen(IPFS) + strlen(printed);
    reference->path += *reference->path == '/';
    reference->variant = variant_of(rest + whole, strlen(rest + whole));
    if (*reference->path && !is_path(reference->path))
        return reference_refuse(text, "what follows the CID is no path inside it", error);
    return check_variant(reference->variant, error);
}

enum wi_code wi_hub_reference_parse_content(
    const char *text, struct wi_hub_reference *reference, struct wi_error *error)
{
    *reference = (struct wi_hub_reference){.is_content = 1};
    enum wi_code code =
        text_begins(text, IPFS)
            ? reference_read_content(text, text + sizeof IPFS - 1, reference, error)
            : reference_refuse(text,
                  "the target of an IPNS name may change, so IPNS names are not resolved; give "
                  "the CID of the current target",
                  error);
    if (code != WI_OK)
        wi_hub_reference_clear(reference);
    return code;
}

void wi_hub_reference_of_cid(const struct wi_cid *cid, struct wi_hub_reference *reference)
{
    char printed[WI_CID_TEXT];
    wi_cid_print(cid, printed);
    *reference = (struct wi_hub_reference){
        .is_content = 1, .root = *cid, .repository = wi_sprintf(IPFS "%s", printed)};
    reference->path = reference->repository + strlen(reference->repository);
}

char *wi_hub_reference_of_name(const char *name)
{
    struct wi_cid cid;
    const char *text = name + sizeof WI_NAME_CONTENT - 1;
    char *base = wi_name_is_content(name) ? wi_model_name_without(text) : NULL;
    int is_cid = base && wi_cid_parse_printed(base, &cid) == 0;
    free(base);
    return is_cid ? wi_sprintf(IPFS "%s", text) : NULL;
}

/* ---------------------------------------------------------------------------------------------- */

void wi_hub_reference_clear(struct wi_hub_reference *reference)
{
    free(reference->repository);
    free(reference->variant);
    free(reference->revision);
    *reference = (struct wi_hub_reference){0};
}

int wi_hub_reference_on_demand(const struct wi_strings *patterns, const char *repository)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const char *pattern = patterns->items[i];
        size_t length = strlen(pattern);
        if (!strchr(pattern, '/')) /* "no" */
            continue;
        if (strcmp(pattern, repository) == 0)
            return 1;
        if (length > 2 && strcmp(pattern + length - 2, "/*") == 0 &&
            strncmp(pattern, repository, length - 1) == 0)
            return 1;
    }
    return 0;
}
