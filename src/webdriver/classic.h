/* WebDriver, the classic dialect (https://www.w3.org/TR/webdriver2/) over HTTP. */
#ifndef WI_WEBDRIVER_CLASSIC_H
#define WI_WEBDRIVER_CLASSIC_H

#include "base/http_client.h"
#include "webdriver/driver.h"

/* The driver at `url`, e.g. "http://127.0.0.1:9515". */
struct wi_driver *wi_classic_new(struct wi_http *http, uv_loop_t *loop, const char *url);

#endif
