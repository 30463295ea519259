/*
 * The console and the documentation: files that were built. They hold no data, so everybody may
 * have them; what the console shows it requests from the API, as any client does.
 */
#include "api/http/request.h"
#include "base/net/site.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a site's documents may do in a browser, and what its answers depend on. */
struct terms {
    const char *policy, *vary;
};

/* The document may load scripts and styles of its own and ask this server, and text from outside
 * cannot become markup or script (Trusted Types). */
static const struct terms console_terms = {
    .policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'",
    .vary = "Accept, Accept-Encoding"};
/* The search compiles WebAssembly, in a worker. The pages state the same policy for other servers
 * (scripts/docs/site). */
static const struct terms docs_terms = {
    .policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
              "connect-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
              "base-uri 'none'; frame-ancestors 'none'",
    .vary = "Accept-Encoding"};

/* --- a file ----------------------------------------------------------------------------------- */

/* Whether the site has the file that the request names, in the form that the client prefers. */
static int has_wanted(
    const struct wi_request *request, const struct wi_site *site, struct wi_site_file *file)
{
    char path[WI_ROUTE_ARGUMENT_MAX + 1];
    snprintf(path, sizeof path, "/%s", request->argument);
    const char *accepted =
        MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    return wi_site_find(site, path, accepted, file) == 0;
}

/* The file's bytes, or none of them where the client has them; NULL where there is no descriptor
 * for them. */
static struct MHD_Response *response_of(const struct wi_site_file *file, int is_known)
{
    if (is_known)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    int fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
    struct MHD_Response *response =
        fd >= 0 ? MHD_create_response_from_fd_at_offset64(file->size, fd, file->at) : NULL;
    if (!response && fd >= 0)
        close(fd);
    return response;
}

static void answer_file(
    struct wi_request *request, const struct wi_site_file *file, const struct terms *terms)
{
    int is_known = wi_request_knows(request, file->etag);
    struct MHD_Response *response = response_of(file, is_known);
    if (!response) {
        wi_request_answer_refusal(
            request, WI_UNAVAILABLE, NULL, "the file cannot be read now; try again later");
        return;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, file->cache);
    wi_request_answer_response(
        request, is_known ? 304 : 200, file->type, response, is_known ? 0 : file->size);
    wi_request_add_header(request, MHD_HTTP_HEADER_ETAG, file->etag);
    if (file->coding)
        wi_request_add_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING, file->coding);
    wi_request_add_header(request, MHD_HTTP_HEADER_VARY, terms->vary);
    wi_request_add_header(request, "Content-Security-Policy", terms->policy);
    wi_request_add_header(request, "Cross-Origin-Opener-Policy", "same-origin");
    wi_request_add_header(request, "Cross-Origin-Resource-Policy", "same-origin");
    wi_request_add_header(request, "Referrer-Policy", "no-referrer");
}

/* Links in a document are relative to its only address, so they work below any path that a proxy
 * puts before it. `where` is relative too. */
static void answer_moved(struct wi_request *request, const char *where)
{
    struct wi_buffer empty = {0};
    wi_request_answer_text(request, 308, "text/plain", &empty);
    wi_request_add_header(request, MHD_HTTP_HEADER_LOCATION, where);
}

/* --- the sites -------------------------------------------------------------------------------- */

void wi_handle_console(struct wi_request *request)
{
    const struct wi_api *api = request->api;
    struct wi_site_file file;
    if (!api->console || !api->deps.config->api.console ||
        !has_wanted(request, api->console, &file))
        wi_request_answer_refusal(
            request, WI_NOT_FOUND, NULL, "the console has no file %.100s", request->argument);
    else if (strcmp(request->argument, "index.html") == 0 && strcmp(request->path, "/") != 0)
        answer_moved(request, "../");
    else
        answer_file(request, &file, &console_terms);
}

void wi_handle_docs(struct wi_request *request)
{
    const struct wi_api *api = request->api;
    struct wi_site_file file;
    if (!api->deps.config->api.console)
        wi_request_answer_refusal(
            request, WI_NOT_FOUND, NULL, "the documentation is turned off, by [api] console = no");
    else if (!api->docs)
        wi_request_answer_refusal(request, WI_NOT_FOUND, NULL,
            "the documentation was not built: run ./dev docs in the source tree, then make install "
            "if webinferd is installed, and restart webinferd");
    else if (strcmp(request->path, "/docs") == 0)
        answer_moved(request, "docs/");
    else if (!has_wanted(request, api->docs, &file))
        wi_request_answer_refusal(request, WI_NOT_FOUND, NULL,
            "the documentation has no file %.100s; GET /docs/ is its first page",
            request->argument);
    else
        answer_file(request, &file, &docs_terms);
}
