/* What hubs mean by their answers. */
#include "hub/ask.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A token that is missing, or that is not good enough. */
static enum wi_code refuse_access(
    const struct wi_hub *hub, int status, const char *what, int gated, struct wi_error *error)
{
    if (gated)
        return wi_error_set(error, WI_HUB_UNAUTHORIZED, "model",
            "%.120s is gated: accept its terms on its page, %.120s/%.*s, and put a token of that "
            "account into the token_file of [hub.%s]",
            what, hub->url, (int)strcspn(what, "@"), what, hub->name);
    if (hub->token)
        return wi_error_set(error, WI_HUB_UNAUTHORIZED, "model",
            "hub %s refuses the token of %.200s for %.120s (%d); is it still valid, and may it "
            "read that?",
            hub->name, hub->token_file ? hub->token_file : "its token_file", what, status);
    return wi_error_set(error, WI_HUB_UNAUTHORIZED, "model",
        "hub %s does not give %.120s to everybody (%d): it is private, or is not there; check the "
        "name, or put a token into the token_file of [hub.%s]",
        hub->name, what, status, hub->name);
}

static enum wi_code fail_to_find(
    const struct wi_hub *hub, const char *reason, const char *what, struct wi_error *error)
{
    const char *missing = "";
    if (strcmp(reason, "RevisionNotFound") == 0)
        missing = ": there is no such revision";
    else if (strcmp(reason, "RepoNotFound") == 0)
        missing = ": there is no such repository";
    else if (strcmp(reason, "EntryNotFound") == 0)
        missing = ": there is no such file";
    return wi_error_set(error, WI_HUB_NOT_FOUND, "model",
        "hub %s (%.120s) does not have %.200s%s; check its name", hub->name, hub->url, what,
        missing);
}

enum wi_code wi_hub_explain(const struct wi_hub *hub, int status, const char *reason,
    const char *what, struct wi_error *error)
{
    if (!reason)
        reason = "";
    if (status == 401 || status == 403)
        return refuse_access(hub, status, what, strcmp(reason, "GatedRepo") == 0, error);
    if (status == 404 || status == 410)
        return fail_to_find(hub, reason, what, error);
    if (status == 429)
        return wi_error_set(error, WI_HUB_BUSY, "model",
            "hub %s has had enough requests for now (429); try again later%s", hub->name,
            hub->token ? "" : ", or with a token in its token_file");
    if (status >= 300 && status < 400)
        return wi_error_set(error, WI_HUB_FAILED, "model",
            "hub %s sends those who ask for %.200s elsewhere (%d), which is not followed",
            hub->name, what, status);
    return wi_error_set(
        error, WI_HUB_FAILED, "model", "hub %s answers %d for %.200s", hub->name, status, what);
}

unsigned wi_hub_retry_after(const char *header)
{
    char *end;
    long long seconds;
    if (!header)
        return 0;
    seconds = strtoll(header, &end, 10);
    if (end == header || *end != '\0') {
        time_t then = curl_getdate(header, NULL);
        seconds = then < 0 ? 0 : (long long)then - (long long)time(NULL);
    }
    if (seconds < 0)
        return 0;
    return seconds < WI_HUB_RETRY_AFTER_MAX ? (unsigned)seconds : WI_HUB_RETRY_AFTER_MAX;
}
