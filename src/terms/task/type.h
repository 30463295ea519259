/* The six model types, and a table of well-known families by which a model's name tells its
 * type. */
#ifndef WI_TERMS_TASK_TYPE_H
#define WI_TERMS_TASK_TYPE_H

enum wi_model_type {
    WI_TYPE_UNKNOWN, /* served, too; "model_type": null */
    WI_TYPE_TEXT_EMBEDDING,
    WI_TYPE_TEXT_GENERATION,
    WI_TYPE_TEXT2TEXT,
    WI_TYPE_VISION,
    WI_TYPE_AUDIO,
    WI_TYPE_MULTIMODAL,
    WI_TYPE_COUNT
};

/* The names on the wire in the order of the enum, without the unknown type; ended by NULL. The
 * index of a name plus 1 is its type. */
extern const char *const wi_model_type_names[];
const char *wi_model_type_name(enum wi_model_type type); /* NULL for unknown */
/* The type of the first matching family, longest name first; case and separators do not matter. */
enum wi_model_type wi_model_type_of_name(const char *model_name);

#endif
