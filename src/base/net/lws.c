/* A libwebsockets context on the libuv loop; see lws.h. */
#include "base/net/lws.h"

#include "base/log.h"
#include "base/net/certificate.h"
#include <libwebsockets.h>
#include <string.h>

const struct lws_retry_bo wi_lws_no_watch = {.secs_since_valid_hangup = 0};

/* lws's log goes through ours, a line at a time; its "notice" chatter is our debug. */
static void on_lws_log(int level, const char *line)
{
    int length = (int)strcspn(line, "\n");
    if (level & LLL_ERR)
        wi_warn("lws", NULL, "%.*s", length, line);
    else
        wi_debug("lws", NULL, "%.*s", length, line);
}

struct lws_context *wi_lws_new(uv_loop_t *loop, struct wi_error *error)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    void *loops[1] = {loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .foreign_loops = loops,
        .pt_serv_buf_size = WI_LWS_CHUNK,
        /* For waits of lws itself: handshakes and close acknowledgements. */
        .timeout_secs = 10,
    };
    struct lws_context *context = lws_create_context(&info);
    if (context == NULL)
        wi_error_set(error, WI_UNAVAILABLE, NULL,
            "libwebsockets could not start on libuv: install the package libwebsockets-evlib-uv");
    return context;
}

struct lws_vhost *wi_lws_serve(
    struct lws_context *context, const struct wi_lws_host *host, struct wi_error *error)
{
    int tls = host->tls_certificate && *host->tls_certificate;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = host->section,
        .protocols = host->protocols,
        .keepalive_timeout = (int)host->keepalive_s,
        .retry_and_idle_policy = &wi_lws_no_watch,
    };
    if (wi_certificate_check_files(host->section, host->tls_certificate, host->tls_key, error) !=
        WI_OK)
        return NULL;
    if (tls) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = host->tls_certificate;
        info.ssl_private_key_filepath = host->tls_key;
        info.alpn = "http/1.1"; /* our answers are written for it, and WebSockets begin with it */
    }
    struct lws_vhost *vhost = lws_create_vhost(context, &info);
    if (!vhost)
        wi_error_set(error, WI_INVALID_FIELD, host->section,
            "libwebsockets could not create the host of [%s]%s", host->section,
            tls ? " with its certificate and key" : "");
    return vhost;
}

void wi_lws_begin_free(struct lws_context *context)
{
    if (context)
        lws_context_destroy(context);
}

void wi_lws_end_free(struct lws_context *context)
{
    if (context)
        lws_context_destroy(context);
}
