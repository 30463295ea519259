/* Requests to the gateway; see gateway_request.h. */
#include "nodes/bridge/http/gateway_request.h"
#include "base/net/http.h"
#include <string.h>
#include <strings.h>

/* Text that is not ended by NUL. */
struct piece {
    const char *text;
    size_t length;
};

static int piece_is(const struct piece *piece, const char *word)
{
    return piece->length == strlen(word) && strncasecmp(piece->text, word, piece->length) == 0;
}

static int is_one_of(const struct piece *piece, const char *const *words)
{
    for (; *words; words++)
        if (piece_is(piece, *words))
            return 1;
    return 0;
}

/* Takes the text before the next `mark` off the front and trims it. Returns 1, or 0 if nothing is
 * left. */
static int piece_take(struct piece *rest, char mark, struct piece *out)
{
    if (!rest->text)
        return 0;
    const char *end = memchr(rest->text, mark, rest->length);
    *out = (struct piece){rest->text, end ? (size_t)(end - rest->text) : rest->length};
    rest->length -= end ? out->length + 1 : rest->length;
    rest->text = end ? end + 1 : NULL;
    for (; out->length > 0 && *out->text == ' '; out->length--)
        out->text++;
    while (out->length > 0 && out->text[out->length - 1] == ' ')
        out->length--;
    return 1;
}

/* --- what the parameters say ------------------------------------------------------------------ */

static const char *const forms[] = {"raw", "car", NULL};
static const char *const scopes[] = {
    [WI_SCOPE_BLOCK] = "block", [WI_SCOPE_ENTITY] = "entity", [WI_SCOPE_ALL] = "all", NULL};

const char *wi_gateway_scope_name(enum wi_dag_scope scope)
{
    return scopes[scope];
}

/* Which of the names it is; -1: none of them. */
static int piece_find(const struct piece *piece, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (piece->length == strlen(names[i]) && memcmp(piece->text, names[i], piece->length) == 0)
            return i;
    return -1;
}

struct parameters {
    int form, scope; /* -1: not said */
};

static enum wi_code refuse_value(
    const char *name, const struct piece *value, const char *allowed, struct wi_error *error)
{
    return wi_error_set(error, WI_INVALID_FIELD, name, "%s=%.*s is not served: %s is", name,
        value->length < 40 ? (int)value->length : 40, value->text, allowed);
}

static enum wi_code read_parameter(const struct piece *name, const struct piece *value,
    struct parameters *out, struct wi_error *error)
{
    int is_form = piece_is(name, "format"), is_scope = piece_is(name, "dag-scope");
    if (!is_form && !is_scope)
        return wi_error_set(error, WI_INVALID_FIELD, "parameters",
            "the parameter \"%.*s\" is unknown: format=raw|car and dag-scope=block|entity|all are "
            "supported",
            name->length < 40 ? (int)name->length : 40, name->text);
    int *known = is_form ? &out->form : &out->scope;
    if (*known >= 0)
        return wi_error_set(error, WI_INVALID_FIELD, "parameters", "%s is given twice",
            is_form ? "format" : "dag-scope");
    *known = piece_find(value, is_form ? forms : scopes);
    if (*known >= 0)
        return WI_OK;
    return is_form ? refuse_value("format", value, "raw or car", error)
                   : refuse_value("dag-scope", value, "block, entity or all", error);
}

static enum wi_code read_parameters(
    const char *text, struct parameters *out, struct wi_error *error)
{
    struct piece rest = {text, strlen(text)}, parameter, name, value;
    enum wi_code code = WI_OK;
    *out = (struct parameters){-1, -1};
    while (code == WI_OK && piece_take(&rest, '&', &parameter)) {
        if (parameter.length == 0)
            continue;
        piece_take(&parameter, '=', &name);
        value = parameter.text ? parameter : (struct piece){"", 0};
        code = read_parameter(&name, &value, out, error);
    }
    return code;
}

/* --- what Accept says ------------------------------------------------------------------------- */

/* Whether a parameter of the media type of CAR allows what is sent: one that is not known might
 * not. */
static int allows_ours(const struct piece *name, const struct piece *value)
{
    static const char *const versions[] = {"1", NULL}, *const orders[] = {"dfs", "unk", NULL},
                             *const dups[] = {"y", "n", NULL};
    return (piece_is(name, "version") && is_one_of(value, versions)) ||
           (piece_is(name, "order") && is_one_of(value, orders)) ||
           (piece_is(name, "dups") && is_one_of(value, dups));
}

/* What an element of Accept is and weighs: its form, or -1 for one that is not served. */
static int read_element(struct piece element, int *weight)
{
    struct piece type, parameter, name;
    piece_take(&element, ';', &type);
    int form = piece_is(&type, WI_BLOCK_TYPE) ? 0 : piece_is(&type, WI_CAR_TYPE) ? 1 : -1;
    *weight = 1000;
    while (form >= 0 && piece_take(&element, ';', &parameter)) {
        piece_take(&parameter, '=', &name);
        if (!parameter.text)
            parameter = (struct piece){"", 0};
        if (piece_is(&name, "q"))
            *weight = wi_http_weight(parameter.text, parameter.length);
        else if (form == 1 && !allows_ours(&name, &parameter))
            form = -1;
    }
    return form;
}

/* What is liked most of what is served, the first of equals; -1: nothing. */
static int form_of_accept(const char *accept)
{
    struct piece element;
    int best = -1, most = 0, weight;
    while ((element.text = wi_http_next_element(&accept, &element.length))) {
        int form = read_element(element, &weight);
        if (form >= 0 && weight > most) {
            best = form;
            most = weight;
        }
    }
    return best;
}

/* --- both ------------------------------------------------------------------------------------- */

enum wi_code wi_gateway_request_read(const char *cid, const char *parameters, const char *accept,
    struct wi_gateway_request *request, struct wi_error *error)
{
    struct parameters said;
    *request = (struct wi_gateway_request){0};
    if (strcmp(cid, WI_CID_PROBE) == 0) {
        request->is_probe = 1;
        return WI_OK;
    }
    if (strchr(cid, '/'))
        return wi_error_set(error, WI_INVALID_FIELD, "cid",
            "a path after the CID is not supported: ask for the blocks that lead to it");
    if (wi_cid_parse(cid, "cid", &request->cid, error) != WI_OK ||
        read_parameters(parameters, &said, error) != WI_OK)
        return error->code;
    if (said.form < 0)
        said.form = form_of_accept(accept);
    if (said.form < 0)
        return wi_error_set(error, WI_INVALID_FIELD, "format",
            "choose a format: format=raw or format=car, or Accept: " WI_BLOCK_TYPE
            " or " WI_CAR_TYPE ", version 1");
    request->is_car = said.form == 1;
    request->scope = said.scope < 0 ? WI_SCOPE_ALL : (enum wi_dag_scope)said.scope;
    return WI_OK;
}
