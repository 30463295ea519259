/* What computes inside a node. */
#ifndef WI_MODEL_PLATFORM_H
#define WI_MODEL_PLATFORM_H

/* WI_NATIVE is what a program computes with that is no browser. WI_SIMULATED computes nothing: only
 * nodes that say so have it, they have nothing else, and only what asks for it by name gets it. */
enum wi_platform {
    WI_WEBGPU,
    WI_WEBNN,
    WI_WEBGL,
    WI_WASM,
    WI_NATIVE,
    WI_SIMULATED,
    WI_PLATFORM_COUNT
};
extern const char *const wi_platform_names[]; /* "webgpu" …, ended by NULL */
/* The platform of that name; -1 if there is none, or `name` is NULL. */
int wi_platform_of_name(const char *name);

#endif
