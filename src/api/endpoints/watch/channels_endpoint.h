/* The subscribers of channels over HTTP: GET /v1/channels. */
#ifndef WI_API_ENDPOINTS_WATCH_CHANNELS_ENDPOINT_H
#define WI_API_ENDPOINTS_WATCH_CHANNELS_ENDPOINT_H

#include "api/http/request.h"
#include "channels/channels.h"

struct wi_api_channels;
struct wi_api_channels *wi_api_channels_new(struct wi_api *api);
/* Those that it subscribes to, borrowed. */
struct wi_channels *wi_api_channels_of(const struct wi_api_channels *channels);
/* Ends all streams: a client that has taken everything gets the end of its stream, any other is cut
 * off. */
void wi_api_channels_end(struct wi_api_channels *channels);
/* When no request is left; NULL is fine. */
void wi_api_channels_free(struct wi_api_channels *channels);

#endif
